import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { outputUnwritable } from "../errors/component.ts";
import type { Digest } from "../filesystem/types.ts";
import type { BlobWriter } from "../store/types.ts";

/**
 * Writes a file of the user's: into a temporary beside it, hashed as it goes, synced and renamed on commit;
 * so the name never stands for half an output. Throws OUTPUT_UNWRITABLE.
 */
export async function createOutputFile(path: string): Promise<BlobWriter> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const hash = createHash("sha256");
  let position = 0;

  const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (cause) {
      throw outputUnwritable(path, cause);
    }
  };

  const handle: FileHandle = await guarded(() => open(temporary, "wx", 0o644));
  return {
    get position() {
      return position;
    },
    write: (bytes) =>
      guarded(async () => {
        const written = writeAll(handle, bytes);
        // Hashing keeps this thread busy while the write runs in another.
        hash.update(bytes);
        position += bytes.length;
        await written;
      }),
    commit: () =>
      guarded(async () => {
        await handle.sync();
        await handle.close();
        await rename(temporary, path);
        const directory = await open(dirname(path), "r");
        await directory.sync().finally(() => directory.close());
        const digest: Digest = `sha256:${hash.digest("hex")}`;
        return { digest, size: position };
      }),
    async abort() {
      // What went wrong before is what the caller needs to see.
      await handle.close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += (await handle.write(bytes, done)).bytesWritten;
}
