import { FilesystemError } from "../errno.ts";
import type { Attributes, FileContent, InodeNumber, Leaf, NewInode } from "../types.ts";
import { emptyContent, FileData } from "./file-data.ts";
import type { DirectoryNode, LeafNode, Node } from "./nodes.ts";
import type { TreeState } from "./state.ts";
import { completeAttributes } from "./state.ts";
import { checkName } from "./walk.ts";

const setGroupId = 0o2000;

/** The entry as it lies in the directory; throws ENOENT, and EBUSY where something is mounted on it. */
function entry(state: TreeState, parent: DirectoryNode, name: string): Node {
  if (name === "" || name === "." || name === "..") throw new FilesystemError("EINVAL", JSON.stringify(name));
  const number = parent.entries.get(name);
  if (number === undefined) throw new FilesystemError("ENOENT", name);
  if (state.mounts.has(number)) throw new FilesystemError("EBUSY", name);
  return state.walker.child(parent, name, number);
}

export function create(state: TreeState, parent: InodeNumber, name: string, what: NewInode): InodeNumber {
  const directory = state.directory(parent);
  checkName(name);
  if (directory.entries.has(name)) throw new FilesystemError("EEXIST", name);
  state.writableDirectory(parent);
  if (what.kind === "symlink") {
    if (what.target === "") throw new FilesystemError("ENOENT", name);
    if (what.target.includes("\0") || !what.target.isWellFormed()) throw new FilesystemError("EINVAL", name);
    if (Buffer.byteLength(what.target) > 4095) throw new FilesystemError("ENAMETOOLONG", name);
  }
  const node = newNode(state, directory, what);
  state.nodes.add(node);
  state.addEntry(directory, name, node);
  state.touch(directory);
  return node.number;
}

function newNode(state: TreeState, parent: DirectoryNode, what: NewInode): Node {
  const inherits = (parent.attributes.mode & setGroupId) !== 0 && what.attributes.gid === undefined;
  const gid = inherits ? parent.attributes.gid : 0;
  const mode = { file: 0o644, fifo: 0o644, directory: 0o755, symlink: 0o777 }[what.kind];
  const attributes = completeAttributes(what.attributes, { mode, gid, mtime: state.now() });
  const common = { number: state.allocate(), device: parent.device, links: 1, holds: 0, origin: undefined };
  if (what.kind === "directory") {
    return {
      ...common,
      kind: "directory",
      // inode_init_owner() of Linux: below a set-group-id directory, directories get the bit too.
      attributes: inherits ? { ...attributes, mode: attributes.mode | setGroupId } : attributes,
      entries: new Map(),
      parent: parent.number,
      name: "",
      subdirectories: 0,
    };
  }
  return { ...common, kind: what.kind, attributes, leaf: newLeaf(what, attributes), data: newData(what) };
}

function newData(what: NewInode): FileData | undefined {
  return what.kind === "file" ? new FileData(new Uint8Array(0)) : undefined;
}

function newLeaf(what: Exclude<NewInode, { kind: "directory" }>, attributes: Attributes): Leaf {
  if (what.kind === "symlink") return { kind: "symlink", attributes, target: what.target };
  if (what.kind === "file") return { kind: "file", attributes, content: emptyContent };
  if (what.kind === "fifo") return { kind: "fifo", attributes, major: 0, minor: 0 };
  throw new FilesystemError("EINVAL");
}

/** Puts a file whose bytes are in the store at a name, replacing a leaf that is there. */
export function placeFile(
  state: TreeState,
  parent: InodeNumber,
  name: string,
  content: FileContent,
  attributes: Attributes,
): InodeNumber {
  checkName(name);
  const directory = state.writableDirectory(parent);
  if (directory.entries.has(name)) unlink(state, parent, name);
  const leaf: Leaf = { kind: "file", attributes, content };
  const number = state.allocate();
  const common = { number, device: directory.device, links: 1, holds: 0, origin: undefined, data: undefined };
  const node: LeafNode = { ...common, kind: "file", attributes, leaf };
  state.nodes.add(node);
  state.addEntry(directory, name, node);
  state.touch(directory);
  return number;
}

