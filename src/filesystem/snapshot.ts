import { rootUserDirectory } from "./attributes.ts";
import { FilesystemError } from "./errno.ts";
import { compareNames } from "./order.ts";
import type { Inode, InodeNumber, Snapshot } from "./types.ts";

export const rootNumber: InodeNumber = 1;

/** Linux: MAXSYMLINKS (include/linux/namei.h). */
const linkLimit = 40;

/** Only a root directory: `scratch`. */
export function emptySnapshot(): Snapshot {
  return {
    inodes: new Map([[rootNumber, { kind: "directory", attributes: rootUserDirectory, entries: new Map() }]]),
  };
}

export interface Place {
  /** Normalised, relative to the root, without symbolic links on the way; the root is "". */
  readonly path: string;
  readonly number: InodeNumber;
  readonly inode: Inode;
}

/** What to do about a missing directory on the way: its inode once it is created, or undefined to stop. */
export type OnMissing = (parent: InodeNumber, name: string) => InodeNumber | undefined;

/**
 * Walks a path as if the snapshot's root were "/": symbolic links and ".." never leave it. Undefined where
 * there is nothing; throws a FilesystemError (ELOOP) after 40 links.
 */
export function walkPath(
  inodes: ReadonlyMap<InodeNumber, Inode>,
  path: string,
  options: { readonly followLast: boolean; readonly onMissing?: OnMissing },
): Place | undefined {
  const pending = path.split("/").reverse();
  const numbers: InodeNumber[] = [rootNumber];
  const names: string[] = [];
  let links = 0;
  for (;;) {
    const number = numbers.at(-1) ?? rootNumber;
    const inode = inodes.get(number);
    if (inode === undefined) return undefined;
    const name = pending.pop();
    if (name === undefined) return { path: names.join("/"), number, inode };
    if (inode.kind !== "directory") return undefined;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (names.pop() !== undefined) numbers.pop();
      continue;
    }
    const child = inode.entries.get(name) ?? options.onMissing?.(number, name);
    const found = child === undefined ? undefined : inodes.get(child);
    if (child === undefined || found === undefined) return undefined;
    if (found.kind === "symlink" && (options.followLast || pending.length > 0)) {
      if (++links > linkLimit) throw new FilesystemError("ELOOP", path);
      if (found.target.startsWith("/")) {
        numbers.length = 1;
        names.length = 0;
      }
      pending.push(...found.target.split("/").reverse());
    } else {
      numbers.push(child);
      names.push(name);
    }
  }
}

/** Finds a path (absolute or relative to the root); follows a symbolic link at its end unless told not to. */
export function lookup(
  snapshot: Snapshot,
  path: string,
  options: { readonly followLast?: boolean } = {},
): Place | undefined {
  return walkPath(snapshot.inodes, path, { followLast: options.followLast ?? true });
}

/** Every entry at and below a directory (default the root), parents first, siblings by name. */
export function* walk(snapshot: Snapshot, from = ""): Generator<Place> {
  const start = walkPath(snapshot.inodes, from, { followLast: true });
  const pending: Place[] = start === undefined ? [] : [start];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    yield place;
    if (place.inode.kind !== "directory") continue;
    const prefix = place.path === "" ? "" : `${place.path}/`;
    const names = [...place.inode.entries.keys()].sort(compareNames).reverse();
    for (const name of names) {
      const number = place.inode.entries.get(name);
      const inode = number === undefined ? undefined : snapshot.inodes.get(number);
      if (number !== undefined && inode !== undefined) pending.push({ path: prefix + name, number, inode });
    }
  }
}
