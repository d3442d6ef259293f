import { FILETYPE, GuestError, SIZE } from "./abi.ts";
import { type DirectoryEntry, filetypeOf, type OpenDirectory } from "./descriptors.ts";
import type { FileContext } from "./fd-calls.ts";

const ROOT = 1;

function list(context: FileContext, directory: OpenDirectory): readonly DirectoryEntry[] {
  const { tree, hiddenNames } = context;
  const { inode } = directory;
  const entries = tree
    .readDirectory(inode)
    .filter(({ name }) => inode !== ROOT || !hiddenNames.has(name))
    .map((entry) => ({ name: entry.name, inode: entry.inode, filetype: filetypeOf(entry.kind) }));
  const dots = [".", ".."].map((name) => ({ name, inode, filetype: FILETYPE.DIRECTORY }));
  return [...dots, ...entries];
}

/**
 * fd_readdir: fills `buffer` with entries from `cookie` on (their position in the listing), the last one
 * cut off where the buffer ends, as preview 1 asks; returns the bytes used.
 */
export function writeDirectory(
  context: FileContext,
  directory: OpenDirectory,
  buffer: Uint8Array,
  cookie: bigint,
): number {
  if (cookie === 0n || directory.listing === undefined) directory.listing = list(context, directory);
  const { listing } = directory;
  if (cookie < 0n || cookie > BigInt(listing.length)) throw new GuestError("EINVAL");
  let used = 0;
  for (let index = Number(cookie); index < listing.length && used < buffer.length; index++) {
    const { name, inode, filetype } = listing[index]!;
    const bytes = Buffer.from(name);
    const entry = Buffer.alloc(SIZE.DIRENT + bytes.length);
    entry.writeBigUInt64LE(BigInt(index + 1), 0);
    entry.writeBigUInt64LE(BigInt(inode), 8);
    entry.writeUInt32LE(bytes.length, 16);
    entry.writeUInt8(filetype, 20);
    bytes.copy(entry, SIZE.DIRENT);
    const fits = Math.min(entry.length, buffer.length - used);
    buffer.set(entry.subarray(0, fits), used);
    used += fits;
  }
  return used;
}
