import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { tarBomb, tarDecompression } from "../../errors/filesystem.ts";
import { BoxwrightError } from "../../errors/index.ts";

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

type Chunks = AsyncIterable<Uint8Array>;

/** The most that `sniffCompression` looks at. */
const magicLength = 6;

/** By the magic numbers of RFC 1952, RFC 8878, bzip2 and xz; everything else is "none". */
export function sniffCompression(start: Uint8Array): Compression {
  const hex = Buffer.from(start.subarray(0, magicLength)).toString("hex");
  if (hex.startsWith("1f8b")) return "gzip";
  if (hex.startsWith("28b52ffd")) return "zstd";
  if (hex.startsWith("425a68")) return "bzip2";
  if (hex.startsWith("fd377a585a00")) return "xz";
  return "none";
}

/** The same chunks, once their compression is known. */
export async function peekCompression(
  chunks: Chunks,
): Promise<{ readonly compression: Compression; readonly chunks: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let length = 0;
  while (length < magicLength) {
    const next = await iterator.next();
    if (next.done === true) break;
    taken.push(next.value);
    length += next.value.length;
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    try {
      yield* taken;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { compression: sniffCompression(Buffer.concat(taken)), chunks: again() };
}

/**
 * What a stream unpacks to, whichever compression it has. An output of more than `ratio` times the input is
 * refused with TAR_EXPANDS_TOO_MUCH (after the first 64 MiB, which are no danger).
 */
export async function* decompress(
  chunks: Chunks,
  limits: { readonly ratio: number } = { ratio: 1000 },
): AsyncGenerator<Uint8Array> {
  const peeked = await peekCompression(chunks);
  if (peeked.compression === "none") {
    yield* peeked.chunks;
    return;
  }
  let input = 0;
  let output = 0;
  let sourceFailure: unknown;
  const check = (): void => {
    if (output > 64 * 2 ** 20 && output > input * limits.ratio) throw tarBomb(limits.ratio);
  };
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of peeked.chunks) {
        input += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceFailure = error;
      throw error;
    }
  }
  try {
    for await (const chunk of unpackers[peeked.compression](counted())) {
      output += chunk.length;
      check();
      yield chunk;
    }
  } catch (cause) {
    // A source that cannot be read says nothing about what is in it.
    if (sourceFailure !== undefined) throw sourceFailure;
    if (cause instanceof BoxwrightError) throw cause;
    throw tarDecompression(peeked.compression, cause);
  }
}

const unpackers: Readonly<Record<Exclude<Compression, "none">, (chunks: Chunks) => Chunks>> = {
  gzip: (chunks) => through(chunks, createGunzip()),
  zstd: (chunks) => through(chunks, createZstdDecompress()),
  bzip2,
  xz,
};

async function* through(
  chunks: Chunks,
  unpacker: NodeJS.ReadWriteStream & Readable,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(chunks, { objectMode: false });
  input.on("error", (error) => unpacker.destroy(error));
  try {
    yield* input.pipe(unpacker) as AsyncIterable<Uint8Array>;
  } finally {
    input.destroy();
    unpacker.destroy();
  }
}

/** Fed in small pieces, because every piece is unpacked at once: a block of 900 kB may hold 45 MB of zeros. */
async function* bzip2(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const { default: createUnpacker } = await import("unbzip2-stream");
  const unpacker = createUnpacker();
  const ready: Uint8Array[] = [];
  let failure: unknown;
  unpacker.on("data", (chunk: Uint8Array) => ready.push(chunk));
  unpacker.on("error", (error: unknown) => {
    failure ??= error;
  });
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += 4096) {
      unpacker.write(Buffer.from(chunk.subarray(at, at + 4096)));
      if (failure !== undefined) throw failure;
      yield* ready.splice(0);
    }
  }
  unpacker.end();
  if (failure !== undefined) throw failure;
  yield* ready.splice(0);
}

async function* xz(chunks: Chunks): AsyncGenerator<Uint8Array> {
  // A CommonJS module whose names Node does not see from outside.
  const { XzReadableStream } = (await import("xz-decompress")).default;
  const compressed = ReadableStream.from(chunks);
  yield* new XzReadableStream(compressed as ConstructorParameters<typeof XzReadableStream>[0]);
}
