import { sleep } from "./descriptors.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { createHandleTable } from "./resources.ts";

type Imports = Record<string, (...values: never[]) => unknown>;

/** `wasi:io/poll` @0.2: a pollable is the moment (monotonic, nanoseconds) from which it is ready. */
export interface Pollables {
  /** A handle of one that is always ready: streams, whose calls wait themselves. */
  ready(): number;
  /** A handle of one that is ready from `instant` on. */
  from(instant: bigint): number;
  readonly imports: Imports;
}

export function monotonicNow(): bigint {
  return process.hrtime.bigint();
}

export function createPollables(memory: GuestMemory): Pollables {
  const instants = createHandleTable<bigint>();
  const isReady = (handle: number) => instants.get(handle) <= monotonicNow();

  return {
    ready: () => instants.add(0n),
    from: (instant) => instants.add(instant),
    imports: {
      "[method]pollable.ready": (handle: number) => (isReady(handle) ? 1 : 0),
      "[method]pollable.block": (handle: number) => sleepUntil(instants.get(handle)),
      "[resource-drop]pollable": (handle: number) => instants.drop(handle),
      poll: (pointer: number, count: number, at: number) => {
        if (count === 0) throw new WebAssembly.RuntimeError("poll of an empty list");
        const { view } = memory;
        const handles = Array.from({ length: count }, (_, index) =>
          view.getUint32((pointer >>> 0) + 4 * index, true),
        );
        sleepUntil(earliest(handles.map((handle) => instants.get(handle))));
        const indices = handles.flatMap((handle, index) => (isReady(handle) ? [index] : []));
        const list = memory.allocate(4 * indices.length, 4);
        indices.forEach((index, position) => {
          memory.view.setUint32(list + 4 * position, index, true);
        });
        memory.view.setUint32(at, list, true);
        memory.view.setUint32(at + 4, indices.length, true);
      },
    },
  };
}

/** Sleeping may end early by a fraction of a millisecond. */
export function sleepUntil(instant: bigint): void {
  for (let left = instant - monotonicNow(); left > 0n; left = instant - monotonicNow()) {
    sleep(Math.min(Number(left) / 1e6, 1 << 30));
  }
}

/** Math.min does not take bigints. */
export function earliest(instants: readonly bigint[]): bigint {
  let found = instants[0] ?? 0n;
  for (const instant of instants) if (instant < found) found = instant;
  return found;
}
