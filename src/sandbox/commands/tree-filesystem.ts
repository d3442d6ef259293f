import type { CpOptions, FileContent, FsStat, IFileSystem, MkdirOptions, RmOptions } from "just-bash";
import type { WorkingTree } from "../../filesystem/types.ts";
import { type Channel, drain, openDevice } from "../guest/channel.ts";
import { STREAM_MAJOR } from "../guest/host.ts";
import { errnoName, messageOf } from "../shell/messages.ts";
import { normalize } from "../shell/paths.ts";
import { copyTree } from "./copy.ts";

type Encoding = Parameters<IFileSystem["readFile"]>[1];

/** just-bash's commands look for the name at the start of the message, as Node's own errors have it. */
function failed(error: unknown, path: string): never {
  const name = errnoName(error);
  if (name === undefined) throw error;
  const message = `${name}: ${messageOf(error).toLowerCase()}, '${path}'`;
  throw Object.assign(new Error(message, { cause: error }), { code: name, errno: name });
}

function guard<Result>(path: string, run: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    try {
      resolve(run());
    } catch (error) {
      failed(error, path);
    }
  });
}

function toBytes(content: FileContent, encoding: Encoding): Uint8Array {
  if (typeof content !== "string") return content;
  const name = (typeof encoding === "string" ? encoding : encoding?.encoding) ?? "utf8";
  return Buffer.from(content, name === "binary" ? "latin1" : name);
}

/** What the file system needs of the process that uses it. */
export interface CommandProcess {
  readonly umask: () => number;
  /** Its standard streams, which /dev/stdin and the like are. */
  readonly stream: (fd: number) => Channel | undefined;
}

const MAX_STREAM = 512 * 1024 * 1024;

