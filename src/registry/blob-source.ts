import { createHash } from "node:crypto";
import { contentChanged } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import { digestOf } from "../store/index.ts";
import type { Store } from "../store/types.ts";
import type { Body } from "./http.ts";

/** A blob to push: of known digest, and to be read from any place as often as tries need it. */
export interface BlobSource {
  readonly digest: Digest;
  readonly size: number;
  /** Bytes from `start` up to, and not including, `end`. */
  open(start: number, end: number): AsyncIterable<Uint8Array>;
}

export function blobFromBytes(bytes: Uint8Array): BlobSource {
  return {
    digest: digestOf(bytes),
    size: bytes.length,
    async *open(start, end) {
      if (end > start) yield bytes.subarray(start, end);
    },
  };
}

/** Reads the whole file once, for its digest. A file that shrinks meanwhile is PUSH_CONTENT_CHANGED. */
export async function blobFromFile(path: string): Promise<BlobSource> {
  const { createReadStream } = await import("node:fs");
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
  }
  return fileRange(path, `sha256:${hash.digest("hex")}`, size);
}

/** A blob of the store, by its digest; undefined if the store does not have it. */
export async function blobFromStore(store: Store, digest: Digest): Promise<BlobSource | undefined> {
  const size = await store.blobSize(digest);
  return size === undefined ? undefined : fileRange(store.blobPath(digest), digest, size);
}

function fileRange(path: string, digest: Digest, size: number): BlobSource {
  return {
    digest,
    size,
    async *open(start, end) {
      if (end === start) return;
      const { createReadStream } = await import("node:fs");
      let read = 0;
      // `end` of a read stream is inclusive.
      for await (const chunk of createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 })) {
        read += (chunk as Uint8Array).length;
        yield chunk as Uint8Array;
      }
      if (read !== end - start) throw contentChanged(path);
    },
  };
}

/** A part of a blob as a request's body, counting what goes out. */
export function bodyOf(
  source: BlobSource,
  start: number,
  end: number,
  onSent: (position: number) => void = () => {},
): Body {
  return {
    size: end - start,
    async *open() {
      let position = start;
      for await (const chunk of source.open(start, end)) {
        yield chunk;
        position += chunk.length;
        onSent(position);
      }
    },
  };
}
