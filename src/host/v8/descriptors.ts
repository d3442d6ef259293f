import { readSync, writeSync } from "node:fs";

/** Blocking reads and writes of the host's standard streams, whatever mode their descriptors are in. */
export interface Descriptors {
  /** Waits for input; 0 at its end. Throws the host's error. */
  read(descriptor: number, target: Uint8Array): number;
  /** Writes all bytes. Throws the host's error (EPIPE when the reader is gone). */
  write(descriptor: number, bytes: Uint8Array): void;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps this thread. */
export function sleep(milliseconds: number): void {
  Atomics.wait(pause, 0, 0, milliseconds);
}

/**
 * Descriptors that others share with us may be non-blocking (pipes of a parent Node process are): then the
 * call is tried again after a pause, which grows so that a long wait does not keep the processor busy.
 */
function untilReady<T>(action: () => T): T {
  for (let wait = 1; ; wait = Math.min(wait * 2, 20)) {
    try {
      return action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") sleep(wait);
      else if (code !== "EINTR") throw error;
    }
  }
}

export const hostDescriptors: Descriptors = {
  read(descriptor, target) {
    if (target.length === 0) return 0;
    try {
      return untilReady(() => readSync(descriptor, target, 0, target.length, null));
    } catch (error) {
      // Windows reports the end of a pipe so.
      if ((error as NodeJS.ErrnoException).code === "EOF") return 0;
      throw error;
    }
  },
  write(descriptor, bytes) {
    let done = 0;
    while (done < bytes.length) {
      const rest = done === 0 ? bytes : bytes.subarray(done);
      done += untilReady(() => writeSync(descriptor, rest));
    }
  },
};