export function link(state: TreeState, inode: InodeNumber, parent: InodeNumber, name: string): void {
  const node = state.nodes.get(inode);
  const directory = state.directory(parent);
  checkName(name);
  // The order of linkat() in Linux: filename_create(), then the devices, then vfs_link().
  if (directory.entries.has(name)) throw new FilesystemError("EEXIST", name);
  if (node.device !== directory.device) throw new FilesystemError("EXDEV", name);
  state.writableDirectory(parent);
  if (node.kind === "directory") throw new FilesystemError("EPERM", name);
  if (node.links === 0) throw new FilesystemError("ENOENT", name);
  node.links++;
  state.addEntry(directory, name, node);
  state.touch(directory);
}

export function unlink(state: TreeState, parent: InodeNumber, name: string): void {
  const directory = state.directory(parent);
  const node = entry(state, directory, name);
  state.writableDirectory(parent);
  if (node.kind === "directory") throw new FilesystemError("EISDIR", name);
  state.removeEntry(directory, name, node);
  state.touch(directory);
  node.links--;
  state.reclaim(node);
}

export function removeDirectory(state: TreeState, parent: InodeNumber, name: string): void {
  if (name === "..") throw new FilesystemError("ENOTEMPTY", name);
  const directory = state.directory(parent);
  const node = entry(state, directory, name);
  state.writableDirectory(parent);
  if (node.kind !== "directory") throw new FilesystemError("ENOTDIR", name);
  if (node.entries.size > 0) throw new FilesystemError("ENOTEMPTY", name);
  state.removeEntry(directory, name, node);
  state.touch(directory);
  node.links = 0;
  state.reclaim(node);
}

/** rename(2), in the order of checks of Linux: lock_rename()'s ancestors first, then vfs_rename(). */
export function rename(
  state: TreeState,
  fromParent: InodeNumber,
  fromName: string,
  toParent: InodeNumber,
  toName: string,
): void {
  const from = state.directory(fromParent);
  const to = state.directory(toParent);
  for (const name of [fromName, toName]) {
    if (name === "." || name === "..") throw new FilesystemError("EBUSY", name);
  }
  checkName(toName);
  if (from.device !== to.device) throw new FilesystemError("EXDEV", toName);
  const node = entry(state, from, fromName);
  state.writableDirectory(fromParent);
  state.writableDirectory(toParent);
  if (isAncestor(state, node, to)) throw new FilesystemError("EINVAL", toName);
  const replaced = to.entries.has(toName) ? entry(state, to, toName) : undefined;
  if (replaced !== undefined) {
    if (isAncestor(state, replaced, from)) throw new FilesystemError("ENOTEMPTY", toName);
    // Two names of one inode: POSIX says that nothing happens.
    if (replaced === node) return;
    checkReplaceable(node, replaced, toName);
    state.removeEntry(to, toName, replaced);
    replaced.links -= 1;
    state.reclaim(replaced);
  }
  state.removeEntry(from, fromName, node);
  state.addEntry(to, toName, node);
  state.touch(from);
  state.touch(to);
}

function checkReplaceable(node: Node, replaced: Node, name: string): void {
  if (node.kind === "directory") {
    if (replaced.kind !== "directory") throw new FilesystemError("ENOTDIR", name);
    if (replaced.entries.size > 0) throw new FilesystemError("ENOTEMPTY", name);
  } else if (replaced.kind === "directory") {
    throw new FilesystemError("EISDIR", name);
  }
}

/** Whether `node` is `directory`, or a directory above it. */
function isAncestor(state: TreeState, node: Node, directory: DirectoryNode): boolean {
  for (let at = directory; ; ) {
    if (at === node) return true;
    if (at.parent === at.number) return false;
    at = state.directory(at.parent);
  }
}
