import { FilesystemError } from "../errno.ts";
import type { Attributes, InodeNumber, WorkingTree } from "../types.ts";

type Operations = Omit<
  WorkingTree,
  "readFile" | "writeFile" | "makeDirectories" | "removeRecursively" | "mount" | "unmount" | "changes"
>;

export function readFile(tree: Operations, path: string): Uint8Array {
  const inode = tree.resolve(path);
  const { kind, size } = tree.stat(inode);
  if (kind !== "file") throw new FilesystemError(kind === "directory" ? "EISDIR" : "EINVAL", path);
  const bytes = new Uint8Array(size);
  tree.read(inode, 0, bytes);
  return bytes;
}

export function writeFile(
  tree: Operations,
  path: string,
  bytes: Uint8Array,
  attributes: Partial<Attributes>,
): InodeNumber {
  const place = tree.resolveParent(path);
  if (place.trailingSlash) throw new FilesystemError("EISDIR", path);
  const inode = place.existing ?? tree.create(place.parent, place.name, { kind: "file", attributes });
  tree.truncate(inode, 0);
  tree.write(inode, 0, bytes);
  tree.setAttributes(inode, attributes);
  return inode;
}

/** `mkdir -p`: what is missing is created; what is there (also through symbolic links) is left as it is. */
export function makeDirectories(
  tree: Operations,
  path: string,
  attributes: Partial<Attributes>,
): InodeNumber {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  let at = tree.resolve("/");
  for (const [i, name] of parts.entries()) {
    const place = name === ".." ? undefined : tree.resolveParent(name, { base: at });
    if (place === undefined || place.existing !== undefined) {
      at = tree.resolve(name, { base: at });
      if (tree.stat(at).kind !== "directory") throw new FilesystemError("ENOTDIR", path);
      continue;
    }
    const isLast = i === parts.length - 1;
    at = tree.create(place.parent, place.name, { kind: "directory", attributes: isLast ? attributes : {} });
  }
  return at;
}

/** `rm -rf`: nothing happens where there is nothing. */
export function removeRecursively(tree: Operations, path: string): void {
  let place: ReturnType<Operations["resolveParent"]>;
  try {
    place = tree.resolveParent(path, { followLast: false });
  } catch (error) {
    if (error instanceof FilesystemError && error.errno === "ENOENT") return;
    throw error;
  }
  if (place.existing === undefined) return;
  remove(tree, place.parent, place.name, place.existing);
}

function remove(tree: Operations, parent: InodeNumber, name: string, inode: InodeNumber): void {
  if (tree.stat(inode).kind !== "directory") {
    tree.unlink(parent, name);
    return;
  }
  for (const entry of tree.readDirectory(inode)) remove(tree, inode, entry.name, entry.inode);
  tree.removeDirectory(parent, name);
}
