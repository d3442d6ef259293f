import { constants } from "node:fs";
import { type FileHandle, open, rename, unlink, utimes } from "node:fs/promises";
import { dirname } from "node:path";

/** The host's file operations that a store writes with; tests replace them to make writes fail. */
export interface HostFiles {
  /** Creates a new file for writing; fails if it exists. */
  create(path: string): Promise<FileHandle>;
  /** Writes all of `bytes`. */
  write(file: FileHandle, bytes: Uint8Array): Promise<void>;
  sync(file: FileHandle): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a rename in this directory durable. */
  syncDirectory(path: string): Promise<void>;
}

export const hostFiles: HostFiles = {
  create: (path) => open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644),
  async write(file, bytes) {
    let done = 0;
    while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
  },
  sync: (file) => file.sync(),
  rename,
  remove: unlink,
  async syncDirectory(path) {
    const directory = await open(path, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

/** Puts `bytes` at `path`, whole or not at all; `temporary` is a new name on the same file system. */
export async function replaceFile(
  files: HostFiles,
  temporary: string,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  try {
    const file = await files.create(temporary);
    try {
      await files.write(file, bytes);
      await files.sync(file);
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
    await files.syncDirectory(dirname(path));
  } catch (error) {
    // The failure is what the caller needs to see, not one of the clean-up.
    await files.remove(temporary).catch(() => {});
    throw error;
  }
}

/**
 * Notes in a blob's time that it is used now: `prune` goes by it. False if it is gone; a store that can only be
 * read cannot be pruned either.
 */
export async function markUsed(path: string): Promise<boolean> {
  const now = new Date();
  try {
    await utimes(path, now, now);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
