import { constants } from "node:fs";
import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { resultUnwritable } from "../errors/results.ts";
import type { Digest } from "../filesystem/types.ts";
import type { Store } from "../store/index.ts";

/**
 * Writes a blob of the store to a file, cloned where the file system can. What was there before stays until
 * the new file is complete. Throws RESULT_UNWRITABLE.
 */
export async function placeBlob(store: Store, digest: Digest, file: string): Promise<void> {
  const target = path.resolve(file);
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.tmp`);
  try {
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(store.blobPath(digest), temporary, constants.COPYFILE_FICLONE);
    const handle = await open(temporary, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw resultUnwritable(file, error as Error);
  }
}
