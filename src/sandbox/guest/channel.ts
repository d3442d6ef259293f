import { randomFillSync } from "node:crypto";
import type { InodeNumber, WorkingTree } from "../../filesystem/types.ts";
import { GuestError } from "./abi.ts";

/** Where bytes come from or go to: what a file descriptor of the shell or of the guest refers to. */
export interface Channel {
  /** "pipe" cannot be positioned; "device" is a character device; "file" has an inode and an offset. */
  readonly kind: "pipe" | "device" | "file";
  readonly inode: InodeNumber | undefined;
  /** Copies up to `target.length` bytes; 0 is the end. */
  read(target: Uint8Array): number;
  write(bytes: Uint8Array): number;
  close(): void;
}

export interface FileChannel extends Channel {
  readonly kind: "file";
  readonly inode: InodeNumber;
  readonly readable: boolean;
  readonly writable: boolean;
  append: boolean;
  position: number;
}

const refuse = (): never => {
  throw new GuestError("EBADF");
};

export function openFileChannel(
  tree: WorkingTree,
  inode: InodeNumber,
  access: { readonly readable: boolean; readonly writable: boolean; readonly append: boolean },
): FileChannel {
  tree.retain(inode);
  let open = true;
  const channel: FileChannel = {
    kind: "file",
    inode,
    readable: access.readable,
    writable: access.writable,
    append: access.append,
    position: 0,
    read(target) {
      if (!access.readable) return refuse();
      const count = tree.read(inode, channel.position, target);
      channel.position += count;
      return count;
    },
    write(bytes) {
      if (!access.writable) return refuse();
      if (channel.append) channel.position = tree.stat(inode).size;
      const count = tree.write(inode, channel.position, bytes);
      channel.position += count;
      return count;
    },
    close() {
      if (!open) return;
      open = false;
      tree.release(inode);
    },
  };
  return channel;
}

/** The reading end of bytes that are already there: a pipe's buffer or a here-document. */
export function inputFrom(bytes: Uint8Array): Channel {
  let position = 0;
  return {
    kind: "pipe",
    inode: undefined,
    read(target) {
      const count = Math.min(target.length, bytes.length - position);
      target.set(bytes.subarray(position, position + count));
      position += count;
      return count;
    },
    write: refuse,
    close() {},
  };
}

/** A sink that hands every write on. */
export function outputTo(sink: (bytes: Uint8Array) => void): Channel {
  return {
    kind: "pipe",
    inode: undefined,
    read: refuse,
    write(bytes) {
      sink(bytes.slice());
      return bytes.length;
    },
    close() {},
  };
}

/** A pipe's writing end that keeps what it is given, up to `limit` bytes (then EPIPE, as a reader gone). */
export function collector(limit: number): Channel & { readonly bytes: () => Uint8Array } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    kind: "pipe",
    inode: undefined,
    read: refuse,
    write(bytes) {
      if (size + bytes.length > limit) throw new GuestError("EPIPE");
      size += bytes.length;
      chunks.push(bytes.slice());
      return bytes.length;
    },
    close() {},
    bytes: () => Buffer.concat(chunks),
  };
}

export const NULL_CHANNEL: Channel = {
  kind: "device",
  inode: undefined,
  read: () => 0,
  write: (bytes) => bytes.length,
  close() {},
};

/** Linux device numbers (Documentation/admin-guide/devices.txt), major 1 and 5. */
export function openDevice(major: number, minor: number): Channel {
  if (major === 1) {
    if (minor === 3) return NULL_CHANNEL;
    if (minor === 5) return { ...NULL_CHANNEL, read: (target) => target.fill(0).length };
    if (minor === 7) {
      return {
        ...NULL_CHANNEL,
        read: (target) => target.fill(0).length,
        write() {
          throw new GuestError("ENOSPC");
        },
      };
    }
    if (minor === 8 || minor === 9) {
      return { ...NULL_CHANNEL, read: (target) => randomFillSync(target).length };
    }
  }
  throw new GuestError("EACCES");
}

/** Reads everything that is left, up to `limit` bytes (EFBIG beyond). */
export function drain(channel: Channel, limit: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = new Uint8Array(64 * 1024);
    const count = channel.read(chunk);
    if (count === 0) return Buffer.concat(chunks);
    size += count;
    if (size > limit) throw new GuestError("EFBIG");
    chunks.push(chunk.subarray(0, count));
  }
}
