import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { storeReadFailed, storeWriteFailed } from "../errors/store.ts";

/** Says to other processes that contents of the store are in use; see {@link oldestLease}. */
export interface Lease {
  release(): Promise<void>;
}

const heartbeatMilliseconds = 30_000;
/** A process that has not shown itself this long has ended, even if it is on another machine. */
const silentMilliseconds = 300_000;

const directoryOf = (store: string) => join(store, "leases");

/**
 * Takes a lease on the store in a directory: whatever is used from `since` (milliseconds since 1970) on is not to
 * be removed until the lease is released. A file that is touched every half minute stands for it, so that the lease
 * of a process that was killed ends by itself.
 */
export async function holdLease(store: string, since: number): Promise<Lease> {
  const file = join(directoryOf(store), `${randomUUID()}.json`);
  try {
    await mkdir(directoryOf(store), { recursive: true });
    await writeFile(file, JSON.stringify({ since, host: hostname(), pid: process.pid }));
  } catch (cause) {
    throw storeWriteFailed("a lease", cause);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, heartbeatMilliseconds);
  heartbeat.unref();
  return {
    async release() {
      clearInterval(heartbeat);
      await rm(file, { force: true }).catch(() => undefined);
    },
  };
}

/**
 * Since when (milliseconds since 1970) the oldest live lease holds what is used; undefined if there is none.
 * Leases whose process has ended are removed.
 */
export async function oldestLease(store: string): Promise<number | undefined> {
  let oldest: number | undefined;
  for (const name of await names(directoryOf(store))) {
    const file = join(directoryOf(store), name);
    const since = await readLease(file);
    if (since === undefined) await rm(file, { force: true });
    else if (oldest === undefined || since < oldest) oldest = since;
  }
  return oldest;
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(".json"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw storeReadFailed("leases", cause);
  }
}

/** Since when a lease holds; undefined if it has ended. */
async function readLease(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || Date.now() - found.mtimeMs > silentMilliseconds) return undefined;
  let lease: { readonly since?: unknown; readonly host?: unknown; readonly pid?: unknown };
  try {
    lease = JSON.parse(await readFile(file, "utf8")) as typeof lease;
  } catch {
    // Being written at this moment: it holds from then on.
    return found.mtimeMs;
  }
  const { since, host, pid } = lease;
  if (host === hostname() && typeof pid === "number" && !isRunning(pid)) return undefined;
  return typeof since === "number" ? Math.min(since, found.mtimeMs) : found.mtimeMs;
}

/** Whether a process of this machine is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and is another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
