import { FilesystemError } from "../errno.ts";
import type { Attributes, ContentReader, InodeNumber, Snapshot, Timestamp } from "../types.ts";
import { FileData } from "./file-data.ts";
import type { Device, DirectoryNode, LeafNode, Node } from "./nodes.ts";
import { NodeTable } from "./nodes.ts";
import { Walker } from "./walk.ts";

export interface WorkingTreeLimits {
  /** Bytes of all written files together; more is ENOSPC. */
  readonly bytes: number;
  /** Bytes of one written file; more is EFBIG. */
  readonly fileSize: number;
  /** Inodes that the tree may create during its life; more is ENOSPC. */
  readonly inodes: number;
}

export const defaultLimits: WorkingTreeLimits = { bytes: 4 * 2 ** 30, fileSize: 2 ** 31, inodes: 2_000_000 };

/** What the parts of a working tree share: the nodes, the mounts and the room that is left. */
export class TreeState {
  readonly nodes = new NodeTable();
  readonly mounts = new Map<InodeNumber, Device>();
  readonly device: Device;
  readonly walker: Walker;
  readonly reader: ContentReader;
  readonly now: () => Timestamp;
  readonly #limits: WorkingTreeLimits;
  #bytes = 0;
  #created = 0;

  constructor(snapshot: Snapshot, reader: ContentReader, now: () => Timestamp, limits: WorkingTreeLimits) {
    this.device = this.nodes.addDevice(snapshot, false);
    this.walker = new Walker(this.nodes, this.device.root, this.mounts);
    this.reader = reader;
    this.now = now;
    this.#limits = limits;
  }

  directory(number: InodeNumber): DirectoryNode {
    const node = this.nodes.get(number);
    if (node.kind !== "directory") throw new FilesystemError("ENOTDIR");
    return node;
  }

  file(number: InodeNumber): LeafNode {
    const node = this.nodes.get(number);
    if (node.kind === "directory") throw new FilesystemError("EISDIR");
    if (node.kind !== "file") throw new FilesystemError("EINVAL");
    return node;
  }

  /** A directory whose entries may be changed: throws EROFS, or ENOENT where it was removed. */
  writableDirectory(number: InodeNumber): DirectoryNode {
    const node = this.directory(number);
    this.checkWritable(node);
    if (node.links === 0) throw new FilesystemError("ENOENT");
    return node;
  }

  checkWritable(node: Node): void {
    if (node.device.readOnly) throw new FilesystemError("EROFS");
  }

  touch(node: Node): void {
    node.attributes = { ...node.attributes, mtime: this.now() };
  }

  /** Counts a new inode: throws ENOSPC. */
  allocate(): InodeNumber {
    if (this.#created >= this.#limits.inodes) throw new FilesystemError("ENOSPC");
    this.#created++;
    return this.nodes.allocate();
  }

  fileSize(node: LeafNode): number {
    if (node.data !== undefined) return node.data.size;
    return node.leaf.kind === "file" ? node.leaf.content.size : 0;
  }

  /**
   * The file's bytes as a buffer that may be changed, with room for `size` bytes reserved. `keep` bytes of the
   * old content are brought in. Throws EFBIG, ENOSPC.
   */
  writableData(node: LeafNode, size: number, keep: number): FileData {
    const old = node.data?.size ?? 0;
    if (size > this.#limits.fileSize) throw new FilesystemError("EFBIG");
    if (this.#bytes - old + size > this.#limits.bytes) throw new FilesystemError("ENOSPC");
    if (node.data === undefined) {
      const initial = new Uint8Array(Math.min(keep, this.fileSize(node)));
      if (node.leaf.kind === "file") this.reader.read(node.leaf.content, 0, initial);
      node.data = new FileData(initial);
    }
    this.#bytes += size - old;
    return node.data;
  }

  /** Frees what nothing refers to any more. */
  reclaim(node: Node): void {
    if (node.links > 0 || node.holds > 0) return;
    if (node.kind !== "directory" && node.data !== undefined) {
      this.#bytes -= node.data.size;
      node.data = undefined;
    }
    this.nodes.forget(node);
  }

  /** Drops a mounted snapshot and what was written over it. */
  release(device: Device): void {
    for (const node of this.nodes.allLoaded()) {
      if (node.device === device && node.kind !== "directory") this.#bytes -= node.data?.size ?? 0;
    }
    this.nodes.removeDevice(device);
  }

  addEntry(parent: DirectoryNode, name: string, node: Node): void {
    parent.entries.set(name, node.number);
    if (node.kind === "directory") {
      node.parent = parent.number;
      node.name = name;
      parent.subdirectories++;
    }
  }

  removeEntry(parent: DirectoryNode, name: string, node: Node): void {
    parent.entries.delete(name);
    if (node.kind === "directory") parent.subdirectories--;
  }
}

/** A file that was never written has its content in the store; a new one starts with these attributes. */
export function completeAttributes(
  partial: Partial<Attributes>,
  defaults: { readonly mode: number; readonly gid: number; readonly mtime: Timestamp },
): Attributes {
  return {
    mode: (partial.mode ?? defaults.mode) & 0o7777,
    uid: partial.uid ?? 0,
    gid: partial.gid ?? defaults.gid,
    mtime: partial.mtime ?? defaults.mtime,
    xattrs: partial.xattrs ?? {},
  };
}
