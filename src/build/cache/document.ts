import type { Digest } from "../../filesystem/types.ts";

import { parseLayerReference } from "../layers.ts";
import type { LayerReference } from "../state.ts";

/**
 * What a cache knows, as JSON: the configuration blob of a cache manifest, or an annotation of an image's manifest
 * (docs/cache.md). Which blob holds a layer is told by the manifest: its n-th layer is the n-th of `layers`.
 */
export interface CacheDocument {
  /** Layers whose contents the manifest carries, in its order. */
  readonly layers: readonly LayerReference[];
  readonly records: readonly CacheRecord[];
}

/** A step by the digest of all that goes into it; undefined for one that changed nothing. */
export interface CacheRecord {
  readonly key: string;
  readonly layer: LayerReference | undefined;
  /** Another key of the same step: this one names the sources, that one what was copied of them. */
  readonly of?: string | undefined;
}

export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export const cacheTypes = {
  artifact: "application/vnd.boxwright.cache.v1",
  config: "application/vnd.boxwright.cache.config.v1+json",
  layer: "application/vnd.boxwright.cache.layer.v1.tar+zstd",
} as const;

/** On an image's manifest: the document of an inline cache. */
export const inlineAnnotation = "dev.boxwright.cache.v1";

/** Bytes of a document. */
export const documentLimit = 4 << 20;

const formatVersion = 1;

export function encodeDocument({ layers, records }: CacheDocument): Uint8Array {
  const byKey = [...records].sort((a, b) => (a.key < b.key ? -1 : 1));
  const plain = ({ diffId, size }: LayerReference) => ({ diffId, size });
  return new TextEncoder().encode(
    JSON.stringify({
      version: formatVersion,
      layers: layers.map(plain),
      records: byKey.map(({ key, layer, of }) => ({
        key,
        layer: layer === undefined ? null : plain(layer),
        ...(of === undefined ? {} : { of }),
      })),
    }),
  );
}

/** Reads a document from outside; `fail` makes the error of the cache that it is from. */
export function parseDocument(
  bytes: Uint8Array,
  fail: (reason: string, cause?: unknown) => Error,
): CacheDocument {
  if (bytes.length > documentLimit) throw fail(`its records have more than ${documentLimit} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fail("its records are not JSON", cause);
  }
  const { version, layers, records } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  if (version !== formatVersion)
    throw fail(`it has version ${JSON.stringify(version)}, and not ${formatVersion}`);
  if (!Array.isArray(layers) || !Array.isArray(records)) throw fail("its records have another shape");
  const parseLayer = (value: unknown): LayerReference => {
    const layer = parseLayerReference(value);
    if (layer === undefined || layer.size < 0) throw fail("a layer of it has no digest or size");
    return layer;
  };
  return {
    layers: layers.map(parseLayer),
    records: records.map((record: unknown) => {
      const { key, layer, of } = (record ?? {}) as Readonly<Record<string, unknown>>;
      if (!isStepKey(key) || (of !== undefined && !isStepKey(of))) throw fail("a record of it has no key");
      return { key, layer: layer === null ? undefined : parseLayer(layer), of };
    }),
  };
}

/** What `keyOf` gives. */
export const isStepKey = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** A manifest of a cache that stands alone. */
export function encodeCacheManifest(config: BlobDescriptor, layers: readonly BlobDescriptor[]): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: cacheTypes.artifact,
      config,
      layers,
    }),
  );
}
