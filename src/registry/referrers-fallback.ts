import { badResponse, invalidManifest } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import { digestOf } from "../store/index.ts";
import type { Repository } from "./connection.ts";
import { own, parseJsonObject } from "./json.ts";
import { type Descriptor, type ImageManifest, mediaTypes } from "./manifest-format.ts";
import { pullManifestIfPresent, replaceManifest } from "./manifests.ts";

/** A manifest and whom it refers to. */
export interface Referrer {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
}

/** How often the index is read and written anew when others write it at the same time. */
const maxTries = 5;

/** The descriptor by which lists of referrers show a manifest: with its annotations and artifact type. */
export function referrerOf(bytes: Uint8Array, manifest: ImageManifest & { subject: Descriptor }): Referrer {
  const artifactType = manifest.artifactType ?? manifest.config.mediaType;
  const { annotations } = manifest;
  return {
    subject: manifest.subject.digest,
    descriptor: {
      mediaType: manifest.mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      artifactType,
    },
  };
}

/** distribution-spec, "Referrers Tag Schema". */
export function fallbackTag(subject: Digest): string {
  return subject.replace(":", "-");
}

export async function listInFallback(
  repository: Repository,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  return (await readIndex(repository, subject))?.manifests ?? [];
}

/**
 * Adds a referrer to the index under the fallback tag, once. Others may do the same meanwhile: the write is
 * conditional where the registry heeds If-Match, and checked afterwards where it does not.
 */
export async function addToFallback(repository: Repository, referrer: Referrer): Promise<void> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const current = await readIndex(repository, referrer.subject);
    const held = current?.manifests ?? [];
    if (held.some(({ digest }) => digest === referrer.descriptor.digest)) return;
    await replaceManifest(
      repository,
      fallbackTag(referrer.subject),
      extendedIndex(current?.bytes, referrer),
      {
        mediaType: mediaTypes.ociIndex,
        etag: current?.etag,
      },
    );
  }
  const exchange = { method: "PUT", address: `${repository.registry}/${repository.name}` };
  throw badResponse(exchange, "its list of referrers does not keep what is added to it");
}

/** The index as others wrote it, with fields that mean nothing to us, and one entry more. */
function extendedIndex(bytes: Uint8Array | undefined, { descriptor }: Referrer): Uint8Array {
  const index = bytes === undefined ? emptyIndex : parseJsonObject(bytes);
  const held = own(index, "manifests");
  const manifests = [...(Array.isArray(held) ? held : []), descriptor];
  return Buffer.from(JSON.stringify({ ...index, manifests }));
}

const emptyIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex };

async function readIndex(repository: Repository, subject: Digest) {
  const tag = fallbackTag(subject);
  const pulled = await pullManifestIfPresent(repository, tag);
  if (pulled === undefined) return undefined;
  const { manifest, etag, bytes } = pulled;
  if (manifest.kind !== "index") {
    throw invalidManifest(`${repository.registry}/${repository.name}:${tag}`, "it should be an image index");
  }
  return { manifests: manifest.manifests, etag, bytes };
}
