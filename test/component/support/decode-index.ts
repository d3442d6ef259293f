/** Reads an index by docs/index-format.md alone: shares no code with the encoder that it checks. */
export interface DecodedInode {
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly offset: number;
  readonly size: number;
  readonly role: number;
  readonly mtime: bigint;
}

export interface DecodedIndex {
  readonly inodes: readonly DecodedInode[];
  readonly romSize: number;
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly uid: number;
  readonly gid: number;
  readonly start: Uint8Array;
  readonly startArguments: Uint8Array;
  /** path → inode number. */
  readonly paths: ReadonlyMap<string, number>;
  target(inode: number): string;
}

export function decodeIndex(bytes: Uint8Array): DecodedIndex {
  const b = Buffer.from(bytes);
  const u32 = (at: number) => b.readUInt32LE(at);
  if (b.subarray(0, 4).toString() !== "BWXI") throw new Error("magic");
  if (u32(4) !== 1 || u32(8) !== b.length || u32(84) !== 0) throw new Error("superblock");
  if (b.subarray(88, 128).some((byte) => byte !== 0)) throw new Error("reserved bytes");
  const [inodeCount, inodesAt, direntCount, direntsAt] = [u32(12), u32(16), u32(20), u32(24)];
  const [stringsAt, stringsSize] = [u32(28), u32(32)];
  if (stringsAt + stringsSize > b.length || direntsAt + 12 * direntCount > b.length) throw new Error("areas");
  const strings = (offset: number, length: number): Buffer => {
    if (offset + length > stringsSize) throw new Error("string out of bounds");
    return b.subarray(stringsAt + offset, stringsAt + offset + length);
  };
  const inodes = Array.from({ length: inodeCount }, (_, number): DecodedInode => {
    const at = inodesAt + 32 * number;
    return {
      mode: b.readUInt16LE(at),
      nlink: b.readUInt16LE(at + 2),
      uid: u32(at + 4),
      gid: u32(at + 8),
      offset: u32(at + 12),
      size: u32(at + 16),
      role: u32(at + 20),
      mtime: b.readBigInt64LE(at + 24),
    };
  });
  const paths = new Map<string, number>([["/", 0]]);
  const used = new Set<number>();
  const visit = (number: number, path: string) => {
    const inode = inodes[number]!;
    if ((inode.mode & 0o170000) !== 0o040000) return;
    let previous: Buffer | undefined;
    for (let index = inode.offset; index < inode.offset + inode.size; index++) {
      if (used.has(index) || index >= direntCount) throw new Error("dirents overlap");
      used.add(index);
      const at = direntsAt + 12 * index;
      if (b.readUInt16LE(at + 10) !== 0) throw new Error("dirent padding");
      const name = strings(u32(at + 4), b.readUInt16LE(at + 8));
      if (previous !== undefined && Buffer.compare(previous, name) >= 0) throw new Error("dirents unsorted");
      previous = name;
      const child = u32(at);
      paths.set(`${path}/${name.toString()}`, child);
      const childInode = inodes[child]!;
      if ((childInode.mode & 0o170000) === 0o040000 && childInode.role !== number) throw new Error("parent");
      visit(child, `${path}/${name.toString()}`);
    }
  };
  visit(0, "");
  if (used.size !== direntCount) throw new Error("unused dirents");
  const environmentText = strings(u32(44), u32(48)).toString();
  const environment = environmentText === "" ? [] : environmentText.slice(0, -1).split("\0");
  if (environment.length !== u32(40)) throw new Error("environment count");
  return {
    inodes,
    romSize: u32(36),
    environment,
    workingDirectory: strings(u32(52), u32(56)).toString(),
    uid: u32(60),
    gid: u32(64),
    start: b.subarray(u32(68), u32(68) + u32(72)),
    startArguments: b.subarray(u32(76), u32(76) + u32(80)),
    paths,
    target: (number) => strings(inodes[number]!.offset, inodes[number]!.size).toString(),
  };
}
