import { invalidSnapshot, outputTooLarge } from "../errors/component.ts";
import type { Inode, InodeNumber, Snapshot } from "../filesystem/types.ts";
import { createStringTable, type StringTable } from "./index-strings.ts";
import { createRomPlanner, type RomPlan } from "./rom-plan.ts";

/** Where V8, JSC and wasmparser stop: a module of more than 1 GiB is refused. */
export const MODULE_LIMIT = 1024 * 1024 * 1024;

const MAGIC = 0x49585742;
const VERSION = 1;
const SUPERBLOCK_SIZE = 128;
const INODE_SIZE = 32;
const DIRENT_SIZE = 12;
const ROOT: InodeNumber = 1;

/** Linux S_IFMT bits. */
const FORMAT_BITS: Readonly<Record<Inode["kind"], number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  "character-device": 0o020000,
  "block-device": 0o060000,
  fifo: 0o010000,
};

export const ROLE_NONE = 0;
export const ROLE_GUEST = 1;
export const ROLE_ENV = 2;

export interface IndexInput {
  readonly snapshot: Snapshot;
  /** Role of each inode that has one. */
  readonly roles: ReadonlyMap<InodeNumber, number>;
  /** `NAME=value`, in order. */
  readonly environment: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  readonly uid: number;
  readonly gid: number;
  /** Encoded start programs: without, and with arguments of the run. */
  readonly start: Uint8Array;
  readonly startArguments: Uint8Array;
}

export interface EncodedIndex {
  readonly index: Uint8Array;
  readonly rom: RomPlan;
  readonly inodes: number;
}

/**
 * Encodes a snapshot as docs/index-format.md says. Inodes are numbered in the order of a depth-first walk
 * by the bytes of the names, so that equal trees give equal bytes whatever built them.
 * Throws SNAPSHOT_INVALID for a tree that is none, OUTPUT_TOO_LARGE beyond {@link MODULE_LIMIT}.
 */
export function encodeIndex(input: IndexInput): EncodedIndex {
  const walked = walk(input.snapshot);
  const strings = createStringTable();
  const planner = createRomPlanner();

  const inodeBytes = new Uint8Array(walked.inodes.length * INODE_SIZE);
  const direntBytes = new Uint8Array(walked.direntCount * DIRENT_SIZE);
  const inodeView = new DataView(inodeBytes.buffer);
  const direntView = new DataView(direntBytes.buffer);
  let nextDirent = 0;

  walked.inodes.forEach((entry, number) => {
    const at = number * INODE_SIZE;
    writeCommon(inodeView, at, entry);
    const { inode } = entry;
    switch (inode.kind) {
      case "file":
        inodeView.setUint32(at + 12, planner.place(inode.content), true);
        inodeView.setUint32(at + 16, checkedSize(inode.content.size), true);
        inodeView.setUint32(at + 20, input.roles.get(entry.source) ?? ROLE_NONE, true);
        return;
      case "directory":
        inodeView.setUint32(at + 12, nextDirent, true);
        inodeView.setUint32(at + 16, entry.children.length, true);
        inodeView.setUint32(at + 20, entry.parent, true);
        for (const child of entry.children) {
          writeDirent(direntView, nextDirent * DIRENT_SIZE, child, strings);
          nextDirent++;
        }
        return;
      case "symlink": {
        const target = strings.addText(inode.target);
        inodeView.setUint32(at + 12, target.offset, true);
        inodeView.setUint32(at + 16, target.length, true);
        return;
      }
      default:
        inodeView.setUint32(at + 12, ((inode.major << 20) | (inode.minor & 0xfffff)) >>> 0, true);
    }
  });

  const rom = planner.plan();
  const index = assemble(input, strings, inodeBytes, direntBytes, rom.size);
  if (rom.size + index.length > MODULE_LIMIT) throw outputTooLarge(rom.size + index.length, MODULE_LIMIT);
  return { index, rom, inodes: walked.inodes.length };
}

function assemble(
  input: IndexInput,
  strings: StringTable,
  inodes: Uint8Array,
  dirents: Uint8Array,
  romSize: number,
): Uint8Array {
  const environmentBytes = Buffer.from(input.environment.map((entry) => `${entry}\0`).join(""), "utf8");
  const environment = strings.add(environmentBytes);
  const directory = strings.addText(input.workingDirectory);

  const direntsOffset = SUPERBLOCK_SIZE + inodes.length;
  const stringsOffset = direntsOffset + dirents.length;
  const startOffset = stringsOffset + strings.size;
  const startArgumentsOffset = startOffset + input.start.length;
  const total = startArgumentsOffset + input.startArguments.length;
  if (romSize + total > MODULE_LIMIT) throw outputTooLarge(romSize + total, MODULE_LIMIT);

  const index = new Uint8Array(total);
  const view = new DataView(index.buffer);
  [
    MAGIC,
    VERSION,
    total,
    inodes.length / INODE_SIZE,
    SUPERBLOCK_SIZE,
    dirents.length / DIRENT_SIZE,
    direntsOffset,
    stringsOffset,
    strings.size,
    romSize,
    input.environment.length,
    environment.offset,
    environment.length,
    directory.offset,
    directory.length,
    input.uid,
    input.gid,
    startOffset,
    input.start.length,
    startArgumentsOffset,
    input.startArguments.length,
    0,
  ].forEach((field, position) => {
    view.setUint32(position * 4, field, true);
  });
  index.set(inodes, SUPERBLOCK_SIZE);
  index.set(dirents, direntsOffset);
  strings.copyTo(index, stringsOffset);
  index.set(input.start, startOffset);
  index.set(input.startArguments, startArgumentsOffset);
  return index;
}

