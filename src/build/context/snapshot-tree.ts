import type { IgnoreMatcher } from "../../filesystem/index.ts";
import type { Attributes, Inode, Snapshot, Timestamp } from "../../filesystem/types.ts";
import { joinPath, type SourceNode, type SourceTree } from "./source-tree.ts";

/** A snapshot (of a stage, an image, an unpacked context) as a source of files. */
export function createSnapshotTree(
  snapshot: Snapshot,
  options: {
    /** What .dockerignore leaves out. */
    readonly ignore?: IgnoreMatcher | undefined;
    /** The time that files get; undefined keeps their own. */
    readonly time?: Timestamp | undefined;
  } = {},
): SourceTree {
  const { ignore, time } = options;
  const root = 1;
  const linkCounts = countLinks(snapshot);

  function inodeAt(path: string): { readonly number: number; readonly inode: Inode } | undefined {
    let number = root;
    for (const name of path === "" ? [] : path.split("/")) {
      const inode = snapshot.inodes.get(number);
      const next = inode?.kind === "directory" ? inode.entries.get(name) : undefined;
      if (next === undefined) return undefined;
      number = next;
    }
    const inode = snapshot.inodes.get(number);
    return inode === undefined ? undefined : { number, inode };
  }

  function isVisible(path: string, inode: Inode): boolean {
    if (path === "" || ignore === undefined || !ignore.ignores(path)) return true;
    return inode.kind === "directory" && !ignore.canSkip(path) && names(path).length > 0;
  }

  function node(path: string): SourceNode | undefined {
    const found = inodeAt(path);
    if (found === undefined || !isVisible(path, found.inode)) return undefined;
    const { inode, number } = found;
    const attributes: Attributes =
      time === undefined ? inode.attributes : { ...inode.attributes, mtime: time };
    if (inode.kind === "directory") return { kind: "directory", attributes };
    if (inode.kind === "symlink") return { kind: "symlink", attributes, target: inode.target };
    if (inode.kind !== "file") return { kind: "special", attributes };
    return {
      kind: "file",
      attributes,
      content: { kind: "stored", content: inode.content },
      sameAs: (linkCounts.get(number) ?? 0) > 1 ? String(number) : undefined,
    };
  }

  function names(directory: string): readonly string[] {
    const inode = inodeAt(directory)?.inode;
    if (inode?.kind !== "directory") return [];
    const all = [...inode.entries.keys()].sort();
    return ignore === undefined ? all : all.filter((name) => node(joinPath(directory, name)) !== undefined);
  }

  return { node, names, isIgnored: (path) => ignore?.ignores(path) === true };
}

function countLinks(snapshot: Snapshot): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const inode of snapshot.inodes.values()) {
    if (inode.kind !== "directory") continue;
    for (const number of inode.entries.values()) counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return counts;
}
