import { createHash } from "node:crypto";
import { applyLayer, createWorkingTree, emptySnapshot } from "../../filesystem/index.ts";
import type { Snapshot } from "../../filesystem/types.ts";
import { cleanPath, type SourceTree } from "../context/source-tree.ts";
import { selectSource } from "../copy/select.ts";
import { contentKey, layerOf } from "../copy/work.ts";
import type { Session } from "../session.ts";
import { keyOf } from "../state.ts";

export interface ImportedTree {
  /** Names the contents. */
  readonly key: string;
  /** Its root is the directory, or the file, that was asked for. */
  readonly snapshot: Snapshot;
}

/** The place where a single file lies in an imported snapshot, before it becomes the root. */
const loneFile = "file";

/**
 * What lies at a path of a source, as a snapshot of its own whose contents are in the store. Kept as a step, so
 * that the same contents are not brought in again.
 */
export async function importTree(session: Session, tree: SourceTree, path: string): Promise<ImportedTree> {
  const [selection] = selectSource(tree, path.replace(/[\\*?[]/g, "\\$&"), { exclude: [], parents: false });
  const entries = selection?.entries ?? [];
  const work = [
    { kind: "selection", selection: { name: loneFile, parents: "", sourcePath: path, entries } },
  ] as const;
  const key = keyOf(["mount", await contentKey(session, work), session.epoch.seconds]);
  const outcome = await session.steps.resolve(key, async () => {
    const empty = createWorkingTree(emptySnapshot(), session.store, { now: () => session.epoch });
    return layerOf(session, empty, work, {
      destination: "/",
      owner: undefined,
      mode: undefined,
      parents: false,
    });
  });
  if (outcome.layer === undefined) return { key, snapshot: emptySnapshot() };
  const { changes } = await session.layers.load(outcome.layer);
  const snapshot = applyLayer(emptySnapshot(), changes);
  const isFile = entries[0]?.node.kind === "file";
  return { key, snapshot: isFile ? rooted(snapshot, loneFile) : snapshot };
}

/** The snapshot whose root is the entry of that name in the old root. */
function rooted(snapshot: Snapshot, name: string): Snapshot {
  const root = snapshot.inodes.get(1);
  const number = root?.kind === "directory" ? root.entries.get(name) : undefined;
  const inode = number === undefined ? undefined : snapshot.inodes.get(number);
  return inode === undefined ? snapshot : { inodes: new Map([[1, inode]]) };
}

/** Names a cache mount in records. */
export const cacheMountKey = (id: string): string =>
  createHash("sha256")
    .update(id.startsWith("/") ? `/${cleanPath(id)}` : id)
    .digest("hex");
