import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

/** Up to this size a file is read at once and synchronously: opening a stream costs more than its bytes. */
const smallSize = 1 << 18;
const windowSize = 1 << 20;

/**
 * The bytes of a file of the host, up to `limit` of them (a file may grow while it is read). A piece is valid
 * until the next one is asked for: large files are read ahead into two buffers in turn, so that memory does
 * not grow with their size. Throws the host's errors.
 */
export async function* readHostFile(path: string, limit: number): AsyncGenerator<Uint8Array> {
  const small = readSmallHostFile(path);
  if (small !== undefined) yield small.subarray(0, limit);
  else yield* readLargeFile(path, limit);
}

/** All bytes of a file that is small; undefined for a larger one. Throws the host's errors. */
export function readSmallHostFile(path: string): Uint8Array | undefined {
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    if (size > smallSize) return undefined;
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    while (done < size) {
      const count = readSync(descriptor, bytes, done, size - done, done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(descriptor);
  }
}

async function* readLargeFile(path: string, limit: number): AsyncGenerator<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const buffers = [new Uint8Array(windowSize), new Uint8Array(windowSize)] as const;
    const read = (turn: number, position: number) => {
      const reading = handle.read(
        buffers[turn % 2 === 0 ? 0 : 1],
        0,
        Math.min(windowSize, limit - position),
        position,
      );
      // Awaited at the next turn; a failure meanwhile must not count as unhandled.
      reading.catch(() => {});
      return reading;
    };
    let reading = read(0, 0);
    for (let turn = 0, position = 0; position < limit; turn++) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      position += bytesRead;
      reading = read(turn + 1, position);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
