import { decodeU32 } from "./leb128.ts";

/** Reads a section's body; every fault is a {@link WasmFault} with its place in the file. */
export class WasmFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Longest name that is believed; wasm tools stop at 100,000 bytes too. */
const NAME_LIMIT = 100_000;

export class WasmCursor {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #position = 0;

  /** `base` is where the bytes lie in the file, for messages. */
  constructor(bytes: Uint8Array, base: number) {
    this.#bytes = bytes;
    this.#base = base;
  }

  get offset(): number {
    return this.#base + this.#position;
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  fault(message: string): WasmFault {
    return new WasmFault(message, this.offset);
  }

  byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw this.fault("a section ends too early");
    this.#position++;
    return byte;
  }

  u32(): number {
    const decoded = decodeU32(this.#bytes, this.#position);
    if (decoded === undefined) throw this.fault("a number is damaged");
    this.#position = decoded.next;
    return decoded.value;
  }

  /** A LEB128 number of up to 64 bits whose value does not matter. */
  skipNumber(): void {
    for (let count = 0; count < 10; count++) if (this.byte() < 0x80) return;
    throw this.fault("a number is damaged");
  }

  /** A vector's length; each element takes at least `elementSize` bytes. */
  count(elementSize: number): number {
    const count = this.u32();
    if (count * elementSize > this.#bytes.length - this.#position) throw this.fault("a list is too long");
    return count;
  }

  name(): string {
    const length = this.u32();
    if (length > NAME_LIMIT) throw this.fault("a name is too long");
    if (length > this.#bytes.length - this.#position) throw this.fault("a section ends too early");
    const bytes = this.#bytes.subarray(this.#position, this.#position + length);
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      this.#position += length;
      return text;
    } catch {
      throw this.fault("a name is not UTF-8");
    }
  }
}
