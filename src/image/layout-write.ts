import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createGzip, createZstdCompress } from "node:zlib";
import { imageLayoutOccupied, imageLayoutWriteFailed } from "../errors/image.ts";
import { BoxwrightError } from "../errors/index.ts";
import type { Digest, Layer } from "../filesystem/types.ts";
import { createBlobWriter, hostFiles, isDigest, replaceFile, type Store } from "../store/index.ts";
import { encodeImageConfig } from "./config.ts";
import { mediaTypes, parseManifest } from "./manifest.ts";
import type { Image } from "./types.ts";

export interface WriteLayoutOptions {
  readonly store: Store;
  /** The image's name in the layout, usually a tag; one that is there already is replaced. */
  readonly refName: string;
  /** Of the layers; default gzip, which every tool takes. */
  readonly compression?: "none" | "gzip" | "zstd";
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the manifest's entry in index.json, beside its name. */
  readonly descriptorAnnotations?: Readonly<Record<string, string>>;
}

interface WrittenBlob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

const refNameAnnotation = "org.opencontainers.image.ref.name";

/**
 * Writes an image as an OCI layout (image-spec, image-layout.md) into a directory that is missing, empty, or an
 * OCI layout already. The same image gives the same bytes. index.json is written last, so that the layout is whole
 * at any time. Throws IMAGE_LAYOUT_OCCUPIED, IMAGE_LAYOUT_WRITE_FAILED.
 */
export async function writeOciLayout(
  image: Image,
  directory: string,
  options: WriteLayoutOptions,
): Promise<{ readonly digest: Digest }> {
  const temporary = join(directory, `.tmp-${randomUUID()}`);
  try {
    const others = await otherEntries(directory, options.refName);
    await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
    await mkdir(temporary);
    const put = (mediaType: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) =>
      writeBlob(directory, temporary, mediaType, chunks);
    const layers: WrittenBlob[] = [];
    for (const layer of image.layers) layers.push(await writeLayerBlob(layer, directory, options, put));
    const config = await put(mediaTypes.config, [encodeImageConfig(image.config)]);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers,
      ...annotated(options.annotations),
    };
    const written = await put(mediaTypes.manifest, [encode(manifest)]);
    const { os, architecture, variant } = image.config;
    const entry = {
      ...written,
      platform: { architecture, os, variant },
      annotations: { ...options.descriptorAnnotations, [refNameAnnotation]: options.refName },
    };
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, entry] };
    const version = encode({ imageLayoutVersion: "1.0.0" });
    await replaceFile(hostFiles, join(temporary, "oci-layout"), join(directory, "oci-layout"), version);
    await replaceFile(hostFiles, join(temporary, "index.json"), join(directory, "index.json"), encode(index));
    return { digest: written.digest };
  } catch (cause) {
    if (cause instanceof BoxwrightError) throw cause;
    throw imageLayoutWriteFailed(directory, cause);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function annotated(annotations: Readonly<Record<string, string>> = {}) {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}

/** The images of a layout that stay, in its order. */
async function otherEntries(directory: string, name: string): Promise<readonly unknown[]> {
  const found = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (found.length === 0) return [];
  if (!found.includes("oci-layout") || !found.includes("index.json")) throw imageLayoutOccupied(directory);
  const index = parseManifest(await readFile(join(directory, "index.json")), mediaTypes.index);
  if (index.kind !== "index") return [];
  return index.manifests.filter(({ annotations }) => annotations[refNameAnnotation] !== name);
}

async function writeBlob(
  directory: string,
  temporary: string,
  mediaType: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<WrittenBlob> {
  const writer = await createBlobWriter(hostFiles, temporary, (digest) => blobFile(directory, digest));
  try {
    for await (const chunk of chunks) await writer.write(chunk);
    return { mediaType, ...(await writer.commit()) };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function blobFile(directory: string, digest: Digest): string {
  return join(directory, "blobs", "sha256", digest.slice("sha256:".length));
}

const recordKind = "compressed";

/**
 * Compressing takes longer than the rest of an export: what a layer was compressed to is remembered, and not
 * done again where it still lies.
 */
async function writeLayerBlob(
  layer: Layer,
  directory: string,
  { store, compression = "gzip" }: WriteLayoutOptions,
  put: (mediaType: string, chunks: AsyncIterable<Uint8Array>) => Promise<WrittenBlob>,
): Promise<WrittenBlob> {
  // A fixed chunk size, so that the compressed bytes cannot depend on how the file was read.
  const read = () => createReadStream(store.blobPath(layer.diffId), { highWaterMark: 1 << 18 });
  if (compression === "none") return put(mediaTypes.layer, read());
  const mediaType = `${mediaTypes.layer}+${compression}`;
  // Another release of the library may compress to other bytes.
  const library = compression === "zstd" ? process.versions["zstd"] : process.versions.zlib;
  const key = `${layer.diffId} ${compression} ${library}`;
  const known = await writtenBefore(directory, await store.readRecord(recordKind, key));
  if (known !== undefined) return { mediaType, ...known };
  const chunks =
    compression === "zstd"
      ? compressed(read(), createZstdCompress())
      : withoutHostByte(compressed(read(), createGzip()));
  const { digest, size } = await put(mediaType, chunks);
  await store.writeRecord(recordKind, key, { digest, size });
  return { mediaType, digest, size };
}

/** What a record says of a blob, if that blob is in the layout, whole. */
async function writtenBefore(
  directory: string,
  record: unknown,
): Promise<Omit<WrittenBlob, "mediaType"> | undefined> {
  if (typeof record !== "object" || record === null) return undefined;
  const { digest, size } = record as Record<"digest" | "size", unknown>;
  if (!isDigest(digest) || typeof size !== "number") return undefined;
  const found = await stat(blobFile(directory, digest)).catch(() => undefined);
  return found?.isFile() && found.size === size ? { digest, size } : undefined;
}

async function* compressed(
  tar: Readable,
  compressor: NodeJS.ReadWriteStream & Readable,
): AsyncGenerator<Uint8Array> {
  tar.on("error", (error) => compressor.destroy(error));
  try {
    yield* tar.pipe(compressor) as AsyncIterable<Uint8Array>;
  } finally {
    tar.destroy();
    compressor.destroy();
  }
}

/** Byte 9 of a gzip header tells the operating system (RFC 1952, 2.3): 255 is "unknown", on every host. */
async function* withoutHostByte(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunks) {
    if (position <= 9 && position + chunk.length > 9) chunk[9 - position] = 255;
    position += chunk.length;
    yield chunk;
  }
}

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}
