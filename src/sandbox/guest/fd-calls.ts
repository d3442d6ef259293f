import type { Timestamp, WorkingTree } from "../../filesystem/types.ts";
import { FDFLAGS, FILETYPE, FSTFLAGS, GuestError, RIGHTS_ALL, SIZE, WHENCE } from "./abi.ts";
import type { FileChannel } from "./channel.ts";
import { type DescriptorTable, filetypeOf, SUCCESS } from "./descriptors.ts";
import { writeDirectory } from "./directory-listing.ts";
import type { HostFunctions } from "./host.ts";
import type { GuestMemory } from "./memory.ts";

export interface FileContext {
  readonly memory: GuestMemory;
  readonly tree: WorkingTree;
  readonly descriptors: DescriptorTable;
  /** Names that are not shown in the root directory. */
  readonly hiddenNames: ReadonlySet<string>;
  readonly now: () => Timestamp;
}

/** 2^53: no file is larger, and beyond it a JavaScript number would round. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER);

export function offsetOf(value: bigint): number {
  if (value < 0n) throw new GuestError("EINVAL");
  if (value > MAX_OFFSET) throw new GuestError("EFBIG");
  return Number(value);
}

export function nanosecondsOf(time: Timestamp): bigint {
  return BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos);
}

export function timestampOf(nanoseconds: bigint): Timestamp {
  const seconds = nanoseconds / 1_000_000_000n;
  return { seconds: Number(seconds), nanos: Number(nanoseconds % 1_000_000_000n) };
}

/** The time that *_set_times asks for, or undefined to leave it. */
export function requestedTime(flags: number, mtime: bigint, now: () => Timestamp): Timestamp | undefined {
  const both = FSTFLAGS.MTIM | FSTFLAGS.MTIM_NOW;
  if ((flags & both) === both) throw new GuestError("EINVAL");
  if ((flags & FSTFLAGS.MTIM_NOW) !== 0) return now();
  return (flags & FSTFLAGS.MTIM) !== 0 ? timestampOf(mtime) : undefined;
}

export function writeFilestat(context: FileContext, pointer: number, inode: number): void {
  const { memory, tree } = context;
  const stat = tree.stat(inode);
  const time = BigInt.asUintN(64, nanosecondsOf(stat.mtime));
  memory.slice(pointer, SIZE.FILESTAT).fill(0);
  memory.setU64(pointer, 1n);
  memory.setU64(pointer + 8, BigInt(stat.inode));
  memory.setU8(pointer + 16, filetypeOf(stat.kind));
  // In preview 1's padding: permissions and owners, for the guests that look (docs/runtimes.md, "Permissions").
  memory.setU8(pointer + 17, 1);
  memory.setU16(pointer + 18, stat.mode & 0o7777);
  memory.setU16(pointer + 20, Math.min(stat.uid, 0xffff));
  memory.setU16(pointer + 22, Math.min(stat.gid, 0xffff));
  memory.setU64(pointer + 24, BigInt(stat.links));
  memory.setU64(pointer + 32, BigInt(stat.size));
  for (const at of [40, 48, 56]) memory.setU64(pointer + at, time);
}

