import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { cacheDirectoryOccupied, cacheInvalid, cacheNotFound, cacheWriteFailed } from "../../errors/cache.ts";
import { BoxwrightError } from "../../errors/index.ts";
import type { Digest } from "../../filesystem/types.ts";
import { type Descriptor, type Manifest, mediaTypes, parseManifest } from "../../registry/index.ts";
import { createBlobWriter, digestOf, hostFiles, parseDigest, replaceFile } from "../../store/index.ts";
import { type BlobDescriptor, cacheTypes, documentLimit } from "./document.ts";
import type { CacheSourcePlace, CacheTargetPlace } from "./place.ts";

/** An OCI layout (image-spec, image-layout.md) as a cache. */

const refName = "org.opencontainers.image.ref.name";

const blobFile = (directory: string, digest: Digest) =>
  path.join(directory, "blobs", "sha256", parseDigest(digest).slice("sha256:".length));

export function localSource(
  directory: string,
  wanted: { readonly tag: string; readonly digest: Digest | undefined },
): CacheSourcePlace {
  async function document(digest: Digest): Promise<Uint8Array> {
    const bytes = await readSmall(directory, blobFile(directory, digest));
    if (digestOf(bytes) !== digest) throw cacheInvalid(directory, `the blob ${digest} has another digest`);
    return bytes;
  }
  return {
    async manifest() {
      const entries = await readIndex(directory);
      const entry = wanted.digest ?? find(entries, wanted.tag)?.digest;
      if (entry === undefined) throw cacheNotFound(`${directory} (tag ${wanted.tag})`);
      const manifest = parse(directory, await document(entry));
      if (manifest.kind !== "image") throw cacheInvalid(directory, "its manifest is an index");
      return manifest;
    },
    document: ({ digest }) => document(digest),
    blob: (blob) => readVerified(directory, blob),
    close: () => undefined,
  };
}

/** The entry of that name, or the only one, if it has no name. */
function find(entries: readonly Descriptor[], tag: string): Descriptor | undefined {
  const named = entries.find((entry) => entry.annotations?.[refName] === tag);
  const [only] = entries;
  return named ?? (entries.length === 1 && only?.annotations?.[refName] === undefined ? only : undefined);
}

/** Reads at most as much as is allowed. */
async function readSmall(directory: string, file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > documentLimit) throw cacheInvalid(directory, `${file} has more than ${documentLimit} bytes`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof BoxwrightError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw cacheNotFound(directory, cause);
    throw cacheInvalid(directory, `${file} cannot be read`, cause);
  }
}

async function readIndex(directory: string): Promise<readonly Descriptor[]> {
  const index = parse(directory, await readSmall(directory, path.join(directory, "index.json")));
  if (index.kind !== "index") throw cacheInvalid(directory, "index.json is not an index");
  return index.manifests;
}

function parse(directory: string, bytes: Uint8Array): Manifest {
  try {
    return parseManifest(bytes, undefined, directory);
  } catch (cause) {
    throw cacheInvalid(directory, (cause as Error).message, cause);
  }
}

async function* readVerified(
  directory: string,
  { digest, size }: BlobDescriptor,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let position = 0;
  try {
    for await (const chunk of createReadStream(blobFile(directory, digest))) {
      hash.update(chunk as Uint8Array);
      position += (chunk as Uint8Array).length;
      if (position > size) break;
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    throw cacheInvalid(directory, `the blob ${digest} cannot be read`, cause);
  }
  if (position !== size || `sha256:${hash.digest("hex")}` !== digest)
    throw cacheInvalid(directory, `the blob ${digest} has another size or digest`);
}

/** Throws CACHE_DIRECTORY_OCCUPIED, CACHE_WRITE_FAILED. */
export async function localTarget(directory: string, tag: string): Promise<CacheTargetPlace> {
  const temporary = path.join(directory, `.tmp-${randomUUID()}`);
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof BoxwrightError ? cause : cacheWriteFailed(directory, cause);
    }
  };
  await guarded(async () => {
    const found = await readdir(directory).catch((): string[] => []);
    if (found.length > 0 && !found.includes("index.json")) throw cacheDirectoryOccupied(directory);
    await mkdir(path.join(directory, "blobs", "sha256"), { recursive: true });
    await mkdir(temporary);
  });

  const put: CacheTargetPlace["put"] = (mediaType, chunks) =>
    guarded(async () => {
      const writer = await createBlobWriter(hostFiles, temporary, (digest) => blobFile(directory, digest));
      try {
        for await (const chunk of chunks) await writer.write(chunk);
        return { mediaType, ...(await writer.commit()) };
      } catch (error) {
        await writer.abort();
        throw error;
      }
    });
  const replace = (name: string, document: unknown) =>
    replaceFile(
      hostFiles,
      path.join(temporary, name),
      path.join(directory, name),
      new TextEncoder().encode(JSON.stringify(document)),
    );

  return {
    async has({ digest, size }) {
      const found = await stat(blobFile(directory, digest)).catch(() => undefined);
      return found?.size === size;
    },
    put,
    finish: (manifest) =>
      guarded(async () => {
        const written = await put(mediaTypes.ociManifest, [manifest]);
        const before = await readIndex(directory).catch(() => []);
        const others = before.filter((entry) => entry.annotations?.[refName] !== tag);
        const entry = { ...written, artifactType: cacheTypes.artifact, annotations: { [refName]: tag } };
        await replace("oci-layout", { imageLayoutVersion: "1.0.0" });
        const manifests = [...others, entry];
        await replace("index.json", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
        await removeUnused(directory, manifests);
      }),
    close: () => rm(temporary, { recursive: true, force: true }),
  };
}

/** Removes what no manifest names any more; only where all of the layout is caches. */
async function removeUnused(directory: string, entries: readonly Descriptor[]): Promise<void> {
  const used = new Set<string>();
  for (const { artifactType, digest } of entries) {
    if (artifactType !== cacheTypes.artifact) return;
    const manifest = parse(directory, await readSmall(directory, blobFile(directory, digest)));
    if (manifest.kind !== "image") return;
    for (const blob of [manifest.config, ...manifest.layers]) used.add(blob.digest);
    used.add(digest);
  }
  const blobs = path.join(directory, "blobs", "sha256");
  for (const name of await readdir(blobs))
    if (!used.has(`sha256:${name}`)) await rm(path.join(blobs, name), { force: true });
}
