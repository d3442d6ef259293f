import type { Platform } from "../../dockerfile/index.ts";
import { cacheInvalid, cacheLayerMismatch } from "../../errors/cache.ts";
import { BoxwrightError } from "../../errors/index.ts";
import { readLayer } from "../../filesystem/index.ts";
import type { Digest, Layer } from "../../filesystem/types.ts";
import type { ImageManifest } from "../../registry/index.ts";
import type { LayerReference } from "../state.ts";
import type { CacheSource, Warning } from "../types.ts";
import {
  type BlobDescriptor,
  type CacheDocument,
  type CacheRecord,
  cacheTypes,
  inlineAnnotation,
  parseDocument,
} from "./document.ts";
import type { CacheSourcePlace, PlaceContext } from "./place.ts";

/**
 * A step was taken from a cache, and its layer cannot be had after all. Nobody sees this error: the build begins
 * anew, and then executes the step.
 */
export class CachedLayerLost extends Error {}

interface OpenCache {
  readonly name: string;
  readonly place: CacheSourcePlace;
  readonly records: ReadonlyMap<string, CacheRecord>;
  readonly blobs: ReadonlyMap<Digest, BlobDescriptor>;
}

export interface ImportOptions extends PlaceContext {
  readonly platform: Platform;
  readonly warn: (warning: Warning) => void;
}

export const sourceName = (source: CacheSource): string =>
  source.kind === "local" ? source.directory : source.reference;

/**
 * The caches that a build takes steps from. Layers are fetched only when their contents are needed, and are taken
 * only if they unpack to the digest that the record names. A cache that fails is warned of and no longer asked.
 */
export class ImportedCaches {
  readonly #options: ImportOptions;
  readonly #kept = new Map<Digest, (() => Promise<void>)[]>();
  readonly #promised = new Set<Digest>();
  #caches: readonly OpenCache[] = [];
  #needsContents = false;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  /** A cache that cannot be opened is warned of, as in BuildKit: the first build has none yet. */
  async add(source: CacheSource): Promise<void> {
    const name = sourceName(source);
    let place: CacheSourcePlace | undefined;
    try {
      place = await openSource(source, this.#options);
      const manifest = await place.manifest();
      const document = await readDocument(name, place, manifest);
      const blobs = new Map(document.layers.map((layer, i) => [layer.diffId, blobAt(name, manifest, i)]));
      const records = new Map(document.records.map((record) => [record.key, record]));
      this.#caches = [...this.#caches, { name, place, records, blobs }];
    } catch (error) {
      place?.close();
      this.#options.signal.throwIfAborted();
      if (!(error instanceof BoxwrightError)) throw error;
      this.#warn(name, error);
    }
  }

  /** The first record of a step; from the second try on only one whose layer the cache carries. */
  find(key: string): CacheRecord | undefined {
    for (const { records, blobs } of this.#caches) {
      const record = records.get(key);
      if (record === undefined) continue;
      const { layer } = record;
      if (layer === undefined) return record;
      if (this.#needsContents && !blobs.has(layer.diffId)) continue;
      this.#promised.add(layer.diffId);
      return record;
    }
    return undefined;
  }

  /** Where a layer's contents may come from, for an export that need not send them again. */
  blobsOf(diffId: Digest): readonly BlobDescriptor[] {
    return this.#caches.flatMap(({ blobs }) => blobs.get(diffId) ?? []);
  }

  offers(diffId: Digest): boolean {
    return this.#caches.some(({ blobs }) => blobs.has(diffId));
  }

  /** Whether the build goes on as if this layer were there. */
  hasPromised(diffId: Digest): boolean {
    return this.#promised.has(diffId);
  }

  /** Called once a layer has come and was right; what a cache says is not kept before. */
  whenFetched(diffId: Digest, keep: () => Promise<void>): void {
    this.#kept.set(diffId, [...(this.#kept.get(diffId) ?? []), keep]);
  }

  /** Brings a layer into the store. Throws {@link CachedLayerLost}. */
  async fetch({ diffId, size }: LayerReference): Promise<Layer> {
    const { store, signal } = this.#options;
    for (const cache of this.#caches) {
      const blob = cache.blobs.get(diffId);
      if (blob === undefined) continue;
      try {
        const layer = await readLayer(cache.place.blob(blob), store, { signal, limits: { size } });
        if (layer.diffId !== diffId) throw cacheLayerMismatch(cache.name, diffId, layer.diffId);
        for (const keep of this.#kept.get(diffId) ?? []) await keep();
        return layer;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof BoxwrightError)) throw error;
        this.#drop(cache, error);
      }
    }
    throw this.lose(diffId);
  }

  /** From now on only what is there counts; throw what this returns. */
  lose(diffId: Digest): CachedLayerLost {
    this.#needsContents = true;
    this.#promised.clear();
    return new CachedLayerLost(diffId);
  }

  /** What a cache calls a layer is in the store, and is none: no cache that says so is asked again. */
  distrust(diffId: Digest, error: BoxwrightError): CachedLayerLost {
    for (const cache of this.#caches) {
      const claims = [...cache.records.values()].some(({ layer }) => layer?.diffId === diffId);
      if (claims) this.#drop(cache, error);
    }
    return this.lose(diffId);
  }

  close(): void {
    for (const { place } of this.#caches) place.close();
    this.#caches = [];
  }

  #drop(cache: OpenCache, error: BoxwrightError): void {
    this.#caches = this.#caches.filter((each) => each !== cache);
    cache.place.close();
    this.#warn(cache.name, error);
  }

  #warn(name: string, { code, message }: BoxwrightError): void {
    this.#options.warn({ code, message: `nothing is taken from the build cache ${name}: ${message}` });
  }
}

async function openSource(source: CacheSource, options: ImportOptions): Promise<CacheSourcePlace> {
  if (source.kind === "local") {
    const { localSource } = await import("./local.ts");
    return localSource(source.directory, { tag: source.tag ?? "latest", digest: source.digest });
  }
  const { registrySource } = await import("./registry.ts");
  return registrySource(source, options);
}

async function readDocument(
  name: string,
  place: CacheSourcePlace,
  manifest: ImageManifest,
): Promise<CacheDocument> {
  const fail = (reason: string, cause?: unknown) => cacheInvalid(name, reason, cause);
  const inline = manifest.annotations[inlineAnnotation];
  if (inline !== undefined) return parseDocument(Buffer.from(inline, "utf8"), fail);
  if (manifest.config.mediaType !== cacheTypes.config) throw fail("it is no build cache of Boxwright");
  return parseDocument(await place.document(manifest.config), fail);
}

/** The n-th layer of the records is the n-th of the manifest. */
function blobAt(name: string, { layers }: ImageManifest, index: number): BlobDescriptor {
  const blob = layers[index];
  if (blob === undefined) throw cacheInvalid(name, "its records name more layers than its manifest");
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
}
