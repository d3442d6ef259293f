import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { BoxwrightError } from "../../errors/index.ts";
import {
  outputFailed,
  outputName,
  outputNotDirectory,
  outputOccupied,
  outputSpecialFile,
} from "../../errors/outputs.ts";
import { walk } from "../../filesystem/index.ts";
import type { Attributes, FileContent, Leaf, Snapshot } from "../../filesystem/types.ts";
import type { Session } from "../session.ts";

/** After as many entries others get their turn: progress, and cancelling. */
const entriesAtOnce = 256;
const chunkSize = 1 << 20;

/**
 * Writes the whole tree into a directory of the host, on top of what is there. Nothing is written outside it: every
 * directory on the way was made or found to be a real one before anything goes into it, and files are new ones,
 * never written through what was there. Owners are set only for root, and set-id bits are kept only with them; the
 * host has no way to set extended attributes. Gives the bytes of all files.
 * Throws OUTPUT_…; what was written until then stays, as with any copy of a tree.
 */
export async function exportLocal(
  session: Pick<Session, "store" | "signal">,
  snapshot: Snapshot,
  directory: string,
): Promise<{ readonly size: number }> {
  const root = path.resolve(directory);
  const writer = new HostWriter(session, root);
  const directories: (readonly [file: string, attributes: Attributes])[] = [];
  let count = 0;
  try {
    makeRoot(root, directory);
    for (const { path: name, number, inode } of walk(snapshot)) {
      if (name === "") continue;
      session.signal.throwIfAborted();
      if (++count % entriesAtOnce === 0) await setImmediate();
      const file = path.join(root, ...hostNames(name));
      if (inode.kind === "directory") {
        writer.makeDirectory(file);
        directories.push([file, inode.attributes]);
      } else writer.put(file, name, number, inode);
    }
    // Last, and children first: a directory that may not be written to could not be filled, and filling changes its time.
    for (const [file, attributes] of directories.reverse()) finishDirectory(file, attributes);
  } catch (cause) {
    if (cause instanceof BoxwrightError || session.signal.aborted) throw cause;
    throw outputFailed(directory, cause);
  }
  return { size: writer.size };
}

function makeRoot(root: string, given: string): void {
  try {
    mkdirSync(root, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw code === "EEXIST" || code === "ENOTDIR" ? outputNotDirectory(given, cause) : cause;
  }
}

/** Windows takes more characters for separators than an image does. */
function hostNames(name: string): readonly string[] {
  const names = name.split("/");
  if (names.some((each) => path.basename(each) !== each || each === "..")) throw outputName(name);
  return names;
}

const isRoot = process.getuid?.() === 0;

class HostWriter {
  /** Bytes of all files. */
  size = 0;
  readonly #session: Pick<Session, "store">;
  readonly #root: string;
  /** Where the first name of a file is. */
  readonly #files = new Map<number, string>();

  constructor(session: Pick<Session, "store">, root: string) {
    this.#session = session;
    this.#root = root;
  }

  makeDirectory(file: string): void {
    const found = kindOf(file);
    if (found === "directory") return;
    // A link that is there could lead outside.
    if (found !== undefined) unlinkSync(file);
    mkdirSync(file, { mode: 0o700 });
  }

  put(file: string, name: string, number: number, inode: Leaf): void {
    const found = kindOf(file);
    if (found === "directory") throw outputOccupied(path.join(this.#root, name));
    if (found !== undefined) unlinkSync(file);
    const first = this.#files.get(number);
    if (first !== undefined) {
      linkSync(first, file);
      return;
    }
    this.#files.set(number, file);
    const { attributes } = inode;
    if (inode.kind === "symlink") {
      symlinkSync(inode.target, file);
      if (isRoot) lchownSync(file, attributes.uid, attributes.gid);
      lutimesSync(file, secondsOf(attributes), secondsOf(attributes));
    } else if (inode.kind === "file") {
      this.#writeFile(file, inode.content, attributes);
    } else {
      throw outputSpecialFile(name, inode.kind.replace("-", " "));
    }
  }

  #writeFile(file: string, content: FileContent, attributes: Attributes): void {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
    const handle = openSync(file, flags, 0o600);
    try {
      const buffer = new Uint8Array(Math.min(chunkSize, content.size));
      for (let position = 0; position < content.size; ) {
        const count = this.#session.store.read(content, position, buffer);
        if (count === 0) throw new Error(`the contents of ${file} end early`);
        for (let done = 0; done < count; ) done += writeSync(handle, buffer, done, count - done);
        position += count;
      }
      futimesSync(handle, secondsOf(attributes), secondsOf(attributes));
    } finally {
      closeSync(handle);
    }
    setOwnerAndMode(file, attributes);
    this.size += content.size;
  }
}

function kindOf(file: string): "directory" | "other" | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found === undefined ? undefined : found.isDirectory() ? "directory" : "other";
}

function finishDirectory(file: string, attributes: Attributes): void {
  setOwnerAndMode(file, attributes);
  utimesSync(file, secondsOf(attributes), secondsOf(attributes));
}

/** The owner first: a change of owner takes set-id bits away. */
function setOwnerAndMode(file: string, { mode, uid, gid }: Attributes): void {
  if (isRoot) chownSync(file, uid, gid);
  // An image's set-id program must not run with the rights of whoever exported it.
  chmodSync(file, isRoot ? mode : mode & 0o1777);
}

const secondsOf = ({ mtime }: Attributes): number => mtime.seconds + mtime.nanos / 1e9;
