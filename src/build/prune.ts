import type { Digest } from "../filesystem/types.ts";
import { listResults } from "../results/index.ts";
import type { Store } from "../store/index.ts";

/** Seconds in which what was written last is left alone: a build under way may be about to use it. */
const graceSeconds = 3600;

/** The records of the build cache. Names are none of it. */
const cacheKinds = ["step", "bundle", "layer", "cache-mount", "stat", "output"];

export interface Pruned {
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * Frees what no name needs. What was written within the last hour stays, so that builds under way lose nothing;
 * with `all` everything goes, the records of the build cache too.
 */
export async function prune(store: Store, options: { readonly all: boolean }): Promise<Pruned> {
  const named = new Set<Digest>((await listResults(store)).map(({ digest }) => digest));
  const before = options.all ? Number.POSITIVE_INFINITY : Date.now() / 1000 - graceSeconds;
  let blobs = 0;
  let bytes = 0;
  for await (const { digest, size, modified } of store.listBlobs()) {
    if (named.has(digest) || modified > before) continue;
    await store.deleteBlob(digest);
    blobs++;
    bytes += size;
  }
  // A record that names a blob that is gone does no harm: it is checked when it is read.
  for (const kind of options.all ? cacheKinds : []) {
    for await (const { key } of store.listRecords(kind)) await store.deleteRecord(kind, key);
  }
  return { blobs, bytes };
}