export function fdCalls(context: FileContext): HostFunctions {
  const { memory, tree, descriptors } = context;

  /** Runs `step` over each buffer of an iovec array until one comes out short; returns the bytes moved. */
  function transfer(iovs: number, count: number, step: (buffer: Uint8Array) => number): number {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const at = iovs + index * SIZE.IOVEC;
      const buffer = memory.slice(memory.u32(at), memory.u32(at + 4));
      if (buffer.length === 0) continue;
      const moved = step(buffer);
      total += moved;
      if (moved < buffer.length) break;
    }
    return total;
  }

  /**
   * Like `transfer`, at a position of its own that leaves the descriptor's alone. What is written to a descriptor
   * that appends goes to the end, as on Linux (pwrite(2), BUGS).
   */
  function transferAt(file: FileChannel, offset: bigint, run: () => number): number {
    const before = file.position;
    file.position = offsetOf(offset);
    try {
      return run();
    } finally {
      file.position = before;
    }
  }

  return {
    fd_advise(fd: number) {
      descriptors.file(fd);
      return SUCCESS;
    },
    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const file = descriptors.file(fd);
      if (!file.writable) throw new GuestError("EBADF");
      if (length <= 0n) throw new GuestError("EINVAL");
      const end = offsetOf(offset + length);
      if (end > tree.stat(file.inode).size) tree.truncate(file.inode, end);
      return SUCCESS;
    },
    fd_close(fd: number) {
      descriptors.close(fd);
      return SUCCESS;
    },
    fd_datasync(fd: number) {
      descriptors.get(fd);
      return SUCCESS;
    },
    fd_sync(fd: number) {
      descriptors.get(fd);
      return SUCCESS;
    },
    fd_fdstat_get(fd: number, pointer: number) {
      const descriptor = descriptors.get(fd);
      memory.slice(pointer, SIZE.FDSTAT).fill(0);
      const kind = descriptor.kind === "directory" ? "directory" : descriptor.channel.kind;
      const filetype = {
        directory: FILETYPE.DIRECTORY,
        file: FILETYPE.REGULAR_FILE,
        device: FILETYPE.CHARACTER_DEVICE,
        pipe: FILETYPE.UNKNOWN,
      }[kind];
      memory.setU8(pointer, filetype);
      if (descriptor.kind === "channel") memory.setU16(pointer + 2, descriptor.flags);
      memory.setU64(pointer + 8, RIGHTS_ALL);
      memory.setU64(pointer + 16, RIGHTS_ALL);
      return SUCCESS;
    },
    fd_fdstat_set_flags(fd: number, flags: number) {
      const descriptor = descriptors.channel(fd);
      descriptor.flags = flags;
      if (descriptor.channel.kind === "file") {
        (descriptor.channel as FileChannel).append = (flags & FDFLAGS.APPEND) !== 0;
      }
      return SUCCESS;
    },
    fd_fdstat_set_rights(fd: number) {
      descriptors.get(fd);
      return SUCCESS;
    },
    fd_filestat_get(fd: number, pointer: number) {
      const descriptor = descriptors.get(fd);
      const inode = descriptor.kind === "directory" ? descriptor.inode : descriptor.channel.inode;
      if (inode !== undefined) {
        writeFilestat(context, pointer, inode);
        return SUCCESS;
      }
      memory.slice(pointer, SIZE.FILESTAT).fill(0);
      const device = descriptor.kind === "channel" && descriptor.channel.kind === "device";
      memory.setU8(pointer + 16, device ? FILETYPE.CHARACTER_DEVICE : FILETYPE.UNKNOWN);
      memory.setU64(pointer + 24, 1n);
      return SUCCESS;
    },
    fd_filestat_set_size(fd: number, size: bigint) {
      const file = descriptors.file(fd);
      if (!file.writable) throw new GuestError("EINVAL");
      tree.truncate(file.inode, offsetOf(size));
      return SUCCESS;
    },
    fd_filestat_set_times(fd: number, _atime: bigint, mtime: bigint, flags: number) {
      const descriptor = descriptors.get(fd);
      const inode = descriptor.kind === "directory" ? descriptor.inode : descriptor.channel.inode;
      const time = requestedTime(flags, mtime, context.now);
      if (time !== undefined && inode !== undefined) tree.setAttributes(inode, { mtime: time });
      return SUCCESS;
    },
    fd_pread(fd: number, iovs: number, count: number, offset: bigint, result: number) {
      const file = descriptors.file(fd);
      memory.setU32(
        result,
        transferAt(file, offset, () => transfer(iovs, count, file.read)),
      );
      return SUCCESS;
    },
    fd_pwrite(fd: number, iovs: number, count: number, offset: bigint, result: number) {
      const file = descriptors.file(fd);
      memory.setU32(
        result,
        transferAt(file, offset, () => transfer(iovs, count, file.write)),
      );
      return SUCCESS;
    },
    fd_read(fd: number, iovs: number, count: number, result: number) {
      const { channel } = descriptors.channel(fd);
      memory.setU32(result, transfer(iovs, count, channel.read));
      return SUCCESS;
    },
    fd_write(fd: number, iovs: number, count: number, result: number) {
      const { channel } = descriptors.channel(fd);
      memory.setU32(result, transfer(iovs, count, channel.write));
      return SUCCESS;
    },
    fd_readdir(fd: number, buffer: number, size: number, cookie: bigint, result: number) {
      const used = writeDirectory(context, descriptors.directory(fd), memory.slice(buffer, size), cookie);
      memory.setU32(result, used);
      return SUCCESS;
    },
    fd_renumber(from: number, to: number) {
      descriptors.renumber(from, to);
      return SUCCESS;
    },
    fd_seek(fd: number, delta: bigint, whence: number, result: number) {
      const file = descriptors.file(fd);
      const base =
        whence === WHENCE.SET
          ? 0
          : whence === WHENCE.CURRENT
            ? file.position
            : whence === WHENCE.END
              ? tree.stat(file.inode).size
              : undefined;
      if (base === undefined) throw new GuestError("EINVAL");
      file.position = offsetOf(BigInt(base) + delta);
      memory.setU64(result, BigInt(file.position));
      return SUCCESS;
    },
    fd_tell(fd: number, result: number) {
      memory.setU64(result, BigInt(descriptors.file(fd).position));
      return SUCCESS;
    },
    fd_prestat_get(fd: number, pointer: number) {
      const descriptor = descriptors.get(fd);
      if (descriptor.kind !== "directory" || descriptor.preopen === undefined) throw new GuestError("EBADF");
      memory.setU32(pointer, 0);
      memory.setU32(pointer + 4, Buffer.byteLength(descriptor.preopen));
      return SUCCESS;
    },
    fd_prestat_dir_name(fd: number, pointer: number, length: number) {
      const descriptor = descriptors.get(fd);
      if (descriptor.kind !== "directory" || descriptor.preopen === undefined) throw new GuestError("EBADF");
      const name = Buffer.from(descriptor.preopen);
      if (name.length > length) throw new GuestError("ENAMETOOLONG");
      memory.slice(pointer, name.length).set(name);
      return SUCCESS;
    },
  };
}
