import { FilesystemError } from "../errno.ts";
import { compareNames } from "../order.ts";
import type {
  Attributes,
  ContentReader,
  InodeNumber,
  Snapshot,
  Stat,
  Timestamp,
  WorkingTree,
} from "../types.ts";
import * as conveniences from "./conveniences.ts";
import { diff } from "./diff.ts";
import * as entries from "./entries.ts";
import { Mounts } from "./mounts.ts";
import type { Node } from "./nodes.ts";
import { completeAttributes, defaultLimits, TreeState, type WorkingTreeLimits } from "./state.ts";

export interface WorkingTreeOptions {
  /** What created and changed files get as mtime. */
  readonly now: () => Timestamp;
  readonly limits?: Partial<WorkingTreeLimits>;
}

/** A mutable tree over `snapshot`, which stays as it is. File bytes are read from `reader` when needed. */
export function createWorkingTree(
  snapshot: Snapshot,
  reader: ContentReader,
  options: WorkingTreeOptions,
): WorkingTree {
  const state = new TreeState(snapshot, reader, options.now, { ...defaultLimits, ...options.limits });
  const mounts = new Mounts(state);

  const operations = {
    ...inspection(state),
    ...fileOperations(state),
    create: entries.create.bind(undefined, state),
    link: entries.link.bind(undefined, state),
    unlink: entries.unlink.bind(undefined, state),
    removeDirectory: entries.removeDirectory.bind(undefined, state),
    rename: entries.rename.bind(undefined, state),
    placeFile: entries.placeFile.bind(undefined, state),
  };
  return {
    ...operations,
    readFile: (path) => conveniences.readFile(operations, path),
    writeFile: (path, bytes, attributes = {}) => conveniences.writeFile(operations, path, bytes, attributes),
    makeDirectories: (path, attributes = {}) => conveniences.makeDirectories(operations, path, attributes),
    removeRecursively: (path) => conveniences.removeRecursively(operations, path),
    mount: (path, what, { readOnly }) => mounts.mount(path, what, readOnly),
    unmount: (path) => mounts.unmount(path),
    changes: () => ({ changes: diff(state.nodes, state.walker, state.device, snapshot, mounts.ignored()) }),
  };
}

type Inspection = Pick<
  WorkingTree,
  "resolve" | "resolveParent" | "pathOf" | "stat" | "attributes" | "readDirectory" | "readLink"
>;

function inspection(state: TreeState): Inspection {
  const { nodes, walker } = state;
  return {
    resolve: (path, options = {}) => walker.resolve(path, options).number,
    resolveParent(path, options = {}) {
      const found = walker.resolveParent(path, options);
      return { ...found, parent: found.parent.number };
    },
    pathOf(directory) {
      const names: string[] = [];
      for (let at = state.directory(directory); at.parent !== at.number; at = state.directory(at.parent)) {
        if (at.links === 0) throw new FilesystemError("ENOENT");
        names.push(at.name);
      }
      return `/${names.reverse().join("/")}`;
    },
    stat: (inode) => statOf(state, nodes.get(inode)),
    attributes: (inode) => nodes.get(inode).attributes,
    readDirectory(inode) {
      const directory = state.directory(inode);
      return [...directory.entries.keys()].sort(compareNames).flatMap((name) => {
        const node = walker.lookup(directory, name, name);
        return node === undefined ? [] : [{ name, inode: node.number, kind: node.kind }];
      });
    },
    readLink(inode) {
      const node = nodes.get(inode);
      if (node.kind === "directory" || node.leaf.kind !== "symlink") throw new FilesystemError("EINVAL");
      return node.leaf.target;
    },
  };
}

function statOf(state: TreeState, node: Node): Stat {
  const { mode, uid, gid, mtime } = node.attributes;
  const common = { inode: node.number, kind: node.kind, mode, uid, gid, mtime, major: 0, minor: 0 };
  if (node.kind === "directory") {
    return { ...common, links: node.links === 0 ? 0 : 2 + node.subdirectories, size: 4096 };
  }
  const { leaf, links } = node;
  if (leaf.kind === "file") return { ...common, links, size: state.fileSize(node) };
  if (leaf.kind === "symlink") return { ...common, links, size: Buffer.byteLength(leaf.target) };
  return { ...common, links, size: 0, major: leaf.major, minor: leaf.minor };
}

type FileOperations = Pick<
  WorkingTree,
  "read" | "write" | "truncate" | "setAttributes" | "retain" | "release"
>;

function fileOperations(state: TreeState): FileOperations {
  function checkPosition(position: number): void {
    if (!Number.isSafeInteger(position) || position < 0) throw new FilesystemError("EINVAL");
  }
  return {
    read(inode, position, target) {
      const node = state.file(inode);
      checkPosition(position);
      if (node.data !== undefined) return node.data.read(position, target);
      return node.leaf.kind === "file" ? state.reader.read(node.leaf.content, position, target) : 0;
    },
    write(inode, position, bytes) {
      const node = state.file(inode);
      state.checkWritable(node);
      checkPosition(position);
      // write(2) of nothing changes nothing, the size and the time neither.
      if (bytes.length === 0) return 0;
      const size = state.fileSize(node);
      const data = state.writableData(node, Math.max(size, position + bytes.length), size);
      data.write(position, bytes);
      state.touch(node);
      return bytes.length;
    },
    truncate(inode: InodeNumber, size: number) {
      const node = state.file(inode);
      state.checkWritable(node);
      checkPosition(size);
      state.writableData(node, size, size).resize(size);
      state.touch(node);
    },
    setAttributes(inode: InodeNumber, change: Partial<Attributes>) {
      const node = state.nodes.get(inode);
      state.checkWritable(node);
      node.attributes = completeAttributes({ ...node.attributes, ...defined(change) }, node.attributes);
    },
    retain(inode) {
      state.nodes.get(inode).holds++;
    },
    release(inode) {
      const node = state.nodes.get(inode);
      if (node.holds === 0) throw new FilesystemError("EBADF");
      node.holds--;
      state.reclaim(node);
    },
  };
}

/** Without the keys whose value is undefined, which would overwrite in a spread. */
function defined<T extends object>(partial: T): Partial<T> {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as Partial<T>;
}
