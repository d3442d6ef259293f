import type { Layer } from "../filesystem/types.ts";
import type { Store } from "../store/index.ts";
import { isStepKey } from "./cache/document.ts";
import type { ImportedCaches } from "./cache/imported.ts";
import { type Layers, parseLayerReference } from "./layers.ts";
import type { LayerReference } from "./state.ts";

const recordKind = "step";

/** What a step came to: a layer, or nothing where it changed nothing. */
export interface StepOutcome {
  readonly layer: LayerReference | undefined;
  readonly cached: boolean;
  /** The key that found it, and the key of the same step's contents where that is another. */
  readonly keys: readonly [string, string?];
  /** From another place's cache, which has not given the layer yet. */
  readonly imported?: boolean;
}

/**
 * Steps by the digest of all that goes into them. A record names the layer that the step made; it counts as
 * long as the layer's tar is in the store.
 */
export interface StepCache {
  find(key: string): Promise<StepOutcome | undefined>;
  /** Finds the step, or makes it: `produce` gives its layer, already in the store, or undefined. */
  resolve(key: string, produce: () => Promise<Layer | undefined>): Promise<StepOutcome>;
  /** Lets a second key, which is known before the contents are, name the same outcome. */
  alias(key: string, outcome: StepOutcome): Promise<StepOutcome>;
  /** The same, but nothing is found that was there before. */
  afresh(): StepCache;
}

export function createStepCache(
  store: Store,
  layers: Layers,
  options: { readonly read: boolean; readonly caches: ImportedCaches },
): StepCache {
  const { caches } = options;
  // Two stages may come to the same step at the same time: it is made once.
  const running = new Map<string, Promise<StepOutcome>>();

  async function find(key: string): Promise<StepOutcome | undefined> {
    if (!options.read) return undefined;
    return (await findOwn(key)) ?? (await findImported(key));
  }

  async function findOwn(key: string): Promise<StepOutcome | undefined> {
    const record = await store.readRecord(recordKind, key);
    if (typeof record !== "object" || record === null || !("layer" in record)) return undefined;
    const keys = keysOf(key, "of" in record ? record.of : undefined);
    if (record.layer === null) return { layer: undefined, cached: true, keys };
    const layer = parseLayerReference(record.layer);
    if (layer === undefined || !(await layers.isAvailable(layer))) return undefined;
    return { layer, cached: true, keys };
  }

  async function findImported(key: string): Promise<StepOutcome | undefined> {
    const record = caches.find(key);
    if (record === undefined) return undefined;
    const outcome = { layer: record.layer, cached: true, keys: keysOf(key, record.of), imported: true };
    await write(outcome);
    return outcome;
  }

  async function write({ keys: [key, of], layer, imported = false }: StepOutcome): Promise<void> {
    const record = { layer: layer ?? null, ...(of === undefined ? {} : { of }) };
    const keep = () => store.writeRecord(recordKind, key, record);
    if (imported && layer !== undefined) caches.whenFetched(layer.diffId, keep);
    else await keep();
  }

  async function make(key: string, produce: () => Promise<Layer | undefined>): Promise<StepOutcome> {
    const found = await find(key);
    if (found !== undefined) return found;
    const layer = await produce();
    const reference = layer === undefined ? undefined : await layers.save(layer);
    const outcome: StepOutcome = { layer: reference, cached: false, keys: [key] };
    await write(outcome);
    return outcome;
  }

  return {
    find,
    resolve(key, produce) {
      let outcome = running.get(key);
      if (outcome === undefined) {
        outcome = make(key, produce);
        running.set(key, outcome);
      }
      return outcome;
    },
    async alias(key, outcome) {
      const [of] = outcome.keys;
      const aliased: StepOutcome = { ...outcome, keys: [key, of] };
      await write(aliased);
      return aliased;
    },
    afresh: () => createStepCache(store, layers, { read: false, caches }),
  };
}

const keysOf = (key: string, of: unknown): readonly [string, string?] => (isStepKey(of) ? [key, of] : [key]);
