import { createHash } from "node:crypto";
import { imageDiffIdMismatch, imageInvalidConfig, imageInvalidManifest } from "../errors/image.ts";
import { BoxwrightError } from "../errors/index.ts";
import { digestMismatch, sizeMismatch } from "../errors/store.ts";
import { parseLayer, readLayer } from "../filesystem/index.ts";
import type { Digest, Layer } from "../filesystem/types.ts";
import { digestOf, type Store } from "../store/index.ts";
import { parseImageConfig } from "./config.ts";
import { type Descriptor, documentLimit, parseManifest } from "./manifest.ts";
import type { Image } from "./types.ts";

/** What an image is made from: its manifest, and a way to the blobs that it names. */
export interface ImageSource {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The manifest's text. */
  readonly manifest: Uint8Array;
  readonly fetchBlob: (blob: {
    readonly mediaType: string;
    readonly digest: Digest;
    readonly size: number;
  }) => AsyncIterable<Uint8Array>;
}

export interface ImportOptions {
  readonly store: Store;
  readonly signal?: AbortSignal;
}

/** Records of layers by diff ID; only those that were read as layers of images, or written as such. */
const layerKind = "layer";

/**
 * Makes an image: checks everything against its digest and size, and brings the layers' tars into the store.
 * A layer that is there already is not fetched. Throws IMAGE_…, TAR_…, LAYER_… and digest errors.
 */
export async function importImage(source: ImageSource, options: ImportOptions): Promise<Image> {
  const actual = digestOf(source.manifest);
  if (actual !== source.digest) throw digestMismatch(source.digest, actual);
  const manifest = parseManifest(source.manifest, source.mediaType);
  if (manifest.kind !== "image") throw imageInvalidManifest("it is an index, not one image's manifest");
  const config = parseImageConfig(await fetchDocument(source, manifest.config));
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw imageInvalidConfig(`it names ${diffIds.length} layers, and the manifest ${manifest.layers.length}`);
  }
  const layers: Layer[] = [];
  for (const [i, descriptor] of manifest.layers.entries()) {
    const diffId = diffIds[i];
    if (diffId !== undefined) layers.push(await importLayer(source, descriptor, diffId, options));
  }
  return { config, layers, runtime: undefined };
}

async function importLayer(
  source: ImageSource,
  descriptor: Descriptor,
  diffId: Digest,
  { store, signal }: ImportOptions,
): Promise<Layer> {
  const known = await knownLayer(diffId, store);
  if (known !== undefined) return known;
  const chunks = verified(source.fetchBlob(descriptor), descriptor);
  const layer = await readLayer(chunks, store, signal === undefined ? {} : { signal });
  if (layer.diffId !== diffId) throw imageDiffIdMismatch(diffId, layer.diffId);
  await store.writeRecord(layerKind, diffId, layer);
  return layer;
}

async function knownLayer(diffId: Digest, store: Store): Promise<Layer | undefined> {
  const record = await store.readRecord(layerKind, diffId);
  if (record === undefined) return undefined;
  try {
    const layer = parseLayer(record);
    const size = await store.blobSize(diffId);
    return layer.diffId === diffId && layer.size === size ? layer : undefined;
  } catch (error) {
    // A record that cannot be used is as good as none: the layer is read again.
    if (error instanceof BoxwrightError && error.code === "LAYER_INVALID_RECORD") return undefined;
    throw error;
  }
}

/** The same bytes; fails where their number or digest is not what the descriptor says. */
async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  expected: Descriptor,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
    if (size > expected.size) throw sizeMismatch(expected.size, size);
    yield chunk;
  }
  if (size !== expected.size) throw sizeMismatch(expected.size, size);
  const actual: Digest = `sha256:${hash.digest("hex")}`;
  if (actual !== expected.digest) throw digestMismatch(expected.digest, actual);
}

async function fetchDocument(source: ImageSource, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > documentLimit) throw imageInvalidConfig(`it has more than ${documentLimit} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified(source.fetchBlob(descriptor), descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
