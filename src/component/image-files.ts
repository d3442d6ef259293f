import { FilesystemError, lookup } from "../filesystem/index.ts";
import type { ContentReader, Inode, InodeNumber, Snapshot } from "../filesystem/types.ts";

export interface FoundFile {
  readonly number: InodeNumber;
  readonly inode: Inode;
  /** Absolute, after all symbolic links. */
  readonly path: string;
}

/** Looks files up in a snapshot by path, as the kernel will at run time. */
export interface ImageFiles {
  /** Follows symbolic links (inside the image only); undefined where nothing is. */
  find(path: string, workingDirectory?: string): FoundFile | undefined;
  /** Up to `limit` bytes from the start of a regular file. */
  read(file: FoundFile, limit: number): Uint8Array;
}

export function createImageFiles(snapshot: Snapshot, reader: ContentReader): ImageFiles {
  return {
    find: (path, workingDirectory = "/") => find(snapshot, path, workingDirectory),
    read({ inode }, limit) {
      if (inode.kind !== "file") return new Uint8Array();
      const bytes = new Uint8Array(Math.min(inode.content.size, limit));
      let done = 0;
      while (done < bytes.length) {
        const count = reader.read(inode.content, done, bytes.subarray(done));
        if (count === 0) break;
        done += count;
      }
      return bytes.subarray(0, done);
    },
  };
}

function find(snapshot: Snapshot, path: string, workingDirectory: string): FoundFile | undefined {
  if (path === "") return undefined;
  const absolute = path.startsWith("/") ? path : `${workingDirectory}/${path}`;
  try {
    const place = lookup(snapshot, absolute);
    return place === undefined ? undefined : { ...place, path: `/${place.path}` };
  } catch (error) {
    // A loop of symbolic links is a file that cannot be found.
    if (error instanceof FilesystemError) return undefined;
    throw error;
  }
}
