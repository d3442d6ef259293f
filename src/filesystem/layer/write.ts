import { createHash } from "node:crypto";
import {
  contextFileChanged,
  contextFileUnreadable,
  layerDuplicatePath,
  layerReservedName,
} from "../../errors/filesystem.ts";
import { digestOf } from "../../store/digest.ts";
import type { BlobWriter, Store } from "../../store/types.ts";
import { readHostFile, readSmallHostFile } from "../host-file.ts";
import { comparePaths } from "../order.ts";
import type { TarWriter as TarWriterType } from "../tar/writer.ts";
import type {
  Attributes,
  ContentReader,
  Digest,
  DraftChange,
  FileContent,
  Layer,
  LayerChange,
  TreeDraft,
} from "../types.ts";
import { hasReservedName, opaqueMarker, whiteoutName } from "./whiteout.ts";

const chunkSize = 1 << 20;

/** A change whose file content lies in the tar that is being written, whose digest is not known yet. */
type Written = LayerChange | { readonly place: FileContent; readonly change: LayerChange & { kind: "leaf" } };

/**
 * Writes a draft as a tar into the store. The same changes, in whatever order, give the same bytes. File
 * contents are streamed, whether they come from the store or the host; each is hashed or, where its digest is
 * known, copied. Throws LAYER_DUPLICATE_PATH, CONTEXT_FILE_CHANGED and the store's errors; then the store is
 * as it was.
 */