interface Child {
  readonly name: Uint8Array;
  readonly number: number;
}

interface WalkedInode {
  readonly source: InodeNumber;
  readonly inode: Inode;
  /** Index number of the directory it was first met in. */
  readonly parent: number;
  links: number;
  readonly children: Child[];
}

/** Numbers the tree's inodes depth first, each directory's entries in the order of their names' bytes. */
function walk(snapshot: Snapshot): { readonly inodes: readonly WalkedInode[]; readonly direntCount: number } {
  const inodes: WalkedInode[] = [];
  const numbers = new Map<InodeNumber, number>();
  let direntCount = 0;

  const visit = (source: InodeNumber, parent: number): WalkedInode => {
    const inode = snapshot.inodes.get(source);
    if (inode === undefined) throw invalidSnapshot(`inode ${source} is missing`);
    const walked = { source, inode, parent, links: inode.kind === "directory" ? 2 : 0, children: [] };
    numbers.set(source, inodes.length);
    inodes.push(walked);
    return walked;
  };

  const root = visit(ROOT, 0);
  if (root.inode.kind !== "directory") throw invalidSnapshot("the root is not a directory");
  const pending: { readonly directory: WalkedInode; readonly entries: Entry[]; next: number }[] = [
    { directory: root, entries: sortedEntries(root.inode.entries), next: 0 },
  ];
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const entry = top.entries[top.next++];
    if (entry === undefined) {
      pending.pop();
      continue;
    }
    direntCount++;
    const known = numbers.get(entry.source);
    const child =
      known === undefined ? visit(entry.source, numbers.get(top.directory.source) ?? 0) : inodes[known];
    if (child === undefined) throw invalidSnapshot(`inode ${entry.source} is missing`);
    top.directory.children.push({ name: entry.name, number: numbers.get(entry.source) ?? 0 });
    if (child.inode.kind === "directory") {
      if (known !== undefined) throw invalidSnapshot(`directory ${entry.source} has two names`);
      top.directory.links++;
      pending.push({ directory: child, entries: sortedEntries(child.inode.entries), next: 0 });
    } else {
      child.links++;
    }
  }
  return { inodes, direntCount };
}

interface Entry {
  readonly name: Uint8Array;
  readonly source: InodeNumber;
}

function sortedEntries(entries: ReadonlyMap<string, InodeNumber>): Entry[] {
  const list = Array.from(entries, ([text, source]) => {
    const name = Buffer.from(text, "utf8");
    if (name.length === 0 || name.length > 255 || text === "." || text === ".." || /[/\0]/.test(text)) {
      throw invalidSnapshot(`${JSON.stringify(text)} cannot be a file's name`);
    }
    return { name, source };
  });
  return list.sort((a, b) => Buffer.compare(a.name, b.name));
}

function writeCommon(view: DataView, at: number, { inode, links }: WalkedInode): void {
  const { attributes } = inode;
  view.setUint16(at, FORMAT_BITS[inode.kind] | (attributes.mode & 0o7777), true);
  view.setUint16(at + 2, Math.min(links, 0xffff), true);
  view.setUint32(at + 4, attributes.uid, true);
  view.setUint32(at + 8, attributes.gid, true);
  const nanoseconds = BigInt(attributes.mtime.seconds) * 1_000_000_000n + BigInt(attributes.mtime.nanos);
  view.setBigInt64(at + 24, clampToI64(nanoseconds), true);
}

function writeDirent(view: DataView, at: number, child: Child, strings: StringTable): void {
  view.setUint32(at, child.number, true);
  view.setUint32(at + 4, strings.add(child.name).offset, true);
  view.setUint16(at + 8, child.name.length, true);
}

function checkedSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw invalidSnapshot(`a file of ${size} bytes`);
  if (size > MODULE_LIMIT) throw outputTooLarge(size, MODULE_LIMIT);
  return size;
}

/** Tar headers can hold dates that 64-bit nanoseconds (years 1677 to 2262) cannot. */
function clampToI64(value: bigint): bigint {
  const limit = 2n ** 63n;
  if (value >= limit) return limit - 1n;
  return value < -limit ? -limit : value;
}
