/** Content-addressed blobs and small records, shared safely by several processes. */
export { createBlobWriter } from "./blob-writer.ts";
export { digestOf, isDigest, parseDigest } from "./digest.ts";
export { type HostFiles, hostFiles, replaceFile } from "./files.ts";
export { holdLease, type Lease, oldestLease } from "./lease.ts";
export { type Lock, lock, tryLock } from "./lock.ts";
export { openStore } from "./store.ts";
export type { BlobWriter, Store } from "./types.ts";
