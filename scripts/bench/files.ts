/** Files to measure with: the same bytes on every machine, which neither compress nor repeat. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

/** Fills with xorshift32, whose sequences do not meet for as long as any file here is. */
export function fill(bytes: Buffer, seed: number): Buffer {
  let state = (Math.imul(seed + 1, 0x9e37_79b1) ^ 0x85eb_ca6b) | 1;
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, at);
  }
  return bytes;
}

/** `count` files of `size` bytes; where `seedOf` gives the same seed again, so is the file. */
export function writeTree(
  directory: string,
  count: number,
  size: number,
  seedOf = (n: number): number => n,
): void {
  const bytes = Buffer.alloc(size);
  for (let n = 0; n < count; n += 1) {
    const parent = path.join(directory, `package-${n % 150}`, `module-${n % 7}`);
    mkdirSync(parent, { recursive: true });
    writeFileSync(path.join(parent, `file-${n}.bin`), fill(bytes, seedOf(n)));
  }
}

export function writeLarge(file: string, size: number): void {
  const bytes = Buffer.alloc(10_000_000);
  mkdirSync(path.dirname(file), { recursive: true });
  const descriptor = openSync(file, "w");
  for (let done = 0; done < size; done += bytes.length) {
    const piece = fill(bytes, done).subarray(0, Math.min(bytes.length, size - done));
    for (let at = 0; at < piece.length; ) at += writeSync(descriptor, piece, at);
  }
  closeSync(descriptor);
}
