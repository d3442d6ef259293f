import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  blobMissing,
  blobTooLarge,
  digestMismatch,
  sizeMismatch,
  storeOpenFailed,
  storeReadFailed,
} from "../errors/store.ts";
import type { Digest } from "../filesystem/types.ts";
import { createReader } from "./blob-reader.ts";
import { createBlobWriter } from "./blob-writer.ts";
import { digestOf, isDigest, parseDigest } from "./digest.ts";
import { type HostFiles, hostFiles, markUsed } from "./files.ts";
import { Records } from "./records.ts";
import type { Store } from "./types.ts";

/** No write takes this long; what is older was left by a process that was killed. */
const staleAfterMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Opens (and creates, if missing) the store in `directory`: blobs/sha256/<2 digits>/<64 digits>,
 * records/<kind>/, tmp/. Throws STORE_OPEN_FAILED.
 */
export async function openStore(
  directory: string,
  options: { readonly files?: HostFiles } = {},
): Promise<Store> {
  const files = options.files ?? hostFiles;
  const opened = Date.now();
  const blobs = join(directory, "blobs", "sha256");
  const temporary = join(directory, "tmp");
  try {
    for (const path of [blobs, join(directory, "records"), temporary]) await mkdir(path, { recursive: true });
    await removeStale(temporary);
  } catch (cause) {
    throw storeOpenFailed(directory, cause);
  }

  const records = new Records(files, join(directory, "records"), temporary);
  const blobPath = (digest: Digest): string => {
    const hex = parseDigest(digest).slice("sha256:".length);
    return join(blobs, hex.slice(0, 2), hex);
  };
  const reader = createReader(blobPath);
  const createBlob = () => createBlobWriter(files, temporary, blobPath);

  async function blobSize(digest: Digest): Promise<number | undefined> {
    try {
      const { size, mtimeMs } = await stat(blobPath(digest));
      if (mtimeMs < opened && !(await markUsed(blobPath(digest)))) return undefined;
      return size;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw storeReadFailed(digest, cause);
    }
  }

  return {
    directory,
    blobPath,
    blobSize,
    createBlob,
    hasBlob: async (digest) => (await blobSize(digest)) !== undefined,
    async readBlob(digest, limit) {
      const size = await blobSize(digest);
      if (size === undefined) throw blobMissing(digest);
      if (size > limit) throw blobTooLarge(digest, size, limit);
      const bytes = await readFile(blobPath(digest)).catch((cause) => {
        throw storeReadFailed(digest, cause);
      });
      const actual = digestOf(bytes);
      if (actual !== digest) throw digestMismatch(digest, actual);
      return bytes;
    },
    async writeBlob(source, expected = {}) {
      if (expected.digest !== undefined) parseDigest(expected.digest);
      const writer = await createExpecting(expected.digest);
      try {
        for await (const chunk of source) {
          await writer.write(chunk);
          if (expected.size !== undefined && writer.position > expected.size) {
            throw sizeMismatch(expected.size, writer.position);
          }
        }
        if (expected.size !== undefined && writer.position !== expected.size) {
          throw sizeMismatch(expected.size, writer.position);
        }
        return await writer.commit();
      } catch (error) {
        await writer.abort();
        throw error;
      }
    },
    async *listBlobs() {
      for (const prefix of (await readdir(blobs)).sort()) {
        for (const hex of (await readdir(join(blobs, prefix)).catch(() => [])).sort()) {
          const digest = `sha256:${hex}`;
          if (!isDigest(digest) || !hex.startsWith(prefix)) continue;
          const found = await stat(blobPath(digest)).catch(() => undefined);
          if (found !== undefined) yield { digest, size: found.size, modified: found.mtimeMs / 1000 };
        }
      }
    },
    deleteBlob: (digest) => rm(blobPath(digest), { force: true }),
    read: (content, position, target) => reader.read(content, position, target),
    readRecord: (kind, key) => records.read(kind, key),
    writeRecord: (kind, key, value) => records.write(kind, key, value),
    deleteRecord: (kind, key) => records.delete(kind, key),
    listRecords: (kind) => records.list(kind),
    async close() {
      reader.close();
    },
  };

  /** The digest is checked where the destination is chosen: before the blob appears under any name. */
  function createExpecting(expected: Digest | undefined) {
    if (expected === undefined) return createBlob();
    return createBlobWriter(files, temporary, (digest) => {
      if (digest !== expected) throw digestMismatch(expected, digest);
      return blobPath(digest);
    });
  }
}

async function removeStale(directory: string): Promise<void> {
  const limit = Date.now() - staleAfterMilliseconds;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    // Another process may remove the same file meanwhile.
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < limit) await rm(path, { recursive: true, force: true });
  }
}
