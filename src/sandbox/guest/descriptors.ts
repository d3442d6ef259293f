import type { InodeNumber, Stat, WorkingTree } from "../../filesystem/types.ts";
import { ERRNO, FILETYPE, GuestError } from "./abi.ts";
import type { Channel, FileChannel } from "./channel.ts";

export interface DirectoryEntry {
  readonly name: string;
  readonly inode: InodeNumber;
  readonly filetype: number;
}

/** An open directory. The listing is taken when it is first read, so that its cookies stay valid. */
export interface OpenDirectory {
  readonly kind: "directory";
  readonly inode: InodeNumber;
  /** Set for the preopened root. */
  readonly preopen: string | undefined;
  listing: readonly DirectoryEntry[] | undefined;
}

export interface OpenChannel {
  readonly kind: "channel";
  readonly channel: Channel;
  /** Standard streams belong to the shell: the guest's close leaves them open. */
  readonly inherited: boolean;
  flags: number;
}

export type OpenDescriptor = OpenDirectory | OpenChannel;

/** As many as Docker's default soft limit allows. */
const MAX_DESCRIPTORS = 1024;

/** The guest's file descriptors; the lowest free number is given, as POSIX asks. */
export class DescriptorTable {
  readonly #tree: WorkingTree;
  readonly #open = new Map<number, OpenDescriptor>();

  constructor(tree: WorkingTree) {
    this.#tree = tree;
  }

  set(number: number, descriptor: OpenDescriptor): void {
    this.#open.set(number, descriptor);
  }

  add(descriptor: OpenDescriptor): number {
    let number = 0;
    while (this.#open.has(number)) number++;
    if (number >= MAX_DESCRIPTORS) throw new GuestError("EMFILE");
    if (descriptor.kind === "directory") this.#tree.retain(descriptor.inode);
    this.#open.set(number, descriptor);
    return number;
  }

  get(number: number): OpenDescriptor {
    const descriptor = this.#open.get(number);
    if (descriptor === undefined) throw new GuestError("EBADF");
    return descriptor;
  }

  directory(number: number): OpenDirectory {
    const descriptor = this.get(number);
    if (descriptor.kind !== "directory") throw new GuestError("ENOTDIR");
    return descriptor;
  }

  channel(number: number): OpenChannel {
    const descriptor = this.get(number);
    if (descriptor.kind === "directory") throw new GuestError("EISDIR");
    return descriptor;
  }

  file(number: number): FileChannel {
    const { channel } = this.channel(number);
    if (channel.kind !== "file") throw new GuestError("ESPIPE");
    return channel as FileChannel;
  }

  close(number: number): void {
    const descriptor = this.get(number);
    this.#open.delete(number);
    if (descriptor.kind === "channel") {
      if (!descriptor.inherited) descriptor.channel.close();
    } else if (descriptor.preopen === undefined) {
      this.#tree.release(descriptor.inode);
    }
  }

  renumber(from: number, to: number): void {
    const descriptor = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.#open.delete(from);
    this.#open.set(to, descriptor);
  }

  closeAll(): void {
    for (const number of [...this.#open.keys()]) this.close(number);
  }
}

export function filetypeOf(kind: Stat["kind"]): number {
  switch (kind) {
    case "file":
      return FILETYPE.REGULAR_FILE;
    case "directory":
      return FILETYPE.DIRECTORY;
    case "symlink":
      return FILETYPE.SYMBOLIC_LINK;
    case "character-device":
      return FILETYPE.CHARACTER_DEVICE;
    case "block-device":
      return FILETYPE.BLOCK_DEVICE;
    case "fifo":
      return FILETYPE.UNKNOWN;
  }
}

export const SUCCESS: number = ERRNO.SUCCESS;