export async function writeLayer(
  draft: TreeDraft,
  store: Pick<Store, "createBlob"> & ContentReader,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Layer> {
  const ordered = canonicalOrder(draft.changes);
  const { TarWriter } = await import("../tar/writer.ts");
  const blob: BlobWriter = await store.createBlob();
  const tar = await TarWriter.create((bytes) => blob.write(bytes));
  try {
    const written: Written[] = [];
    // Some unpackers give the inode the mode that stands in the hard link's header: it must be the same.
    const owners = new Map<string, Attributes>();
    for (const change of ordered) {
      options.signal?.throwIfAborted();
      if (change.kind === "leaf") owners.set(change.path, change.inode.attributes);
      else if ("attributes" in change) owners.set(change.path, change.attributes);
      written.push(await writeChange(tar, change, owners, store));
    }
    await tar.finish();
    const { digest, size } = await blob.commit();
    return { diffId: digest, size, changes: written.map((change) => settle(change, digest)) };
  } catch (error) {
    await tar.abort();
    await blob.abort();
    throw error;
  }
}

function settle(written: Written, blob: Digest): LayerChange {
  if (!("place" in written)) return written;
  const { change, place } = written;
  if (change.inode.kind !== "file") return change;
  return { ...change, inode: { ...change.inode, content: { ...place, blob } } };
}

const isRemoval = (change: DraftChange): boolean => change.kind === "whiteout" || change.kind === "opaque";

/**
 * Removals first, then additions, each by path. Of several names of one inode the first in this order becomes
 * the leaf, so that a hard link always comes after its target.
 */
export function canonicalOrder(changes: readonly DraftChange[]): readonly DraftChange[] {
  const byPath = new Map<string, DraftChange>();
  for (const change of changes) {
    if (!isRemoval(change) && hasReservedName(change.path)) throw layerReservedName(change.path);
    const key = `${isRemoval(change) ? change.kind : ""}\0${change.path}`;
    if (byPath.has(key)) throw layerDuplicatePath(change.path);
    byPath.set(key, change);
  }
  const additions = relinked(changes.filter((change) => !isRemoval(change)));
  const order = (a: DraftChange, b: DraftChange) =>
    comparePaths(a.path, b.path) || (a.kind < b.kind ? -1 : 1);
  return [...changes.filter(isRemoval).sort(order), ...additions.sort(order)];
}

function relinked(changes: readonly DraftChange[]): DraftChange[] {
  const byPath = new Map(changes.map((change) => [change.path, change]));
  const origin = (path: string): string => {
    const seen = new Set<string>();
    let at = path;
    for (
      let change = byPath.get(at);
      change?.kind === "hard-link" && !seen.has(at);
      change = byPath.get(at)
    ) {
      seen.add(at);
      at = change.target;
    }
    return at;
  };
  const first = new Map<string, string>();
  for (const change of changes) {
    if (change.kind !== "hard-link") continue;
    const target = origin(change.path);
    const known = first.get(target) ?? target;
    // A target that is not in this layer is in one below, and stays the target.
    first.set(target, byPath.has(target) && comparePaths(change.path, known) < 0 ? change.path : known);
  }
  return changes.map((change) => {
    const target = origin(change.path);
    const leader = first.get(target);
    if (leader === undefined) return change;
    const leaf = byPath.get(target) ?? change;
    if (change.path === leader) return leaf.kind === "hard-link" ? change : { ...leaf, path: leader };
    return { kind: "hard-link", path: change.path, target: leader };
  });
}

async function writeChange(
  tar: TarWriterType,
  change: DraftChange,
  owners: ReadonlyMap<string, Attributes>,
  reader: ContentReader,
): Promise<Written> {
  switch (change.kind) {
    case "whiteout":
      await tar.add({ ...marker, path: whiteoutName(change.path) });
      return change;
    case "opaque":
      await tar.add({ ...marker, path: opaqueMarker(change.path) });
      return change;
    case "directory":
      await tar.add(change);
      return change;
    case "hard-link":
      await tar.add({ ...change, attributes: owners.get(change.target) ?? linkAttributes });
      return change;
    case "leaf": {
      const { path, inode } = change;
      if (inode.kind !== "file") {
        await tar.add({ path, ...inode });
        return change;
      }
      const { size, sha256 } = inode.content;
      const offset = await tar.add({ ...inode, path, size }, storedBytes(reader, inode.content));
      return { change, place: { ...inode.content, offset, sha256 } };
    }
    case "new-file":
      return addFile(tar, change, change.bytes);
    case "host-file":
      return addHostFile(tar, change);
  }
}

const marker = {
  kind: "file",
  size: 0,
  attributes: { mode: 0, uid: 0, gid: 0, mtime: { seconds: 0, nanos: 0 }, xattrs: {} },
} as const;

/** For a hard link to a file in a layer below, whose attributes are not known here. */
const linkAttributes: Attributes = { ...marker.attributes, mode: 0o644 };

type HostFile = Extract<DraftChange, { kind: "host-file" }>;
type NewFile = Extract<DraftChange, { kind: "new-file" }>;

async function addFile(tar: TarWriterType, change: NewFile | HostFile, bytes: Uint8Array): Promise<Written> {
  const offset = await tar.add(memberOf(change, bytes.length), [bytes]);
  return fileWritten(change, { offset, size: bytes.length, sha256: digestOf(bytes) });
}

async function addHostFile(tar: TarWriterType, change: HostFile): Promise<Written> {
  const { hostPath, size } = change;
  const small = readable(hostPath, () => readSmallHostFile(hostPath));
  if (small !== undefined) {
    if (small.length !== size) throw contextFileChanged(hostPath, size);
    return addFile(tar, change, small);
  }
  const hash = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of hostBytes(hostPath, size)) {
      hash.update(piece);
      yield piece;
    }
  }
  const offset = await tar.add(memberOf(change, size), hashed());
  return fileWritten(change, { offset, size, sha256: `sha256:${hash.digest("hex")}` });
}

const memberOf = ({ path, attributes }: NewFile | HostFile, size: number) =>
  ({ kind: "file", path, attributes, size }) as const;

/** The blob's own digest is filled in once it is known. */
function fileWritten({ path, attributes }: NewFile | HostFile, place: Omit<FileContent, "blob">): Written {
  const content: FileContent = { blob: place.sha256, ...place };
  return { place: content, change: { kind: "leaf", path, inode: { kind: "file", attributes, content } } };
}

function readable<T>(hostPath: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw contextFileUnreadable(hostPath, cause);
  }
}

/** Pieces share a buffer: see TarWriter.add. */
function* storedBytes(reader: ContentReader, content: FileContent): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(chunkSize, content.size));
  for (let position = 0; position < content.size; position += chunkSize) {
    const piece = buffer.subarray(0, content.size - position);
    reader.read(content, position, piece);
    yield piece;
  }
}

async function* hostBytes(hostPath: string, size: number): AsyncGenerator<Uint8Array> {
  let read = 0;
  try {
    for await (const piece of readHostFile(hostPath, size + 1)) {
      read += piece.length;
      if (read > size) break;
      yield piece;
    }
  } catch (cause) {
    throw contextFileUnreadable(hostPath, cause);
  }
  if (read !== size) throw contextFileChanged(hostPath, size);
}
