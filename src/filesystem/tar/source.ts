import { tarTooLarge, tarTruncated } from "../../errors/filesystem.ts";

/** A stream of chunks, taken in pieces of wanted sizes, with its position and a bound on its length. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #limit: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;
  #received = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, limit: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#limit = limit;
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** From 1 up to `most` bytes, without copying; undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#chunk = next.value;
      this.#received += next.value.length;
      if (this.#received > this.#limit) throw tarTooLarge(this.#limit);
    }
    const piece = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(piece.length);
    this.#position += piece.length;
    return piece;
  }

  /** Exactly `length` bytes (few: they are gathered); undefined where the stream has ended before the first. */
  async exactly(length: number): Promise<Uint8Array | undefined> {
    const first = await this.some(length);
    if (first === undefined || first.length === length) return first;
    const gathered = new Uint8Array(length);
    gathered.set(first);
    for (let done = first.length; done < length; ) {
      const piece = await this.some(length - done);
      if (piece === undefined) throw tarTruncated();
      gathered.set(piece, done);
      done += piece.length;
    }
    return gathered;
  }

  /** Hands on exactly `length` bytes as they come. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const piece = await this.some(left);
      if (piece === undefined) throw tarTruncated();
      left -= piece.length;
      yield piece;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.pieces(length));
  }

  async drain(): Promise<void> {
    while ((await this.some(1 << 20)) !== undefined);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
