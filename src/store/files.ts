import { constants } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";

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
