import type { Mount } from "../../dockerfile/types.ts";
import { BoxwrightError } from "../../errors/index.ts";
import { applyLayer, emptySnapshot, walk } from "../../filesystem/index.ts";
import type { DraftChange, Snapshot, TreeDraft } from "../../filesystem/types.ts";
import { lock } from "../../store/index.ts";
import { parseLayerReference } from "../layers.ts";
import type { Session } from "../session.ts";
import { type LayerReference, treeKey } from "../state.ts";

/** A directory that outlives the build: what RUN --mount=type=cache sees. */
export interface CacheMount {
  readonly id: string;
  readonly snapshot: Snapshot;
  /** Keeps what a step changed in it, on top of what others have kept meanwhile. */
  save(draft: TreeDraft): Promise<void>;
}

const recordKind = "cache-mount";

/** Changes are kept as layers; once there are this many, they are written together as one. */
const layerLimit = 8;

/** Opens the cache that is kept under a key (of {@link CacheSlots}); `initial` is what a new one begins with. */
export async function openCacheMount(
  session: Session,
  recordKey: string,
  id: string,
  mount: Mount,
  initial: () => Promise<Snapshot | undefined>,
): Promise<CacheMount> {
  const layers = await readLayers(session, recordKey);
  const snapshot =
    layers.length === 0
      ? ((await initial()) ?? emptyCache(session, mount))
      : await layered(session, emptySnapshot(), layers);
  return {
    id,
    snapshot,
    async save(draft) {
      if (draft.changes.length === 0) return;
      const changed = await session.layers.save(await session.writeDraft(draft));
      const guard = await lock(session.store.directory, `${recordKey}.save`, session.signal);
      try {
        const current = await readLayers(session, recordKey);
        const kept = await added(session, { opened: layers, snapshot, current, changed });
        await session.store.writeRecord(recordKind, recordKey, { id, layers: kept });
      } finally {
        await guard.release();
      }
    },
  };
}

/** The layers of a cache once `changed` is added: to what is kept now, though it was made on what was opened. */
async function added(
  session: Session,
  {
    opened,
    snapshot,
    current,
    changed,
  }: {
    readonly opened: readonly LayerReference[];
    readonly snapshot: Snapshot;
    readonly current: readonly LayerReference[];
    readonly changed: LayerReference;
  },
): Promise<readonly LayerReference[]> {
  const isSame = treeKey(current) === treeKey(opened);
  if (isSame && opened.length > 0 && opened.length < layerLimit) return [...opened, changed];
  if (!isSame && current.length > 0) {
    try {
      const below = await layered(session, emptySnapshot(), current);
      return [await flatten(session, below, changed)];
    } catch (error) {
      // The two do not go together, such as a file in a directory that the other removed: the later one counts.
      if (!(error instanceof BoxwrightError)) throw error;
    }
  }
  return [await flatten(session, snapshot, changed)];
}

async function layered(
  session: Session,
  below: Snapshot,
  layers: readonly LayerReference[],
): Promise<Snapshot> {
  let snapshot = below;
  for (const reference of layers) {
    snapshot = applyLayer(snapshot, (await session.layers.load(reference)).changes);
  }
  return snapshot;
}

async function readLayers(session: Session, key: string): Promise<readonly LayerReference[]> {
  const record = await session.store.readRecord(recordKind, key);
  if (typeof record !== "object" || record === null || !("layers" in record)) return [];
  const references = Array.isArray(record.layers) ? record.layers.map(parseLayerReference) : [];
  const layers = references.filter((each) => each !== undefined);
  const present = await Promise.all(layers.map((layer) => session.layers.has(layer)));
  // A cache may be emptied at any time: one that is not whole is a new one.
  return layers.length === references.length && present.every(Boolean) ? layers : [];
}

function emptyCache(session: Session, mount: Mount): Snapshot {
  const attributes = {
    mode: mount.mode ?? 0o755,
    uid: mount.uid ?? 0,
    gid: mount.gid ?? 0,
    mtime: session.epoch,
    xattrs: {},
  };
  return { inodes: new Map([[1, { kind: "directory", attributes, entries: new Map() }]]) };
}

/** The whole tree as one layer. */
async function flatten(session: Session, below: Snapshot, top: LayerReference): Promise<LayerReference> {
  const snapshot = await layered(session, below, [top]);
  const changes: DraftChange[] = [];
  const names = new Map<number, string>();
  for (const { path, number, inode } of walk(snapshot)) {
    const target = names.get(number);
    if (inode.kind === "directory") changes.push({ kind: "directory", path, attributes: inode.attributes });
    else if (target !== undefined) changes.push({ kind: "hard-link", path, target });
    else changes.push({ kind: "leaf", path, inode });
    names.set(number, path);
  }
  return session.layers.save(await session.writeDraft({ changes }));
}
