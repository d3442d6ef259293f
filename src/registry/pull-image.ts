import { invalidManifest } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import type { Store } from "../store/types.ts";
import { openRepository, type RegistryOptions, type Repository } from "./connection.ts";
import type { Descriptor } from "./manifest-format.ts";
import { type PulledManifest, pullManifest } from "./manifests.ts";
import { choosePlatform, defaultPlatform, type Platform } from "./platform.ts";
import { type BlobAddress, pullBlob } from "./pull-blob.ts";
import { familiarReference, manifestKey, type Reference } from "./reference.ts";

/** What an image is made from: its manifest, and a way to its blobs. */
export interface ImageSource {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The manifest's text. */
  readonly manifest: Uint8Array;
  /** The bytes of a blob that the manifest names: verified, and in the store by then. */
  readonly fetchBlob: (blob: BlobAddress) => AsyncIterable<Uint8Array>;
}

export interface PullImageOptions<Image> extends RegistryOptions {
  /** Default linux/amd64. */
  readonly platform?: Platform;
  readonly store: Store;
  /** Makes an image of what was pulled (src/image). */
  readonly importImage: (source: ImageSource) => Promise<Image>;
}

export interface PulledImage<Image> {
  readonly image: Image;
  /** Of the manifest, not of an index that led to it. */
  readonly digest: Digest;
}

/** An index may list indexes, and there is no reason for more of it. */
const maxDepth = 3;

/** Layers that are fetched at the same time. */
const parallel = 3;

/** Brings an image's manifest, config and layers into the store, and makes an image of them. */
export async function pullImage<Image>(
  reference: Reference,
  options: PullImageOptions<Image>,
): Promise<PulledImage<Image>> {
  const { store } = options;
  const address = familiarReference(reference);
  const repository = await openRepository(reference, options);
  try {
    const wanted = options.platform ?? defaultPlatform;
    const { digest, bytes, manifest } = await findManifest(
      repository,
      manifestKey(reference),
      wanted,
      address,
    );
    await store.writeBlob([bytes], { digest, size: bytes.length });
    await pullAll(repository, [manifest.config, ...manifest.layers], store);
    const image = await options.importImage({
      digest,
      mediaType: manifest.mediaType,
      manifest: bytes,
      fetchBlob: (blob) => fetchBlob(repository, blob, store),
    });
    return { image, digest };
  } finally {
    repository.close();
  }
}

async function findManifest(repository: Repository, key: string, wanted: Platform, address: string) {
  let pulled: PulledManifest = await pullManifest(repository, key);
  for (let depth = 0; pulled.manifest.kind === "index"; depth += 1) {
    if (depth >= maxDepth) throw invalidManifest(address, "its indexes are nested too deeply");
    pulled = await pullManifest(repository, choosePlatform(pulled.manifest, wanted, address).digest);
  }
  return { digest: pulled.digest, bytes: pulled.bytes, manifest: pulled.manifest };
}

/** Each blob once, a few at a time, in the manifest's order. */
async function pullAll(repository: Repository, blobs: readonly Descriptor[], store: Store): Promise<void> {
  const pending = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  let failed = false;
  const worker = async () => {
    for (let blob = pending.shift(); blob !== undefined && !failed; blob = pending.shift()) {
      await pullBlob(repository, blob, store).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: parallel }, worker));
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

async function* fetchBlob(
  repository: Repository,
  blob: BlobAddress,
  store: Store,
): AsyncGenerator<Uint8Array> {
  await pullBlob(repository, blob, store);
  const { createReadStream } = await import("node:fs");
  for await (const chunk of createReadStream(store.blobPath(blob.digest))) yield chunk as Uint8Array;
}
