import type { InodeNumber } from "../../filesystem/types.ts";
import {
  FDFLAGS,
  GuestError,
  LOOKUP_FOLLOW,
  OFLAGS,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  SET_MODE,
} from "./abi.ts";
import { type Channel, openFileChannel } from "./channel.ts";
import { SUCCESS } from "./descriptors.ts";
import { type FileContext, requestedTime, writeFilestat } from "./fd-calls.ts";
import type { HostFunctions } from "./host.ts";

export interface PathContext extends FileContext {
  /** Permission bits that new files do not get. */
  readonly umask: number;
  /** Called with the absolute path before a look-up that may read it: fills virtual directories. */
  readonly beforeLookup: (path: string) => void;
  readonly openSpecial: (inode: InodeNumber) => Channel;
}

export function pathCalls(context: PathContext): HostFunctions {
  const { memory, tree, descriptors, umask } = context;

  function path(fd: number, pointer: number, length: number): { base: InodeNumber; text: string } {
    const directory = descriptors.directory(fd);
    const text = memory.string(pointer, length);
    if (text === "") throw new GuestError("ENOENT");
    if (text.includes("\0")) throw new GuestError("EINVAL");
    context.beforeLookup(directory.preopen === undefined ? text : directory.preopen + text);
    return { base: directory.inode, text };
  }

  /** The place of a new name; fails with EEXIST where something is there. */
  function newEntry(fd: number, pointer: number, length: number) {
    const { base, text } = path(fd, pointer, length);
    const place = tree.resolveParent(text, { base, followLast: false });
    if (place.existing !== undefined) throw new GuestError("EEXIST");
    return place;
  }

  /** O_CREAT: creates the file, through dangling symbolic links as open(2) does. */
  function createFile(base: InodeNumber, text: string): InodeNumber {
    const { parent, name, existing, trailingSlash } = tree.resolveParent(text, { base });
    if (trailingSlash) throw new GuestError("EISDIR");
    return existing ?? tree.create(parent, name, { kind: "file", attributes: { mode: 0o666 & ~umask } });
  }

  function resolveForOpen(base: InodeNumber, text: string, oflags: number, follow: boolean): InodeNumber {
    if ((oflags & OFLAGS.CREATE) === 0) return tree.resolve(text, { base, followLast: follow });
    // Linux: O_CREAT of a name with a trailing slash is EISDIR, whatever is there (fs/namei.c, open_last_lookups).
    if (text.endsWith("/")) {
      tree.resolveParent(text, { base, followLast: false });
      throw new GuestError("EISDIR");
    }
    if ((oflags & OFLAGS.EXCLUSIVE) !== 0) {
      const { existing } = tree.resolveParent(text, { base, followLast: false });
      if (existing !== undefined) throw new GuestError("EEXIST");
      return createFile(base, text);
    }
    try {
      return tree.resolve(text, { base, followLast: follow });
    } catch (error) {
      if ((error as { errno?: unknown }).errno !== "ENOENT") throw error;
      return createFile(base, text);
    }
  }

  return {
    path_open(
      fd: number,
      dirflags: number,
      pointer: number,
      length: number,
      oflags: number,
      rights: bigint,
      _inheriting: bigint,
      fdflags: number,
      result: number,
    ) {
      const { base, text } = path(fd, pointer, length);
      const inode = resolveForOpen(base, text, oflags, (dirflags & LOOKUP_FOLLOW) !== 0);
      const { kind } = tree.stat(inode);
      const writable = (rights & RIGHT_FD_WRITE) !== 0n;
      if (kind === "symlink") throw new GuestError("ELOOP");
      if (kind === "directory") {
        if (writable || (oflags & OFLAGS.CREATE) !== 0) throw new GuestError("EISDIR");
        const opened = descriptors.add({ kind: "directory", inode, preopen: undefined, listing: undefined });
        memory.setU32(result, opened);
        return SUCCESS;
      }
      if ((oflags & OFLAGS.DIRECTORY) !== 0) throw new GuestError("ENOTDIR");
      if (kind === "file" && (oflags & OFLAGS.TRUNCATE) !== 0) tree.truncate(inode, 0);
      const channel =
        kind === "file"
          ? openFileChannel(tree, inode, {
              readable: (rights & RIGHT_FD_READ) !== 0n,
              writable,
              append: (fdflags & FDFLAGS.APPEND) !== 0,
            })
          : context.openSpecial(inode);
      const inherited = kind !== "file";
      memory.setU32(result, descriptors.add({ kind: "channel", channel, inherited, flags: fdflags }));
      return SUCCESS;
    },
    path_create_directory(fd: number, pointer: number, length: number) {
      const { parent, name } = newEntry(fd, pointer, length);
      tree.create(parent, name, { kind: "directory", attributes: { mode: 0o777 & ~umask } });
      return SUCCESS;
    },
    path_filestat_get(fd: number, flags: number, pointer: number, length: number, result: number) {
      const { base, text } = path(fd, pointer, length);
      const inode = tree.resolve(text, { base, followLast: (flags & LOOKUP_FOLLOW) !== 0 });
      writeFilestat(context, result, inode);
      return SUCCESS;
    },
    path_filestat_set_times(
      fd: number,
      flags: number,
      pointer: number,
      length: number,
      atime: bigint,
      mtime: bigint,
      fstflags: number,
    ) {
      const { base, text } = path(fd, pointer, length);
      const inode = tree.resolve(text, { base, followLast: (flags & LOOKUP_FOLLOW) !== 0 });
      if (fstflags === SET_MODE) {
        tree.setAttributes(inode, { mode: Number(atime) & 0o7777 });
        return SUCCESS;
      }
      const time = requestedTime(fstflags, mtime, context.now);
      if (time !== undefined) tree.setAttributes(inode, { mtime: time });
      return SUCCESS;
    },
    path_link(
      fromFd: number,
      flags: number,
      fromPointer: number,
      fromLength: number,
      toFd: number,
      toPointer: number,
      toLength: number,
    ) {
      const { base, text } = path(fromFd, fromPointer, fromLength);
      const inode = tree.resolve(text, { base, followLast: (flags & LOOKUP_FOLLOW) !== 0 });
      const { parent, name, trailingSlash } = newEntry(toFd, toPointer, toLength);
      if (trailingSlash) throw new GuestError("ENOENT");
      tree.link(inode, parent, name);
      return SUCCESS;
    },
    path_symlink(targetPointer: number, targetLength: number, fd: number, pointer: number, length: number) {
      const target = memory.string(targetPointer, targetLength);
      if (target === "") throw new GuestError("ENOENT");
      const { parent, name, trailingSlash } = newEntry(fd, pointer, length);
      if (trailingSlash) throw new GuestError("ENOENT");
      tree.create(parent, name, { kind: "symlink", target, attributes: {} });
      return SUCCESS;
    },
    path_readlink(fd: number, pointer: number, length: number, buffer: number, size: number, result: number) {
      const { base, text } = path(fd, pointer, length);
      const inode = tree.resolve(text, { base, followLast: false });
      if (tree.stat(inode).kind !== "symlink") throw new GuestError("EINVAL");
      const target = Buffer.from(tree.readLink(inode)).subarray(0, size >>> 0);
      memory.slice(buffer, target.length).set(target);
      memory.setU32(result, target.length);
      return SUCCESS;
    },
    path_unlink_file(fd: number, pointer: number, length: number) {
      const { base, text } = path(fd, pointer, length);
      const { parent, name, existing, trailingSlash } = tree.resolveParent(text, { base, followLast: false });
      if (existing === undefined) throw new GuestError("ENOENT");
      if (trailingSlash && tree.stat(existing).kind !== "directory") throw new GuestError("ENOTDIR");
      tree.unlink(parent, name);
      return SUCCESS;
    },
    path_remove_directory(fd: number, pointer: number, length: number) {
      const { base, text } = path(fd, pointer, length);
      const { parent, name } = tree.resolveParent(text, { base, followLast: false });
      tree.removeDirectory(parent, name);
      return SUCCESS;
    },
    path_rename(
      fromFd: number,
      fromPointer: number,
      fromLength: number,
      toFd: number,
      toPointer: number,
      toLength: number,
    ) {
      const source = path(fromFd, fromPointer, fromLength);
      const from = tree.resolveParent(source.text, { base: source.base, followLast: false });
      if (from.existing === undefined) throw new GuestError("ENOENT");
      const destination = path(toFd, toPointer, toLength);
      const to = tree.resolveParent(destination.text, { base: destination.base, followLast: false });
      const directory = tree.stat(from.existing).kind === "directory";
      if ((from.trailingSlash || to.trailingSlash) && !directory) throw new GuestError("ENOTDIR");
      tree.rename(from.parent, from.name, to.parent, to.name);
      return SUCCESS;
    },
  };
}
