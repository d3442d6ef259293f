import { FilesystemError } from "../errno.ts";
import type { Attributes, DirectoryInode, Inode, InodeNumber, Leaf, Snapshot } from "../types.ts";
import type { FileData } from "./file-data.ts";

/** One mounted snapshot; device 0 is the tree's own. Its inodes are numbered `base + number in snapshot`. */
export interface Device {
  readonly snapshot: Snapshot;
  readonly base: number;
  readonly last: InodeNumber;
  readonly root: InodeNumber;
  readonly readOnly: boolean;
}

interface NodeBase {
  readonly number: InodeNumber;
  readonly device: Device;
  attributes: Attributes;
  /** Names of the inode; a directory has 1, or 0 once it is removed. */
  links: number;
  /** Open files and working directories that keep the inode after its last name is gone. */
  holds: number;
}

export interface DirectoryNode extends NodeBase {
  readonly kind: "directory";
  readonly origin: DirectoryInode | undefined;
  readonly entries: Map<string, InodeNumber>;
  parent: InodeNumber;
  name: string;
  subdirectories: number;
}

export interface LeafNode extends NodeBase {
  readonly kind: Leaf["kind"];
  readonly origin: Leaf | undefined;
  /** What it is, but for attributes and written bytes. */
  readonly leaf: Leaf;
  /** Files only: the bytes, once they differ from the content in `leaf`. */
  data: FileData | undefined;
}

export type Node = DirectoryNode | LeafNode;

/** Inodes of the snapshot become nodes when they are first looked at. */
export class NodeTable {
  readonly #nodes = new Map<InodeNumber, Node>();
  readonly #devices: Device[] = [];
  #next = 1;

  addDevice(snapshot: Snapshot, readOnly: boolean): Device {
    let last = 1;
    for (const number of snapshot.inodes.keys()) if (number > last) last = number;
    const base = this.#next - 1;
    this.#next += last;
    const device = { snapshot, base, last: base + last, root: base + 1, readOnly };
    this.#devices.push(device);
    return device;
  }

  removeDevice(device: Device): void {
    this.#devices.splice(this.#devices.indexOf(device), 1);
    for (const [number, node] of this.#nodes) if (node.device === device) this.#nodes.delete(number);
  }

  /** A number for an inode that is in no snapshot. */
  allocate(): InodeNumber {
    return this.#next++;
  }

  add(node: Node): void {
    this.#nodes.set(node.number, node);
  }

  forget(node: Node): void {
    // The number of a snapshot's inode must stay taken, or the inode would come back.
    if (node.origin === undefined) this.#nodes.delete(node.number);
  }

  /** Throws ENOENT for an inode that is gone. */
  get(number: InodeNumber): Node {
    const node = this.find(number);
    if (node.links === 0 && node.holds === 0) throw new FilesystemError("ENOENT");
    return node;
  }

  find(number: InodeNumber): Node {
    const known = this.#nodes.get(number);
    if (known !== undefined) return known;
    const device = this.#devices.find(({ base, last }) => number > base && number <= last);
    const inode = device?.snapshot.inodes.get(number - device.base);
    if (device === undefined || inode === undefined) throw new FilesystemError("ENOENT");
    const node = load(number, device, inode);
    this.#nodes.set(number, node);
    return node;
  }

  /** The node if it was ever looked at. */
  loaded(number: InodeNumber): Node | undefined {
    return this.#nodes.get(number);
  }

  *allLoaded(): Iterable<Node> {
    yield* this.#nodes.values();
  }

  kindOf(number: InodeNumber): Inode["kind"] {
    return this.find(number).kind;
  }
}

function load(number: InodeNumber, device: Device, inode: Inode): Node {
  const { attributes } = inode;
  const common = { number, device, attributes, holds: 0 };
  if (inode.kind !== "directory") {
    const links = leafLinks(device.snapshot).get(number - device.base) ?? 1;
    return { ...common, kind: inode.kind, origin: inode, leaf: inode, links, data: undefined };
  }
  const entries = new Map<string, InodeNumber>();
  let subdirectories = 0;
  for (const [name, child] of inode.entries) {
    entries.set(name, child + device.base);
    if (device.snapshot.inodes.get(child)?.kind === "directory") subdirectories++;
  }
  // The parent is filled in by the look-up which led here; the root is its own.
  return {
    ...common,
    kind: "directory",
    origin: inode,
    links: 1,
    entries,
    parent: number,
    name: "",
    subdirectories,
  };
}

const linkCounts = new WeakMap<Snapshot, ReadonlyMap<InodeNumber, number>>();

/** How many names each leaf has that has more than one, counted once per snapshot. */
export function leafLinks(snapshot: Snapshot): ReadonlyMap<InodeNumber, number> {
  const known = linkCounts.get(snapshot);
  if (known !== undefined) return known;
  const seen = new Set<InodeNumber>();
  const counts = new Map<InodeNumber, number>();
  for (const inode of snapshot.inodes.values()) {
    if (inode.kind !== "directory") continue;
    for (const child of inode.entries.values()) {
      if (seen.has(child)) counts.set(child, (counts.get(child) ?? 1) + 1);
      else seen.add(child);
    }
  }
  linkCounts.set(snapshot, counts);
  return counts;
}
