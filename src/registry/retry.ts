import { RegistryError } from "../errors/registry.ts";
import { limits } from "./limits.ts";

/** Waits `milliseconds`; rejects with the signal's reason when it is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Milliseconds before the second and the third try. */
const pauses = [1000, 3000];

export interface RetryOptions {
  readonly signal: AbortSignal;
  readonly wait: Wait;
  readonly onRetry: (error: RegistryError, milliseconds: number) => void;
}

export const waitForReal: Wait = async (milliseconds, signal) => {
  const { setTimeout } = await import("node:timers/promises");
  await setTimeout(milliseconds, undefined, { signal }).catch((cause) => {
    throw signal.aborted ? signal.reason : cause;
  });
};

/** How long to wait before try number `failures + 1`, or undefined when there shall be none. */
export function pauseAfter(error: unknown, failures: number): number | undefined {
  if (!(error instanceof RegistryError) || !error.temporary) return undefined;
  const pause = pauses[failures - 1];
  if (pause === undefined) return undefined;
  const asked = error.retryAfter ?? 0;
  // Whoever is asked to wait for an hour wants to know it, not to wait.
  return asked > limits.retryAfter ? undefined : Math.max(pause, asked);
}

/** Three tries in all, for errors that are temporary. */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      const pause = pauseAfter(error, failures);
      if (pause === undefined) throw error;
      options.onRetry(error as RegistryError, pause);
      await options.wait(pause, options.signal);
    }
  }
}

/** Retry-After (RFC 9110, section 10.2.3) in milliseconds; dates count from the answer's own Date. */
export function parseRetryAfter(value: string | undefined, date: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value) - Date.parse(date ?? "");
  return Number.isFinite(until) ? Math.max(0, until) : undefined;
}
