import type { ImageManifest } from "../../registry/index.ts";
import type { Store } from "../../store/index.ts";
import type { BlobDescriptor } from "./document.ts";

/** Where a cache is read from. All that it gives is from outside; blobs are checked against their digests. */
export interface CacheSourcePlace {
  /** Throws CACHE_NOT_FOUND, CACHE_INVALID or what the registry's client throws. */
  manifest(): Promise<ImageManifest>;
  /** A small blob as bytes. */
  document(blob: BlobDescriptor): Promise<Uint8Array>;
  /** A blob as it comes; ends with an error unless it is what its descriptor says. */
  blob(blob: BlobDescriptor): AsyncIterable<Uint8Array>;
  close(): void;
}

/** Where a cache is written to. */
export interface CacheTargetPlace {
  has(blob: BlobDescriptor): Promise<boolean>;
  put(mediaType: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobDescriptor>;
  /** Comes last, so that the cache is whole at any time. */
  finish(manifest: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface PlaceContext {
  readonly store: Store;
  readonly signal: AbortSignal;
}
