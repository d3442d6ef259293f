import type { StepOutcome } from "../step-cache.ts";
import type { CacheRecord } from "./document.ts";

/** The steps of a build and what they came to: what a cache is exported from. */
export interface Journal {
  add(outcome: StepOutcome): void;
  records(): readonly CacheRecord[];
}

export function createJournal(): Journal {
  const records = new Map<string, CacheRecord>();
  return {
    add({ keys, layer }) {
      const [key, of] = keys;
      records.set(key, { key, layer, of });
      if (of !== undefined) records.set(of, { key: of, layer });
    },
    records: () => [...records.values()],
  };
}
