import { closeSync, openSync, readSync } from "node:fs";
import { blobMissing, blobTruncated, storeReadFailed } from "../errors/store.ts";
import type { ContentReader, Digest, FileContent } from "../filesystem/types.ts";

/** Open blobs are few (one per layer), so this bound is generous and far below the usual limit of 1,024. */
const maximumOpen = 64;

export interface CachingReader extends ContentReader {
  close(): void;
}

/** Reads ranges of blobs; keeps the most recently used ones open. */
export function createReader(blobPath: (digest: Digest) => string): CachingReader {
  const open = new Map<Digest, number>();

  function descriptor(blob: Digest): number {
    const known = open.get(blob);
    if (known !== undefined) {
      open.delete(blob);
      open.set(blob, known);
      return known;
    }
    let opened: number;
    try {
      opened = openSync(blobPath(blob), "r");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw blobMissing(blob);
      throw storeReadFailed(blob, cause);
    }
    open.set(blob, opened);
    for (const [oldest, fd] of open) {
      if (open.size <= maximumOpen) break;
      open.delete(oldest);
      closeSync(fd);
    }
    return opened;
  }

  return {
    read(content: FileContent, position: number, target: Uint8Array): number {
      const length = Math.min(target.length, content.size - position);
      if (length <= 0) return 0;
      const fd = descriptor(content.blob);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, target, done, length - done, content.offset + position + done);
        if (count === 0) throw blobTruncated(content.blob);
        done += count;
      }
      return length;
    },
    close() {
      for (const fd of open.values()) closeSync(fd);
      open.clear();
    },
  };
}
