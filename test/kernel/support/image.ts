/**
 * A second encoder of docs/index-format.md, written from that document alone: a cross-check of the one in src/.
 * It encodes what it is told, right or wrong.
 */

export type TestNode =
  | { readonly dir: Readonly<Record<string, TestNode>>; readonly mode?: number; readonly uid?: number }
  | {
      readonly file: string | Uint8Array;
      readonly mode?: number;
      readonly uid?: number;
      readonly role?: number;
    }
  | { readonly link: string }
  | { readonly device: readonly [number, number]; readonly mode: number }
  /** Another name of the file at this absolute path, which comes earlier. */
  | { readonly hardLink: string };

export interface TestImage {
  readonly root: Readonly<Record<string, TestNode>>;
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly start?: Uint8Array;
  readonly startArgs?: Uint8Array;
}

export interface Encoded {
  readonly index: Uint8Array;
  readonly rom: Uint8Array;
}

interface Inode {
  mode: number;
  nlink: number;
  uid: number;
  offset: number;
  size: number;
  extra: number;
}

export const IMAGE_TIME = 1_700_000_000n * 1_000_000_000n;

export function encodeImage(image: TestImage): Encoded {
  const inodes: Inode[] = [];
  const dirents: { inode: number; name: number; length: number }[] = [];
  const strings = new Bytes();
  const rom = new Bytes();
  const byPath = new Map<string, number>();

  const leaf = (node: Exclude<TestNode, { dir: unknown } | { hardLink: unknown }>): Inode => {
    if ("file" in node) {
      const bytes = Buffer.from(node.file);
      const mode = 0o100000 | (node.mode ?? 0o644);
      return {
        mode,
        nlink: 1,
        uid: node.uid ?? 0,
        offset: rom.add(bytes),
        size: bytes.length,
        extra: node.role ?? 0,
      };
    }
    if ("link" in node) {
      const target = Buffer.from(node.link);
      return {
        mode: 0o120777,
        nlink: 1,
        uid: 0,
        offset: strings.add(target),
        size: target.length,
        extra: 0,
      };
    }
    return {
      mode: node.mode,
      nlink: 1,
      uid: 0,
      offset: (node.device[0] << 20) | node.device[1],
      size: 0,
      extra: 0,
    };
  };

  const directory = (node: Extract<TestNode, { dir: unknown }>, path: string, parent: number): number => {
    const number = inodes.length;
    const inode: Inode = {
      mode: 0o040000 | (node.mode ?? 0o755),
      nlink: 2,
      uid: node.uid ?? 0,
      offset: 0,
      size: 0,
      extra: parent,
    };
    inodes.push(inode);
    const entries = Object.entries(node.dir).map(([name, child]) => {
      const childPath = `${path}/${name}`;
      if ("dir" in child) {
        inode.nlink++;
        return { name: Buffer.from(name), inode: directory(child, childPath, number) };
      }
      if ("hardLink" in child) {
        const target = byPath.get(child.hardLink)!;
        inodes[target]!.nlink++;
        return { name: Buffer.from(name), inode: target };
      }
      byPath.set(childPath, inodes.length);
      inodes.push(leaf(child));
      return { name: Buffer.from(name), inode: inodes.length - 1 };
    });
    entries.sort((a, b) => Buffer.compare(a.name, b.name));
    inode.offset = dirents.length;
    inode.size = entries.length;
    for (const { name, inode: child } of entries) {
      dirents.push({ inode: child, name: strings.add(name), length: name.length });
    }
    return number;
  };
  directory({ dir: image.root }, "", 0);

  const env = Buffer.from((image.env ?? []).map((entry) => `${entry}\0`).join(""));
  const cwd = Buffer.from(image.cwd ?? "/");
  const [envOffset, cwdOffset] = [strings.add(env), strings.add(cwd)];
  const start = image.start ?? new Uint8Array();
  const startArgs = image.startArgs ?? start;

  const inodesOffset = 128;
  const direntsOffset = inodesOffset + 32 * inodes.length;
  const startOffset = direntsOffset + 12 * dirents.length;
  const startArgsOffset = startOffset + start.length;
  const stringsOffset = startArgsOffset + startArgs.length;
  const index = Buffer.alloc(stringsOffset + strings.size);
  const head = [
    ...[0x49585742, 1, index.length, inodes.length, inodesOffset, dirents.length, direntsOffset],
    ...[stringsOffset, strings.size, rom.size, image.env?.length ?? 0, envOffset, env.length],
    ...[cwdOffset, cwd.length, image.uid ?? 0, image.gid ?? 0],
    ...[startOffset, start.length, startArgsOffset, startArgs.length, 0],
  ];
  head.forEach((value, at) => {
    index.writeUInt32LE(value, 4 * at);
  });
  inodes.forEach((inode, number) => {
    const at = inodesOffset + 32 * number;
    index.writeUInt16LE(inode.mode, at);
    index.writeUInt16LE(inode.nlink, at + 2);
    index.writeUInt32LE(inode.uid, at + 4);
    index.writeUInt32LE(inode.uid, at + 8);
    index.writeUInt32LE(inode.offset, at + 12);
    index.writeUInt32LE(inode.size, at + 16);
    index.writeUInt32LE(inode.extra, at + 20);
    index.writeBigInt64LE(IMAGE_TIME, at + 24);
  });
  dirents.forEach((entry, number) => {
    const at = direntsOffset + 12 * number;
    index.writeUInt32LE(entry.inode, at);
    index.writeUInt32LE(entry.name, at + 4);
    index.writeUInt16LE(entry.length, at + 8);
  });
  index.set(start, startOffset);
  index.set(startArgs, startArgsOffset);
  index.set(strings.bytes(), stringsOffset);
  return { index, rom: rom.bytes() };
}

class Bytes {
  readonly #parts: Uint8Array[] = [];
  size = 0;

  add(bytes: Uint8Array): number {
    const at = this.size;
    this.#parts.push(bytes);
    this.size += bytes.length;
    return at;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
