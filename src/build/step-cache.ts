import type { Layer } from "../filesystem/types.ts";
import type { Store } from "../store/index.ts";
import { type Layers, parseLayerReference } from "./layers.ts";
import type { LayerReference } from "./state.ts";

const recordKind = "step";

/** What a step came to: a layer, or nothing where it changed nothing. */
export interface StepOutcome {
  readonly layer: LayerReference | undefined;
  readonly cached: boolean;
}

/**
 * Steps by the digest of all that goes into them. A record names the layer that the step made; it counts as
 * long as the layer's tar is in the store.
 */
export interface StepCache {
  find(key: string): Promise<StepOutcome | undefined>;
  /** Finds the step, or makes it: `produce` gives its layer, already in the store, or undefined. */
  resolve(key: string, produce: () => Promise<Layer | undefined>): Promise<StepOutcome>;
  /** Lets a second key name the same outcome. */
  alias(key: string, outcome: StepOutcome): Promise<void>;
}

export function createStepCache(
  store: Store,
  layers: Layers,
  options: { readonly read: boolean },
): StepCache {
  // Two stages may come to the same step at the same time: it is made once.
  const running = new Map<string, Promise<StepOutcome>>();

  async function find(key: string): Promise<StepOutcome | undefined> {
    if (!options.read) return undefined;
    const record = await store.readRecord(recordKind, key);
    if (typeof record !== "object" || record === null || !("layer" in record)) return undefined;
    if (record.layer === null) return { layer: undefined, cached: true };
    const layer = parseLayerReference(record.layer);
    if (layer === undefined || !(await layers.has(layer))) return undefined;
    return { layer, cached: true };
  }

  const write = (key: string, layer: LayerReference | undefined) =>
    store.writeRecord(recordKind, key, { layer: layer ?? null });

  async function make(key: string, produce: () => Promise<Layer | undefined>): Promise<StepOutcome> {
    const found = await find(key);
    if (found !== undefined) return found;
    const layer = await produce();
    const reference = layer === undefined ? undefined : await layers.save(layer);
    await write(key, reference);
    return { layer: reference, cached: false };
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
    alias: (key, outcome) => write(key, outcome.layer),
  };
}
