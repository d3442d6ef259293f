import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { storeReadFailed, storeWriteFailed } from "../errors/store.ts";
import { isRunning } from "./lease.ts";

/** Something that one step of all processes may use at a time. */
export interface Lock {
  release(): Promise<void>;
}

const heartbeatMilliseconds = 30_000;
/** An owner that has not shown itself this long has ended, even if it is on another machine. */
const silentMilliseconds = 300_000;
const pollMilliseconds = 100;

/**
 * Takes the lock of that name (letters, digits, `-` and `.`) on the store in a directory, or undefined if somebody
 * has it. A file that is touched every half minute stands for it: node has no locks of the operating system, which
 * would end with their process; so the lock of a process that was killed is found out by its process number.
 */
export async function tryLock(store: string, name: string): Promise<Lock | undefined> {
  const file = fileOf(store, name);
  if (await isHeld(file)) return undefined;
  await removeEnded(file);
  const token = randomUUID();
  if (!(await create(file, JSON.stringify({ host: hostname(), pid: process.pid, token })))) return undefined;
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, heartbeatMilliseconds);
  heartbeat.unref();
  return {
    async release() {
      clearInterval(heartbeat);
      // Who was silent for too long may have lost it to another.
      if ((await readOwner(file))?.token === token) await rm(file, { force: true });
    },
  };
}

/** As {@link tryLock}, waiting for who has it. */
export async function lock(store: string, name: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    signal.throwIfAborted();
    const taken = await tryLock(store, name);
    if (taken !== undefined) return taken;
    await wait(pollMilliseconds, undefined, { signal });
  }
}

const fileOf = (store: string, name: string) => join(store, "locks", `${name}.lock`);

interface Owner {
  readonly host?: unknown;
  readonly pid?: unknown;
  readonly token?: unknown;
}

/** False if there is such a file. */
async function create(file: string, text: string): Promise<boolean> {
  try {
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw storeWriteFailed("a lock", cause);
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Owner;
  } catch (cause) {
    if (cause instanceof SyntaxError) return {};
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw storeReadFailed("a lock", cause);
  }
}

async function isHeld(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return false;
  if (Date.now() - found.mtimeMs > silentMilliseconds) return false;
  // One that is being written at this moment has no owner yet, and is held.
  const owner = await readOwner(file);
  if (owner === undefined) return false;
  const { host, pid } = owner;
  return !(host === hostname() && typeof pid === "number" && !isRunning(pid));
}

/**
 * Removes the lock of a process that has ended. One process at a time does, and looks again before: else it could
 * remove the lock that another has taken after removing the ended one.
 */
async function removeEnded(file: string): Promise<void> {
  if ((await stat(file).catch(() => undefined)) === undefined) return;
  const removing = `${file}.removing`;
  if (!(await create(removing, ""))) {
    const since = await stat(removing).catch(() => undefined);
    if (since !== undefined && Date.now() - since.mtimeMs > silentMilliseconds)
      await rm(removing, { force: true });
    return;
  }
  try {
    if (!(await isHeld(file))) await rm(file, { force: true });
  } finally {
    await rm(removing, { force: true });
  }
}
