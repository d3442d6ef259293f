import type { Mount } from "../../dockerfile/types.ts";
import { applyLayer, emptySnapshot, walk } from "../../filesystem/index.ts";
import type { DraftChange, Snapshot, TreeDraft } from "../../filesystem/types.ts";
import { parseLayerReference } from "../layers.ts";
import type { Session } from "../session.ts";
import type { LayerReference } from "../state.ts";
import { cacheMountKey } from "./mounted-tree.ts";

/** A directory that outlives the build: what RUN --mount=type=cache sees. */
export interface CacheMount {
  readonly id: string;
  readonly snapshot: Snapshot;
  /** Keeps what a step left in it. Of two builds that end at the same time the later one counts. */
  save(draft: TreeDraft): Promise<void>;
}

const recordKind = "cache-mount";

/** Changes are kept as layers; once there are this many, they are written together as one. */
const layerLimit = 8;

/** Caches of one id are used by one step at a time where they are "locked". */
export async function openCacheMount(
  session: Session,
  id: string,
  mount: Mount,
  initial: () => Promise<Snapshot | undefined>,
): Promise<CacheMount> {
  const recordKey = cacheMountKey(id);
  const layers = mount.sharing === "private" ? [] : await readLayers(session, recordKey);
  const base = layers.length === 0 ? ((await initial()) ?? emptyCache(session, mount)) : emptySnapshot();
  let snapshot = base;
  for (const reference of layers) {
    snapshot = applyLayer(snapshot, (await session.layers.load(reference)).changes);
  }
  return {
    id,
    snapshot,
    async save(draft) {
      if (draft.changes.length === 0) return;
      const startsAnew = layers.length === 0 || layers.length >= layerLimit;
      const changed = await session.layers.save(await session.writeDraft(draft));
      const kept = startsAnew ? [await flatten(session, snapshot, changed)] : [...layers, changed];
      await session.store.writeRecord(recordKind, recordKey, { id, layers: kept });
    },
  };
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
  const snapshot = applyLayer(below, (await session.layers.load(top)).changes);
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
