import type { ContentReader, Digest } from "../filesystem/types.ts";

/**
 * Content-addressed blobs and small records under `$BOXWRIGHT_HOME`. Every write is temp file + fsync +
 * rename, so several processes may share one store and a killed one leaves nothing half-written.
 */
export interface Store extends ContentReader {
  readonly directory: string;
  /** Where a blob lies (or would lie) on the host. */
  blobPath(digest: Digest): string;
  /** What is asked for counts as used from then on, so that `prune` leaves it to this process. */
  hasBlob(digest: Digest): Promise<boolean>;
  blobSize(digest: Digest): Promise<number | undefined>;
  /** Reads a whole (small) blob and verifies it. */
  readBlob(digest: Digest, limit: number): Promise<Uint8Array>;
  /** Streams into a new blob; `expected` (digest or size, where known) is verified before it appears. */
  writeBlob(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    expected?: { readonly digest?: Digest; readonly size?: number },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** Opens a blob to be written in pieces, hashed as it goes. */
  createBlob(): Promise<BlobWriter>;
  /** JSON documents by kind ("layer", "build", "name", …) and key. */
  readRecord(kind: string, key: string): Promise<unknown>;
  writeRecord(kind: string, key: string, value: unknown): Promise<void>;
  deleteRecord(kind: string, key: string): Promise<void>;
  listRecords(kind: string): AsyncIterable<{ readonly key: string; readonly value: unknown }>;
  /** Every blob, by digest; `modified` is when it was used last, in seconds since 1970 (for pruning by age). */
  listBlobs(): AsyncIterable<{ readonly digest: Digest; readonly size: number; readonly modified: number }>;
  deleteBlob(digest: Digest): Promise<void>;
  /** Releases cached file descriptors. */
  close(): Promise<void>;
}

export interface BlobWriter {
  /** How many bytes were written so far. */
  readonly position: number;
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<{ readonly digest: Digest; readonly size: number }>;
  abort(): Promise<void>;
}
