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

const ROOT: InodeNumber = 1;
/** As Linux (path_resolution(7)). */
const LINK_LIMIT = 40;

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
  const pending = components(path.startsWith("/") ? path : `${workingDirectory}/${path}`);
  const trail: { readonly name: string; readonly number: InodeNumber }[] = [];
  let links = 0;
  const here = () => trail.at(-1)?.number ?? ROOT;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    const directory = snapshot.inodes.get(here());
    if (directory?.kind !== "directory") return undefined;
    if (name === ".") continue;
    if (name === "..") {
      trail.pop();
      continue;
    }
    const number = directory.entries.get(name);
    const inode = number === undefined ? undefined : snapshot.inodes.get(number);
    if (number === undefined || inode === undefined) return undefined;
    if (inode.kind !== "symlink") {
      trail.push({ name, number });
      continue;
    }
    if (++links > LINK_LIMIT) return undefined;
    if (inode.target.startsWith("/")) trail.length = 0;
    pending.unshift(...components(inode.target));
  }
  const inode = snapshot.inodes.get(here());
  if (inode === undefined) return undefined;
  return { number: here(), inode, path: `/${trail.map(({ name }) => name).join("/")}` };
}

/** A trailing slash asks for a directory, which a final "." does too. */
function components(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return path.endsWith("/") ? [...names, "."] : names;
}
