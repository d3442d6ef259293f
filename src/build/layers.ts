import { createReadStream } from "node:fs";
import { BoxwrightError } from "../errors/index.ts";
import { applyLayer, emptySnapshot, parseLayer, readLayer } from "../filesystem/index.ts";
import type { Layer, Snapshot } from "../filesystem/types.ts";
import { isDigest, type Store } from "../store/index.ts";
import type { ImportedCaches } from "./cache/imported.ts";
import { type LayerReference, treeKey } from "./state.ts";

const recordKind = "layer";

/**
 * Layers and snapshots by reference. A build whose steps are all cached never loads one; what is loaded is
 * shared between the steps.
 */
export interface Layers {
  /** Remembers what a layer changes; its tar is in the store already. */
  save(layer: Layer): Promise<LayerReference>;
  load(reference: LayerReference): Promise<Layer>;
  snapshot(layers: readonly LayerReference[]): Promise<Snapshot>;
  /** Whether the layer's tar is still in the store. */
  has(reference: LayerReference): Promise<boolean>;
  /** Whether it is there, or in a cache that it can be fetched from. */
  isAvailable(reference: LayerReference): Promise<boolean>;
}

export function createLayers(store: Store, caches: ImportedCaches): Layers {
  const loaded = new Map<string, Promise<Layer>>();
  const snapshots = new Map<string, Promise<Snapshot>>();
  const has = async ({ diffId, size }: LayerReference) => (await store.blobSize(diffId)) === size;

  async function read(reference: LayerReference): Promise<Layer> {
    const { diffId } = reference;
    const isPromised = caches.hasPromised(diffId);
    if ((isPromised || caches.offers(diffId)) && !(await has(reference))) return fetched(reference);
    try {
      return await readStored(reference);
    } catch (error) {
      throw isPromised && error instanceof BoxwrightError ? caches.distrust(diffId, error) : error;
    }
  }

  async function fetched(reference: LayerReference): Promise<Layer> {
    const layer = await caches.fetch(reference);
    await store.writeRecord(recordKind, layer.diffId, layer);
    return layer;
  }

  async function readStored({ diffId }: LayerReference): Promise<Layer> {
    const record = await store.readRecord(recordKind, diffId);
    if (record !== undefined) return parseLayer(record);
    const layer = await readLayer(createReadStream(store.blobPath(diffId)), store);
    await store.writeRecord(recordKind, diffId, layer);
    return layer;
  }

  function load(reference: LayerReference): Promise<Layer> {
    let layer = loaded.get(reference.diffId);
    if (layer === undefined) {
      layer = read(reference);
      loaded.set(reference.diffId, layer);
    }
    return layer;
  }

  function snapshot(layers: readonly LayerReference[]): Promise<Snapshot> {
    const last = layers.at(-1);
    if (last === undefined) return Promise.resolve(emptySnapshot());
    const key = treeKey(layers);
    let made = snapshots.get(key);
    if (made === undefined) {
      made = Promise.all([snapshot(layers.slice(0, -1)), load(last)]).then(([below, layer]) =>
        applyLayer(below, layer.changes),
      );
      snapshots.set(key, made);
    }
    return made;
  }

  return {
    async save(layer) {
      loaded.set(layer.diffId, Promise.resolve(layer));
      await store.writeRecord(recordKind, layer.diffId, layer);
      return { diffId: layer.diffId, size: layer.size };
    },
    load,
    snapshot,
    has,
    isAvailable: async (reference) => caches.offers(reference.diffId) || (await has(reference)),
  };
}

/** A reference from a record of the store, or undefined. */
export function parseLayerReference(value: unknown): LayerReference | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { diffId, size } = value as Record<"diffId" | "size", unknown>;
  return isDigest(diffId) && Number.isSafeInteger(size) ? { diffId, size: size as number } : undefined;
}
