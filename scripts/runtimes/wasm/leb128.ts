/** LEB128, as the WebAssembly binary format uses it (core specification 5.2.2). */

export interface Decoded {
  readonly value: number;
  /** Position after the number. */
  readonly next: number;
}

/** Reads an unsigned number of at most 32 bits. Throws a RangeError where the bytes are not one. */
export function readUnsigned(bytes: Uint8Array, position: number): Decoded {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[position + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: position + index + 1 };
  }
  throw new RangeError(`no LEB128 number at ${position}`);
}

export function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return Uint8Array.from(bytes);
}

/** A 32-bit number as the signed operand of `i32.const`. */
export function signed(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return Uint8Array.from(bytes);
  }
}
