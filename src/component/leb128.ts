/** Unsigned LEB128 as the WebAssembly binary format uses it (core specification, 5.2.2). */

/** The shortest encoding of an integer from 0 to 2^53 - 1. */
export function encodeUnsigned(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an unsigned integer: ${value}`);
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/**
 * Decodes a u32 at `position`, in at most five bytes.
 * Returns undefined where the bytes end too early, are too many, or exceed 32 bits.
 */
export function decodeU32(
  bytes: Uint8Array,
  position: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[position + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value > 0xffffffff ? undefined : { value, next: position + index + 1 };
  }
  return undefined;
}
