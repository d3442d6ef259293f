import {
  tarInvalidName,
  tarInvalidPax,
  tarInvalidSize,
  tarTooManyEntries,
  tarTruncated,
  tarUnsupported,
} from "../../errors/filesystem.ts";
import type { Attributes, DeviceKind } from "../types.ts";
import { blockSize, decodeHeader, decodeName, type RawHeader } from "./header.ts";
import { cleanPath } from "./path.ts";
import { decodePax, type PaxRecords, paxNumber, paxText, paxTime } from "./pax.ts";
import { ByteSource } from "./source.ts";

export interface TarLimits {
  readonly entries: number;
  /** Bytes of the whole archive, not compressed. */
  readonly size: number;
  /** Bytes of one extended header (names, extended attributes). */
  readonly metadata: number;
}

export const defaultTarLimits: TarLimits = { entries: 2_000_000, size: 64 * 2 ** 30, metadata: 2 ** 20 };

interface EntryBase {
  /** Normalised, below the root; "" is the root. */
  readonly path: string;
  readonly attributes: Attributes;
}

export type TarEntry = EntryBase &
  (
    | {
        readonly kind: "file";
        /** Where the bytes lie in the archive. */
        readonly offset: number;
        readonly size: number;
        /** Valid until the next entry is asked for; what is left unread is skipped. */
        readonly body: AsyncIterable<Uint8Array>;
      }
    | { readonly kind: "directory" }
    | { readonly kind: "symlink"; readonly target: string }
    | { readonly kind: "hard-link"; readonly target: string }
    | { readonly kind: DeviceKind; readonly major: number; readonly minor: number }
  );

interface Pending {
  pax: PaxRecords | undefined;
  longName: string | undefined;
  longLink: string | undefined;
}

/** Keywords by which a global header would change entries; readers disagree about them, so they are refused. */
const meaningful = /^(path|linkpath|size|uid|gid|mtime|hdrcharset|GNU\.sparse\..*|SCHILY\.xattr\..*)$/;

/**
 * Reads a tar (not compressed) to its very end, strictly: everything that could make two readers see two
 * different trees is an error with a code that begins with TAR_.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  limits: TarLimits = defaultTarLimits,
): AsyncGenerator<TarEntry> {
  const source = new ByteSource(chunks, limits.size);
  let entries = 0;
  let pending: Pending = { pax: undefined, longName: undefined, longLink: undefined };
  try {
    for (;;) {
      const block = await source.exactly(blockSize);
      // Like other readers: an archive may end where an entry ends, without its blocks of zeros.
      const header = block === undefined ? undefined : decodeHeader(block);
      if (header === undefined) {
        if (pending.pax !== undefined || pending.longName !== undefined) throw tarTruncated();
        await source.drain();
        return;
      }
      if (++entries > limits.entries) throw tarTooManyEntries(limits.entries);
      if (await readMetadata(source, header, pending, limits.metadata)) continue;
      const entry = interpret(source, header, pending);
      pending = { pax: undefined, longName: undefined, longLink: undefined };
      const end = source.position + (entry.kind === "file" ? entry.size : 0);
      yield entry;
      await source.skip(end - source.position);
      await source.skip(padding(end));
    }
  } finally {
    await source.close();
  }
}

function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** Takes in a header that describes the entry after it; false if this is an entry itself. */
async function readMetadata(
  source: ByteSource,
  header: RawHeader,
  pending: Pending,
  limit: number,
): Promise<boolean> {
  if (!["x", "g", "L", "K"].includes(header.type)) return false;
  if (header.size > limit) throw tarInvalidPax(`it has ${header.size} bytes, more than ${limit}`);
  const bytes = header.size === 0 ? new Uint8Array(0) : await source.exactly(header.size);
  if (bytes === undefined) throw tarTruncated();
  await source.skip(padding(header.size));
  if (header.type === "x") {
    pending.pax = decodePax(bytes);
  } else if (header.type === "g") {
    const keyword = [...decodePax(bytes).keys()].find((key) => meaningful.test(key));
    if (keyword !== undefined) throw tarUnsupported(header.name, `a global header with ${keyword}`);
  } else {
    const end = bytes.indexOf(0);
    const name = decodeName(end < 0 ? bytes : bytes.subarray(0, end));
    if (header.type === "L") pending.longName = name;
    else pending.longLink = name;
  }
  return true;
}

function interpret(source: ByteSource, header: RawHeader, { pax, longName, longLink }: Pending): TarEntry {
  const records: PaxRecords = pax ?? new Map();
  const name = paxText(records, "path") ?? longName ?? header.name;
  const linkName = paxText(records, "linkpath") ?? longLink ?? header.linkName;
  for (const keyword of records.keys()) {
    if (keyword.startsWith("GNU.sparse.")) throw tarUnsupported(name, "a sparse file");
  }
  const path = cleanPath(name);
  const attributes: Attributes = {
    mode: header.mode,
    uid: owner(paxNumber(records, "uid") ?? header.uid),
    gid: owner(paxNumber(records, "gid") ?? header.gid),
    mtime: paxTime(records, "mtime") ?? { seconds: header.mtime, nanos: 0 },
    xattrs: extendedAttributes(records),
  };
  const common = { path, attributes };
  // Before POSIX, a directory was a file whose name ends in a slash.
  const isFile = ["0", "7"].includes(header.type) && !name.endsWith("/");
  if (path === "" && isFile) throw tarInvalidName(name);
  switch (header.type) {
    case "0":
    case "7": {
      if (!isFile && header.size > 0) throw tarInvalidSize(name);
      if (!isFile) return { ...common, kind: "directory" };
      const size = paxNumber(records, "size") ?? header.size;
      if (size > Number.MAX_SAFE_INTEGER - 2 * blockSize) throw tarInvalidSize(name);
      return { ...common, kind: "file", offset: source.position, size, body: source.pieces(size) };
    }
    case "5":
      return { ...common, kind: "directory" };
    case "1":
    case "2": {
      if (path === "" || linkName === "" || linkName.includes("\0")) throw tarInvalidName(name);
      if (Buffer.byteLength(linkName) > 4095) throw tarInvalidName(linkName);
      if (header.type === "2") return { ...common, kind: "symlink", target: linkName };
      return { ...common, kind: "hard-link", target: cleanPath(linkName) };
    }
    case "3":
    case "4":
    case "6": {
      if (path === "") throw tarInvalidName(name);
      const kind = ({ 3: "character-device", 4: "block-device", 6: "fifo" } as const)[header.type];
      return { ...common, kind, major: header.major, minor: header.minor };
    }
    default:
      throw tarUnsupported(name, header.type === "S" ? "a sparse file" : `of type ${show(header.type)}`);
  }
}

const show = (type: string): string => JSON.stringify(type);

function owner(id: number): number {
  if (id > 0xffff_fffe) throw tarInvalidPax("an owner is out of range");
  return id;
}

function extendedAttributes(records: PaxRecords): Readonly<Record<string, string>> {
  const prefix = "SCHILY.xattr.";
  const found: [string, string][] = [];
  for (const [keyword, value] of records) {
    if (!keyword.startsWith(prefix)) continue;
    const name = keyword.slice(prefix.length);
    if (name === "" || name.includes("\0") || name.length > 255)
      throw tarInvalidPax("an attribute has no name");
    found.push([name, Buffer.from(value).toString("base64")]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
