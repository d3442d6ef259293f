import type { FileContent } from "../types.ts";

/** Stands in a new file's leaf: no byte of it is ever read. */
export const emptyContent: FileContent = {
  blob: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  offset: 0,
  size: 0,
  sha256: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
};

/** The bytes of a file that was written to: a growing buffer. Bytes past the end are always zero. */
export class FileData {
  #buffer: Uint8Array;
  #size: number;

  constructor(initial: Uint8Array) {
    this.#buffer = initial;
    this.#size = initial.length;
  }

  get size(): number {
    return this.#size;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  read(position: number, target: Uint8Array): number {
    const end = Math.min(this.#size, position + target.length);
    if (position >= end) return 0;
    target.set(this.#buffer.subarray(position, end));
    return end - position;
  }

  write(position: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.#size, position + bytes.length));
    this.#buffer.set(bytes, position);
  }

  resize(size: number): void {
    if (size > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(size, this.#buffer.length * 2, 64));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    } else if (size < this.#size) {
      this.#buffer.fill(0, size, this.#size);
    }
    this.#size = size;
  }
}
