import { createHash, randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BoxwrightError } from "../errors/index.ts";
import { storeWriteFailed } from "../errors/store.ts";
import type { Digest } from "../filesystem/types.ts";
import { type HostFiles, markUsed } from "./files.ts";
import type { BlobWriter } from "./types.ts";

/** Small writes (tar headers) are gathered, so that each costs no system call. */
const bufferSize = 1 << 19;

/** A temp file that becomes `destination(digest)` on commit: hashed as it is written, synced, then renamed. */
export async function createBlobWriter(
  files: HostFiles,
  temporaryDirectory: string,
  destination: (digest: Digest) => string,
): Promise<BlobWriter> {
  const temporary = join(temporaryDirectory, randomUUID());
  const hash = createHash("sha256");
  // One is filled while the other is written.
  let buffer = new Uint8Array(bufferSize);
  let spare = new Uint8Array(bufferSize);
  let buffered = 0;
  let writing: Promise<void> = Promise.resolve();
  let position = 0;
  let state: "open" | "closed" = "open";
  let file: FileHandle;
  try {
    file = await files.create(temporary);
  } catch (cause) {
    throw storeWriteFailed("a blob", cause);
  }

  async function discard(): Promise<void> {
    state = "closed";
    await writing.catch(() => {});
    // The failure that led here is what the caller needs to see, not one of the clean-up.
    await file.close().catch(() => {});
    await files.remove(temporary).catch(() => {});
  }

  /** Starts to write what is gathered; waits only for the write before it. */
  async function flush(): Promise<void> {
    await writing;
    if (buffered === 0) return;
    writing = files.write(file, buffer.subarray(0, buffered));
    // Awaited at the next flush; a failure meanwhile must not count as unhandled.
    writing.catch(() => {});
    [buffer, spare] = [spare, buffer];
    buffered = 0;
  }

  async function guarded<T>(action: () => Promise<T>): Promise<T> {
    if (state !== "open") throw storeWriteFailed("a blob that is closed", undefined);
    try {
      return await action();
    } catch (cause) {
      await discard();
      if (cause instanceof BoxwrightError) throw cause;
      throw storeWriteFailed("a blob", cause);
    }
  }

  return {
    get position() {
      return position;
    },
    write: (bytes) =>
      guarded(async () => {
        position += bytes.length;
        if (buffered + bytes.length > bufferSize) await flush();
        if (bytes.length >= bufferSize) {
          await writing;
          const written = files.write(file, bytes);
          // Hashing keeps this thread busy while the write runs in another.
          hash.update(bytes);
          await written;
        } else {
          buffer.set(bytes, buffered);
          buffered += bytes.length;
          hash.update(bytes);
        }
      }),
    commit: () =>
      guarded(async () => {
        await flush();
        await writing;
        await files.sync(file);
        await file.close();
        const digest: Digest = `sha256:${hash.digest("hex")}`;
        const path = destination(digest);
        const present = await stat(path).catch(() => undefined);
        if (present?.isFile() && present.size === position && (await markUsed(path))) {
          await files.remove(temporary);
        } else {
          await mkdir(dirname(path), { recursive: true });
          await files.rename(temporary, path);
          await files.syncDirectory(dirname(path));
        }
        state = "closed";
        return { digest, size: position };
      }),
    async abort() {
      if (state === "open") await discard();
    },
  };
}