/** A working tree as the file system of just-bash's commands. All paths are absolute. */
export function createTreeFileSystem(tree: WorkingTree, process: CommandProcess): IFileSystem {
  const device = (major: number, minor: number): Channel =>
    (major === STREAM_MAJOR ? process.stream(minor) : undefined) ?? openDevice(major, minor);

  function stat(path: string, followLast: boolean): FsStat {
    const { kind, mode, size, mtime, inode } = tree.stat(tree.resolve(path, { followLast }));
    return {
      isFile: kind !== "directory" && kind !== "symlink",
      isDirectory: kind === "directory",
      isSymbolicLink: kind === "symlink",
      mode,
      size,
      mtime: new Date(mtime.seconds * 1000 + Math.floor(mtime.nanos / 1e6)),
      dev: 1,
      ino: inode,
    };
  }

  function read(path: string): Uint8Array {
    const { kind, major, minor } = tree.stat(tree.resolve(path));
    if (kind !== "character-device") return tree.readFile(path);
    if (major === STREAM_MAJOR) return drain(device(major, minor), MAX_STREAM);
    // Only a device that ends can be read whole.
    const probe = openDevice(major, minor).read(new Uint8Array(1));
    if (probe > 0) throw Object.assign(new Error(path), { errno: "EFBIG" });
    return new Uint8Array();
  }

  function write(path: string, bytes: Uint8Array, append: boolean): void {
    let inode: number;
    try {
      inode = tree.resolve(path);
    } catch (error) {
      if (errnoName(error) !== "ENOENT") throw error;
      inode = tree.writeFile(path, new Uint8Array(), { mode: 0o666 & ~process.umask() });
    }
    const { kind, size, major, minor } = tree.stat(inode);
    if (kind === "character-device") {
      device(major, minor).write(bytes);
      return;
    }
    if (!append) tree.truncate(inode, 0);
    tree.write(inode, append ? size : 0, bytes);
  }

  function create(path: string, what: Parameters<WorkingTree["create"]>[2]): void {
    const { parent, name, existing } = tree.resolveParent(path, { followLast: false });
    if (existing !== undefined) throw Object.assign(new Error(path), { errno: "EEXIST" });
    tree.create(parent, name, what);
  }

  function remove(path: string, options: RmOptions): void {
    const { parent, name, existing } = tree.resolveParent(path, { followLast: false });
    if (existing === undefined) {
      if (options.force === true) return;
      throw Object.assign(new Error(path), { errno: "ENOENT" });
    }
    if (tree.stat(existing).kind !== "directory") tree.unlink(parent, name);
    else if (options.recursive === true) tree.removeRecursively(path);
    else tree.removeDirectory(parent, name);
  }

  const list = (path: string) => tree.readDirectory(tree.resolve(path));

  return {
    readFile: (path, encoding) =>
      guard(path, () => {
        const name = (typeof encoding === "string" ? encoding : encoding?.encoding) ?? "utf8";
        return Buffer.from(read(path)).toString(name === "binary" ? "latin1" : name);
      }),
    readFileBuffer: (path) => guard(path, () => read(path)),
    writeFile: (path, content, options) => guard(path, () => write(path, toBytes(content, options), false)),
    appendFile: (path, content, options) => guard(path, () => write(path, toBytes(content, options), true)),
    exists: (path) =>
      guard(path, () => {
        try {
          tree.resolve(path);
          return true;
        } catch (error) {
          messageOf(error);
          return false;
        }
      }),
    stat: (path) => guard(path, () => stat(path, true)),
    lstat: (path) => guard(path, () => stat(path, false)),
    mkdir: (path, options: MkdirOptions = {}) =>
      guard(path, () => {
        const attributes = { mode: 0o777 & ~process.umask() };
        if (options.recursive === true) tree.makeDirectories(path, attributes);
        else create(path, { kind: "directory", attributes });
      }),
    readdir: (path) => guard(path, () => list(path).map(({ name }) => name)),
    readdirWithFileTypes: (path) =>
      guard(path, () =>
        list(path).map(({ name, kind }) => ({
          name,
          isFile: kind !== "directory" && kind !== "symlink",
          isDirectory: kind === "directory",
          isSymbolicLink: kind === "symlink",
        })),
      ),
    rm: (path, options: RmOptions = {}) => guard(path, () => remove(path, options)),
    cp: (from, to, options: CpOptions = {}) =>
      guard(from, () =>
        copyTree(tree, from, to, { recursive: options.recursive === true, umask: process.umask() }),
      ),
    mv: (from, to) =>
      guard(from, () => {
        const source = tree.resolveParent(from, { followLast: false });
        const target = tree.resolveParent(to, { followLast: false });
        tree.rename(source.parent, source.name, target.parent, target.name);
      }),
    resolvePath: (base, path) => normalize(path.startsWith("/") ? path : `${base}/${path}`),
    getAllPaths: () => [],
    chmod: (path, mode) => guard(path, () => tree.setAttributes(tree.resolve(path), { mode: mode & 0o7777 })),
    symlink: (target, path) => guard(path, () => create(path, { kind: "symlink", target, attributes: {} })),
    link: (from, to) =>
      guard(from, () => {
        const { parent, name } = tree.resolveParent(to, { followLast: false });
        tree.link(tree.resolve(from, { followLast: false }), parent, name);
      }),
    readlink: (path) => guard(path, () => tree.readLink(tree.resolve(path, { followLast: false }))),
    realpath: (path) =>
      guard(path, () => {
        const inode = tree.resolve(path);
        if (tree.stat(inode).kind === "directory") return tree.pathOf(inode);
        return realFile(tree, path);
      }),
    utimes: (path, _atime, mtime) =>
      guard(path, () => {
        const seconds = Math.floor(mtime.getTime() / 1000);
        const nanos = (mtime.getTime() - seconds * 1000) * 1e6;
        tree.setAttributes(tree.resolve(path), { mtime: { seconds, nanos } });
      }),
  };
}

/** The path of a file (there or not) without symbolic links in it. Throws as resolving does. */
export function realFile(tree: WorkingTree, path: string): string {
  const { parent, name } = tree.resolveParent(path);
  const directory = tree.pathOf(parent);
  return `${directory === "/" ? "" : directory}/${name}`;
}
