/** One 512-byte header block of a tar: ustar, GNU and v7 (POSIX pax(1), "ustar Interchange Format"). */

import { tarChecksum, tarInvalidName, tarInvalidNumber } from "../../errors/filesystem.ts";

export const blockSize = 512;

export interface RawHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** The type flag's character; "0" also for NUL. */
  readonly type: string;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws TAR_INVALID_NAME: names that are not UTF-8 have no place in a snapshot, nor in WASI. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw tarInvalidName(Buffer.from(bytes).toString("latin1"));
  }
}

/** The block's header, or undefined for a block of zeros, which ends the archive. */
export function decodeHeader(block: Uint8Array): RawHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  checkChecksum(block);
  const magic = Buffer.from(block.buffer, block.byteOffset + 257, 8).toString("latin1");
  const flag = block[156] ?? 0;
  const isUstar = magic.startsWith("ustar\0");
  const prefix = isUstar ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const isDevice = flag === 0x33 || flag === 0x34;
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8, "mode") & 0o7777,
    uid: number(block, 108, 8, "owner"),
    gid: number(block, 116, 8, "group"),
    size: number(block, 124, 12, "size"),
    mtime: number(block, 136, 12, "modification time", true),
    type: flag === 0 ? "0" : String.fromCharCode(flag),
    linkName: text(block, 157, 100),
    major: isDevice ? number(block, 329, 8, "device number") : 0,
    minor: isDevice ? number(block, 337, 8, "device number") : 0,
  };
}

/** The sum of all bytes with the checksum field as spaces; old writers summed signed bytes. */
function checkChecksum(block: Uint8Array): void {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < blockSize; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  let stored: number;
  try {
    stored = number(block, 148, 8, "checksum");
  } catch {
    throw tarChecksum();
  }
  if (stored !== unsigned && stored !== signed) throw tarChecksum();
}

function text(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return decodeName(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits between spaces and NULs, or base-256 (GNU) where the first bit is set. */
function number(block: Uint8Array, offset: number, length: number, field: string, negative = false): number {
  const bytes = block.subarray(offset, offset + length);
  const value = ((bytes[0] ?? 0) & 0x80) !== 0 ? base256(bytes) : octal(bytes);
  if (value === undefined || !Number.isSafeInteger(value) || (value < 0 && !negative)) {
    throw tarInvalidNumber(field);
  }
  return value;
}

function octal(bytes: Uint8Array): number | undefined {
  const match = /^ *([0-7]*)[ \0]*$/.exec(Buffer.from(bytes).toString("latin1"));
  // A NUL ends the number; what follows it was never written by some tools.
  const short = match ?? /^ *([0-7]*)[ \0]/.exec(Buffer.from(bytes).toString("latin1"));
  if (short?.[1] === undefined) return undefined;
  return short[1] === "" ? 0 : Number.parseInt(short[1], 8);
}

/** Two's complement, big-endian, in all bits but the first. */
function base256(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  let value = first & 0x40 ? (first & 0x7f) - 0x80 : first & 0x7f;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  return value;
}
