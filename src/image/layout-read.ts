import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  imageAmbiguous,
  imageIndexTooDeep,
  imageInvalidManifest,
  imageLayoutInvalid,
  imagePlatformNotFound,
  imageReferenceNotFound,
} from "../errors/image.ts";
import { BoxwrightError } from "../errors/index.ts";
import type { Digest } from "../filesystem/types.ts";
import { digestOf, parseDigest } from "../store/index.ts";
import { type ImportOptions, importImage } from "./import.ts";
import { Fields, parseJson } from "./json.ts";
import {
  type Descriptor,
  documentLimit,
  isIndex,
  mediaTypes,
  type Platform,
  parseManifest,
} from "./manifest.ts";
import type { Image } from "./types.ts";

export interface ReadLayoutOptions extends ImportOptions {
  /** Default linux/amd64. */
  readonly platform?: Platform;
  /** A name in the layout (annotation org.opencontainers.image.ref.name) or a digest; may be missing if there is one image. */
  readonly reference?: string;
}

const refName = "org.opencontainers.image.ref.name";
const maximumDepth = 3;

/**
 * Brings an image of an OCI layout directory (image-spec, image-layout.md) into the store. Throws IMAGE_…
 * errors; `digest` is that of the image's manifest.
 */
export async function readOciLayout(
  directory: string,
  options: ReadLayoutOptions,
): Promise<{ readonly image: Image; readonly digest: Digest }> {
  await checkVersion(directory);
  const index = parseManifest(await readDocument(directory, "index.json"), mediaTypes.index);
  if (index.kind !== "index") throw imageLayoutInvalid(directory, "index.json is not an index");
  const wanted = options.platform ?? { os: "linux", architecture: "amd64" };
  let chosen = byReference(index.manifests, directory, options.reference, wanted);
  for (let depth = 0; isIndex(chosen.mediaType); depth++) {
    if (depth >= maximumDepth) throw imageIndexTooDeep();
    const nested = parseManifest(await readBlob(directory, chosen), chosen.mediaType);
    if (nested.kind !== "index") throw imageInvalidManifest("it is not the index that it was said to be");
    chosen = byPlatform(nested.manifests, wanted);
  }
  const { digest, mediaType } = chosen;
  const manifest = await readBlob(directory, chosen);
  const fetchBlob = (blob: { readonly digest: Digest }) => readChunks(directory, blob.digest);
  return { image: await importImage({ digest, mediaType, manifest, fetchBlob }, options), digest };
}

function byReference(
  entries: readonly Descriptor[],
  directory: string,
  reference: string | undefined,
  wanted: Platform,
): Descriptor {
  const names = [...new Set(entries.map((entry) => entry.annotations[refName] ?? entry.digest))];
  if (reference === undefined) {
    if (names.length > 1 && entries.some((entry) => refName in entry.annotations)) {
      throw imageAmbiguous(directory, names);
    }
    return byPlatform(entries, wanted);
  }
  const named = entries.filter(
    (entry) => entry.digest === reference || entry.annotations[refName] === reference,
  );
  if (named.length === 0) throw imageReferenceNotFound(directory, reference, names);
  return byPlatform(named, wanted);
}

/** An entry without a platform fits if it is the only one: it says itself in its configuration what it is for. */
function byPlatform(entries: readonly Descriptor[], wanted: Platform): Descriptor {
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined && (only.platform === undefined || isIndex(only.mediaType))) return only;
  const fits = entries.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const best = fits.find(({ platform }) => platform?.variant === wanted.variant) ?? fits[0];
  if (best !== undefined) return best;
  const show = ({ os, architecture, variant }: Platform) =>
    [os, architecture, variant].filter(Boolean).join("/");
  const known = entries.flatMap(({ platform }) => (platform === undefined ? [] : [show(platform)]));
  throw imagePlatformNotFound(show(wanted), known);
}

async function checkVersion(directory: string): Promise<void> {
  const bytes = await readDocument(directory, "oci-layout");
  const fail = (reason: string, cause?: unknown) => imageLayoutInvalid(directory, reason, cause);
  const version = new Fields(parseJson(bytes, fail), "oci-layout", fail).text("imageLayoutVersion");
  if (version === undefined || !/^1\./.test(version)) throw fail("its version is not 1");
}

async function readDocument(directory: string, name: string): Promise<Uint8Array> {
  const path = join(directory, name);
  try {
    const { size } = await stat(path);
    if (size > documentLimit)
      throw imageLayoutInvalid(directory, `${name} has more than ${documentLimit} bytes`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof BoxwrightError) throw cause;
    throw imageLayoutInvalid(directory, `${name} cannot be read`, cause);
  }
}

function blobName(digest: Digest): string {
  return join("blobs", "sha256", parseDigest(digest).slice("sha256:".length));
}

/** A manifest or index; importImage and parseManifest check what is in it. */
async function readBlob(directory: string, { digest }: Descriptor): Promise<Uint8Array> {
  const bytes = await readDocument(directory, blobName(digest));
  if (digestOf(bytes) !== digest)
    throw imageLayoutInvalid(directory, `the blob ${digest} has another digest`);
  return bytes;
}

async function* readChunks(directory: string, digest: Digest): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(join(directory, blobName(digest)))) yield chunk;
  } catch (cause) {
    throw imageLayoutInvalid(directory, `the blob ${digest} cannot be read`, cause);
  }
}
