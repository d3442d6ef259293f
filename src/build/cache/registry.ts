import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Platform } from "../../dockerfile/index.ts";
import { cacheInvalid, cacheNotFound } from "../../errors/cache.ts";
import {
  type BlobSource,
  blobFromBytes,
  choosePlatform,
  hasBlob,
  manifestKey,
  mediaTypes,
  openRepository,
  parseReference,
  pullBlobBytes,
  pullManifest,
  pullManifestIfPresent,
  pushBlob,
  pushManifest,
  type Repository,
  streamBlob,
} from "../../registry/index.ts";
import { createBlobWriter, hostFiles, type Store } from "../../store/index.ts";
import { documentLimit } from "./document.ts";
import type { CacheSourcePlace, CacheTargetPlace, PlaceContext } from "./place.ts";

/** A repository of a registry as a cache: an artifact, or an image with an inline cache. */

interface Address {
  readonly reference: string;
  readonly plainHttp?: boolean | undefined;
}

export async function registrySource(
  { reference, plainHttp }: Address,
  { signal, platform }: PlaceContext & { readonly platform: Platform },
): Promise<CacheSourcePlace> {
  const parsed = parseReference(reference);
  const repository = await open({ reference, plainHttp }, signal);
  return {
    async manifest() {
      const found = await pullManifestIfPresent(repository, manifestKey(parsed));
      if (found === undefined) throw cacheNotFound(reference);
      if (found.manifest.kind === "image") return found.manifest;
      const { digest } = choosePlatform(found.manifest, platform, reference);
      const { manifest } = await pullManifest(repository, digest);
      if (manifest.kind !== "image") throw cacheInvalid(reference, "its indexes are nested");
      return manifest;
    },
    document: (blob) => pullBlobBytes(repository, blob, documentLimit, "the records of a build cache"),
    blob: (blob) => streamBlob(repository, blob),
    close: () => repository.close(),
  };
}

export async function registryTarget(
  { reference, plainHttp }: Address,
  { store, signal }: PlaceContext,
): Promise<CacheTargetPlace> {
  const parsed = parseReference(reference);
  const repository = await open({ reference, plainHttp }, signal);
  return {
    has: (blob) => hasBlob(repository, blob),
    async put(mediaType, chunks) {
      const spooled = await spool(store, chunks);
      try {
        await pushBlob(repository, spooled.source);
      } finally {
        await spooled.remove();
      }
      return { mediaType, digest: spooled.source.digest, size: spooled.source.size };
    },
    async finish(manifest) {
      const key = manifestKey(parsed);
      await pushManifest(repository, key, manifest, { mediaType: mediaTypes.ociManifest });
    },
    close: async () => repository.close(),
  };
}

const open = ({ reference, plainHttp }: Address, signal: AbortSignal): Promise<Repository> =>
  openRepository(parseReference(reference), {
    signal,
    ...(plainHttp === undefined ? {} : { plainHttp }),
  });

/** A push needs the digest first: the bytes wait in a temporary file of the store. */
async function spool(
  store: Store,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<{ readonly source: BlobSource; readonly remove: () => Promise<void> }> {
  if (Array.isArray(chunks)) {
    return { source: blobFromBytes(Buffer.concat(chunks)), remove: async () => undefined };
  }
  const temporary = path.join(store.directory, "tmp");
  const file = path.join(temporary, randomUUID());
  const writer = await createBlobWriter(hostFiles, temporary, () => file);
  try {
    for await (const chunk of chunks) await writer.write(chunk);
    const { digest, size } = await writer.commit();
    const source: BlobSource = {
      digest,
      size,
      async *open(start, end) {
        // `end` of a read stream is inclusive.
        if (end > start) yield* createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 18 });
      },
    };
    return { source, remove: () => rm(file, { force: true }) };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
