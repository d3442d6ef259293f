import { randomUUID } from "node:crypto";
import { rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { storeWriteFailed } from "../errors/store.ts";
import type { Digest } from "../filesystem/types.ts";
import { listResults } from "../results/index.ts";
import { isDigest, oldestLease, type Store } from "../store/index.ts";

/** Seconds in which what was used last is left alone unless something else is said. */
const graceSeconds = 3600;

/** The records of the build cache. Names are none of it. */
const cacheKinds = [
  "step",
  "bundle",
  "layer",
  "cache-blob",
  "compressed",
  "cache-mount",
  "stat",
  "output",
  "package-page",
  "http",
  "git",
];

/** Clocks of file systems tick in steps of up to 2 s. */
const clockStepMilliseconds = 2000;

export interface PruneOptions {
  /** Also what was used within the last hour, and the records of the build cache. */
  readonly all: boolean;
  /** Only what was not used for so many seconds; default one hour, with `all` 0. */
  readonly unusedFor?: number;
  /** Bytes that may stay: what was used longest ago goes first, until no more than this is left. */
  readonly keep?: number;
}

export interface PrunedBlob {
  readonly digest: Digest;
  readonly size: number;
  /** When it was used last, in seconds since 1970. */
  readonly used: number;
}

export interface Pruned {
  readonly blobs: readonly PrunedBlob[];
  readonly bytes: number;
  /** Bytes that stay only because a running build has used them. */
  readonly held: number;
}

/**
 * Frees what no name needs, by when it was used last. What a running build of any process has used since it began
 * stays in any case (see docs/cache.md).
 */
export async function prune(store: Store, options: PruneOptions): Promise<Pruned> {
  const { unusedFor = options.all ? 0 : graceSeconds, keep = 0 } = options;
  const before = unusedFor === 0 ? Number.POSITIVE_INFINITY : Date.now() / 1000 - unusedFor;
  const found = await unnamed(store);
  // After the list is made: a build that has put something on it has its lease by now, and one that begins later
  // changes the time of what it uses.
  const lease = await oldestLease(store.directory);
  const heldFrom = lease === undefined ? Number.POSITIVE_INFINITY : (lease - clockStepMilliseconds) / 1000;
  let left = found.reduce((sum, { size }) => sum + size, 0);
  let held = 0;
  const removed: PrunedBlob[] = [];
  for (const blob of found) {
    if (left <= keep || blob.used > before) break;
    if (blob.used >= heldFrom) held += blob.size;
    else if (await remove(store, blob)) {
      removed.push(blob);
      left -= blob.size;
    }
  }
  if (options.all && unusedFor === 0 && keep === 0) await removeRecords(store);
  else if (removed.length > 0) await removeDangling(store, removed);
  return { blobs: removed, bytes: removed.reduce((sum, { size }) => sum + size, 0), held };
}

/** Blobs that no name stands for, those that were used longest ago first. */
async function unnamed(store: Store): Promise<readonly PrunedBlob[]> {
  const named = new Set<Digest>((await listResults(store)).map(({ digest }) => digest));
  const found: PrunedBlob[] = [];
  for await (const { digest, size, modified } of store.listBlobs()) {
    if (!named.has(digest)) found.push({ digest, size, used: modified });
  }
  return found.sort((a, b) => a.used - b.used || (a.digest < b.digest ? -1 : 1));
}

/**
 * False if it is gone, or was used since it was listed: by a build that began meanwhile. It is put aside before that
 * is looked at, so that a build either has changed its time or does not find it.
 */
async function remove(store: Store, { digest, used }: PrunedBlob): Promise<boolean> {
  const place = store.blobPath(digest);
  const aside = path.join(store.directory, "tmp", randomUUID());
  try {
    await rename(place, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw storeWriteFailed("the removal of a blob", error);
  }
  if ((await stat(aside)).mtimeMs / 1000 !== used) {
    await rename(aside, place);
    return false;
  }
  await rm(aside, { force: true });
  return true;
}

async function removeRecords(store: Store): Promise<void> {
  // A record that names a blob which is gone does no harm to a running build: it is checked when it is read.
  for (const kind of cacheKinds) {
    for await (const { key } of store.listRecords(kind)) await store.deleteRecord(kind, key);
  }
}

/** Removes records that are of use only with a blob that was removed. */
async function removeDangling(store: Store, removed: readonly PrunedBlob[]): Promise<void> {
  const gone = new Set<unknown>(removed.map(({ digest }) => digest));
  for (const { digest } of removed) {
    await store.deleteRecord("layer", digest);
    await store.deleteRecord("cache-blob", digest);
  }
  for (const kind of ["step", "bundle"]) {
    for await (const { key, value } of store.listRecords(kind)) {
      if (gone.has(blobOf(value))) await store.deleteRecord(kind, key);
    }
  }
}

/** What a step's or a bundle's record names. */
function blobOf(value: unknown): Digest | undefined {
  const { layer, digest } = (value ?? {}) as { readonly layer?: unknown; readonly digest?: unknown };
  const { diffId } = (layer ?? {}) as { readonly diffId?: unknown };
  return [diffId, digest].find(isDigest);
}
