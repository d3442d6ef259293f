import { createHash } from "node:crypto";
import { tarDeviceRefused } from "../../errors/filesystem.ts";
import { BoxwrightError } from "../../errors/index.ts";
import type { BlobWriter, Store } from "../../store/types.ts";
import { decompress } from "../tar/decompress.ts";
import { blockSize, decodeHeader } from "../tar/header.ts";
import { defaultTarLimits, readTar, type TarEntry, type TarLimits } from "../tar/reader.ts";
import { ByteSource } from "../tar/source.ts";
import type { Digest, FileContent, Layer, LayerChange } from "../types.ts";
import { decodeWhiteout } from "./whiteout.ts";

export interface ReadLayerOptions {
  /**
   * "layer" (default): names that begin with `.wh.` are whiteouts, and device nodes are kept as inodes.
   * "archive" (ADD): such names are ordinary files, and device nodes are refused.
   */
  readonly kind?: "layer" | "archive";
  readonly limits?: Partial<TarLimits> & { readonly ratio?: number };
  readonly signal?: AbortSignal;
}

/** An entry's change, where file contents have an offset in the tar whose digest is not known yet. */
type Read = { readonly change: LayerChange; readonly file: Omit<FileContent, "blob"> | undefined };

/**
 * Takes in a tar, compressed or not (gzip, zstd, bzip2, xz: by magic number): what it unpacks to becomes a blob,
 * and its entries become changes in the order of the archive, so that later entries replace earlier ones. Nothing
 * reaches the store unless the whole archive was good. Throws TAR_… and LAYER_… errors.
 */
export async function readLayer(
  chunks: AsyncIterable<Uint8Array>,
  store: Pick<Store, "createBlob">,
  options: ReadLayerOptions = {},
): Promise<Layer> {
  const { ratio = 1000, ...limits } = options.limits ?? {};
  const blob = await store.createBlob();
  try {
    const unpacked = stored(decompress(chunks, { ratio }), blob, options.signal);
    const entries: Read[] = [];
    for await (const entry of readTar(unpacked, { ...defaultTarLimits, ...limits })) {
      const read = await readEntry(entry, options.kind ?? "layer");
      if (read !== undefined) entries.push(read);
    }
    const { digest, size } = await blob.commit();
    return { diffId: digest, size, changes: removalsFirst(entries.map((read) => settle(read, digest))) };
  } catch (error) {
    await blob.abort();
    throw error;
  }
}

/** Whether a file is an archive that ADD unpacks: it is one if its first block, unpacked, is a tar header. */
export async function isArchive(chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  const source = new ByteSource(decompress(chunks), Number.POSITIVE_INFINITY);
  try {
    const block = await source.exactly(blockSize);
    return block !== undefined && block.length === blockSize && decodeHeader(block) !== undefined;
  } catch (error) {
    if (error instanceof BoxwrightError && error.code.startsWith("TAR_")) return false;
    throw error;
  } finally {
    await source.close();
  }
}

async function* stored(
  chunks: AsyncIterable<Uint8Array>,
  blob: BlobWriter,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    await blob.write(chunk);
    yield chunk;
  }
}

async function readEntry(entry: TarEntry, kind: "layer" | "archive"): Promise<Read | undefined> {
  const { path, attributes } = entry;
  const whiteout = kind === "layer" ? decodeWhiteout(path) : "ordinary";
  if (whiteout === "reserved") return undefined;
  if (whiteout !== "ordinary") return { change: whiteout, file: undefined };
  switch (entry.kind) {
    case "directory":
      return { change: { kind: "directory", path, attributes }, file: undefined };
    case "hard-link":
      return { change: { kind: "hard-link", path, target: entry.target }, file: undefined };
    case "symlink":
      return leaf(path, { kind: "symlink", attributes, target: entry.target });
    case "file": {
      const { offset, size } = entry;
      const hash = createHash("sha256");
      for await (const chunk of entry.body) hash.update(chunk);
      const sha256: Digest = `sha256:${hash.digest("hex")}`;
      const file = { offset, size, sha256 };
      const content: FileContent = { blob: sha256, ...file };
      return { change: { kind: "leaf", path, inode: { kind: "file", attributes, content } }, file };
    }
    default:
      if (kind === "archive" && entry.kind !== "fifo") throw tarDeviceRefused(path);
      return leaf(path, { kind: entry.kind, attributes, major: entry.major, minor: entry.minor });
  }
}

function leaf(path: string, inode: Extract<LayerChange, { kind: "leaf" }>["inode"]): Read {
  return { change: { kind: "leaf", path, inode }, file: undefined };
}

function settle({ change, file }: Read, blob: Digest): LayerChange {
  if (file === undefined || change.kind !== "leaf" || change.inode.kind !== "file") return change;
  return { ...change, inode: { ...change.inode, content: { blob, ...file } } };
}

function removalsFirst(changes: readonly LayerChange[]): LayerChange[] {
  const isRemoval = ({ kind }: LayerChange) => kind === "whiteout" || kind === "opaque";
  return [...changes.filter(isRemoval), ...changes.filter((change) => !isRemoval(change))];
}
