import { GuestError } from "./abi.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** The guest's linear memory: bounds-checked, and re-read after it has grown. */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  #refresh(): void {
    const buffer = this.#memory?.buffer;
    if (buffer === undefined || this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  #place(pointer: number, length: number): number {
    this.#refresh();
    const start = pointer >>> 0;
    const size = length >>> 0;
    if (start + size > this.#bytes.length) throw new GuestError("EFAULT");
    return start;
  }

  /** The memory as it is now, once the range is known to lie in it. */
  #viewAt(pointer: number, length: number): DataView {
    this.#place(pointer, length);
    return this.#view;
  }

  /** A window onto guest memory: valid until the guest runs again. */
  slice(pointer: number, length: number): Uint8Array {
    const start = this.#place(pointer, length);
    return this.#bytes.subarray(start, start + (length >>> 0));
  }

  string(pointer: number, length: number): string {
    try {
      return decoder.decode(this.slice(pointer, length));
    } catch (error) {
      if (error instanceof GuestError) throw error;
      throw new GuestError("EINVAL");
    }
  }

  u32(pointer: number): number {
    return this.#viewAt(pointer, 4).getUint32(pointer >>> 0, true);
  }
  u64(pointer: number): bigint {
    return this.#viewAt(pointer, 8).getBigUint64(pointer >>> 0, true);
  }
  u16(pointer: number): number {
    return this.#viewAt(pointer, 2).getUint16(pointer >>> 0, true);
  }
  u8(pointer: number): number {
    return this.#viewAt(pointer, 1).getUint8(pointer >>> 0);
  }
  setU8(pointer: number, value: number): void {
    this.#viewAt(pointer, 1).setUint8(pointer >>> 0, value);
  }
  setU16(pointer: number, value: number): void {
    this.#viewAt(pointer, 2).setUint16(pointer >>> 0, value, true);
  }
  setU32(pointer: number, value: number): void {
    this.#viewAt(pointer, 4).setUint32(pointer >>> 0, value, true);
  }
  setU64(pointer: number, value: bigint): void {
    this.#viewAt(pointer, 8).setBigUint64(pointer >>> 0, value, true);
  }
}

/** NUL-terminated strings one after another, as argv and environ are laid out. */
export function encodeStrings(strings: readonly string[]): readonly Uint8Array[] {
  return strings.map((text) => encoder.encode(`${text}\0`));
}
