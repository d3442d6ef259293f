import type { Mount } from "../../dockerfile/types.ts";
import { type Lock, lock, tryLock } from "../../store/index.ts";
import type { Session } from "../session.ts";
import { cacheMountKey } from "./mounted-tree.ts";

/** Which of the caches of an id a step uses, held as long as the step needs them. */
export interface CacheSlots {
  /** The key under which the cache of that id is kept. */
  keyOf(id: string): string;
  release(): Promise<void>;
}

export interface WantedCache {
  readonly id: string;
  readonly sharing: Mount["sharing"];
}

/**
 * Waits for what is "locked" until no other step of any process has it; gives what is "private" a cache that no
 * other step has, which may be a new one. One step may name a cache twice: it is taken once, as strictly as asked for.
 */
export async function holdCaches(
  session: Pick<Session, "store" | "signal">,
  wanted: readonly WantedCache[],
): Promise<CacheSlots> {
  const sharings = new Map<string, Mount["sharing"]>();
  for (const { id, sharing } of wanted) {
    const key = cacheMountKey(id);
    const before = sharings.get(key) ?? "shared";
    sharings.set(key, before === "locked" || sharing === "shared" ? before : sharing);
  }
  const slots = new Map<string, string>();
  const locks: Lock[] = [];
  const release = async () => {
    for (const held of locks) await held.release();
  };
  const { directory } = session.store;
  try {
    // In one order everywhere, so that no two steps wait for each other.
    for (const [key, sharing] of [...sharings].sort(([a], [b]) => (a < b ? -1 : 1))) {
      slots.set(key, key);
      if (sharing === "locked") locks.push(await lock(directory, key, session.signal));
      if (sharing !== "private") continue;
      const { slot, held } = await freeSlot(directory, key);
      slots.set(key, slot);
      locks.push(held);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { keyOf: (id) => slots.get(cacheMountKey(id)) ?? cacheMountKey(id), release };
}

async function freeSlot(directory: string, key: string): Promise<{ slot: string; held: Lock }> {
  for (let number = 0; ; number += 1) {
    const slot = number === 0 ? key : `${key}-${number}`;
    const held = await tryLock(directory, slot);
    if (held !== undefined) return { slot, held };
  }
}
