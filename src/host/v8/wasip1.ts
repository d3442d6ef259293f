import { randomFillSync } from "node:crypto";
import { isatty } from "node:tty";
import type { GuestJob } from "../types.ts";
import type { Descriptors } from "./descriptors.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { GuestExit } from "./outcome.ts";
import { earliest, monotonicNow, sleepUntil } from "./poll.ts";

type Imports = Record<string, (...values: never[]) => unknown>;

/** Numbers of `wasi_snapshot_preview1` (docs.md of the preview 1 witx). */
const SUCCESS = 0;
const EBADF = 8;
const EINVAL = 28;
const EIO = 29;
const EPIPE = 64;
const FILETYPE_UNKNOWN = 0;
const FILETYPE_CHARACTER_DEVICE = 2;
const RIGHT_FD_READ = 1n << 1n;
const RIGHT_FD_WRITE = 1n << 6n;
const RIGHT_POLL = 1n << 27n;
const SUBSCRIPTION_SIZE = 48;
const EVENT_SIZE = 32;

/**
 * The functions of preview 1 that the wasip1 port needs: arguments, environment, clocks, random bytes, the
 * standard streams, exit. Files are the kernel's business, so there is no path function here.
 */
export function createWasip1Imports(
  memory: GuestMemory,
  job: Pick<GuestJob, "args" | "env" | "stdio">,
  descriptors: Descriptors,
): Imports {
  return {
    ...stringsImports(memory, "args", job.args),
    ...stringsImports(
      memory,
      "environ",
      job.env.map(([name, value]) => `${name}=${value}`),
    ),
    ...clockImports(memory),
    ...streamImports(memory, job.stdio, descriptors),
    random_get: (pointer: number, size: number) => {
      const start = pointer >>> 0;
      randomFillSync(memory.bytes.subarray(start, start + (size >>> 0)));
      return SUCCESS;
    },
    sched_yield: () => SUCCESS,
    proc_exit: (code: number) => {
      throw new GuestExit(code >>> 0);
    },
  };
}

/** `NAME_sizes_get` and `NAME_get`: pointers, and NUL-terminated strings one after the other. */
function stringsImports(memory: GuestMemory, name: "args" | "environ", texts: readonly string[]): Imports {
  const strings = texts.map((text) => new TextEncoder().encode(`${text}\0`));
  const size = strings.reduce((sum, string) => sum + string.length, 0);
  return {
    [`${name}_sizes_get`]: (countAt: number, sizeAt: number) => {
      memory.view.setUint32(countAt >>> 0, strings.length, true);
      memory.view.setUint32(sizeAt >>> 0, size, true);
      return SUCCESS;
    },
    [`${name}_get`]: (pointersAt: number, bytesAt: number) => {
      const { bytes, view } = memory;
      let at = bytesAt >>> 0;
      strings.forEach((string, index) => {
        view.setUint32((pointersAt >>> 0) + 4 * index, at, true);
        bytes.set(string, at);
        at += string.length;
      });
      return SUCCESS;
    },
  };
}

function clockImports(memory: GuestMemory): Imports {
  return {
    clock_res_get: (clock: number, at: number) => {
      if (clock > 1) return EINVAL;
      memory.view.setBigUint64(at >>> 0, clock === 0 ? 1_000_000n : 1n, true);
      return SUCCESS;
    },
    clock_time_get: (clock: number, _precision: bigint, at: number) => {
      if (clock > 1) return EINVAL;
      memory.view.setBigUint64(at >>> 0, clockNow(clock), true);
      return SUCCESS;
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, readyAt: number) =>
      poll(memory, subscriptions >>> 0, events >>> 0, count >>> 0, readyAt >>> 0),
  };
}

function clockNow(clock: number): bigint {
  return clock === 0 ? BigInt(Date.now()) * 1_000_000n : monotonicNow();
}

/** Streams are always ready: their calls wait themselves. Without any, sleeps until the earliest time. */
function poll(
  memory: GuestMemory,
  subscriptions: number,
  events: number,
  count: number,
  readyAt: number,
): number {
  if (count === 0) return EINVAL;
  const { view } = memory;
  const waits = Array.from({ length: count }, (_, index) => {
    const at = subscriptions + SUBSCRIPTION_SIZE * index;
    const type = view.getUint8(at + 8);
    return { type, userdata: view.getBigUint64(at, true), until: type === 0 ? timeout(view, at) : 0n };
  });
  sleepUntil(earliest(waits.map(({ until }) => until)));
  const now = monotonicNow();
  const ready = waits.filter(({ until }) => until <= now);
  ready.forEach(({ type, userdata }, index) => {
    const at = events + EVENT_SIZE * index;
    memory.bytes.fill(0, at, at + EVENT_SIZE);
    view.setBigUint64(at, userdata, true);
    view.setUint8(at + 10, type);
    if (type !== 0) view.setBigUint64(at + 16, 1n, true);
  });
  view.setUint32(readyAt, ready.length, true);
  return SUCCESS;
}

/** The monotonic instant that a clock subscription at `at` means; flag 1 says that its time is absolute. */
function timeout(view: DataView, at: number): bigint {
  const clock = view.getUint32(at + 16, true);
  const time = view.getBigUint64(at + 24, true);
  const isAbsolute = (view.getUint16(at + 40, true) & 1) !== 0;
  return isAbsolute ? time - clockNow(clock) + monotonicNow() : monotonicNow() + time;
}

function streamImports(memory: GuestMemory, stdio: GuestJob["stdio"], descriptors: Descriptors): Imports {
  const vectors = (pointer: number, count: number): Uint8Array[] => {
    const { bytes, view } = memory;
    return Array.from({ length: count >>> 0 }, (_, index) => {
      const at = (pointer >>> 0) + 8 * index;
      const start = view.getUint32(at, true);
      return bytes.subarray(start, start + view.getUint32(at + 4, true));
    });
  };
  const transfer = (action: () => number, sizeAt: number): number => {
    try {
      memory.view.setUint32(sizeAt >>> 0, action(), true);
      return SUCCESS;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return code === "EPIPE" ? EPIPE : EIO;
    }
  };
  return {
    fd_read: (fd: number, pointer: number, count: number, sizeAt: number) => {
      if (fd !== 0) return EBADF;
      return transfer(() => {
        const target = vectors(pointer, count).find(({ length }) => length > 0);
        return target === undefined ? 0 : descriptors.read(stdio[0], target);
      }, sizeAt);
    },
    fd_write: (fd: number, pointer: number, count: number, sizeAt: number) => {
      const descriptor = fd === 1 || fd === 2 ? stdio[fd] : undefined;
      if (descriptor === undefined) return EBADF;
      return transfer(() => {
        let size = 0;
        for (const bytes of vectors(pointer, count)) {
          descriptors.write(descriptor, bytes);
          size += bytes.length;
        }
        return size;
      }, sizeAt);
    },
    fd_fdstat_get: (fd: number, at: number) => {
      const descriptor = stdio[fd];
      if (descriptor === undefined) return EBADF;
      const start = at >>> 0;
      memory.bytes.fill(0, start, start + 24);
      memory.view.setUint8(start, isatty(descriptor) ? FILETYPE_CHARACTER_DEVICE : FILETYPE_UNKNOWN);
      const rights = (fd === 0 ? RIGHT_FD_READ : RIGHT_FD_WRITE) | RIGHT_POLL;
      memory.view.setBigUint64(start + 8, rights, true);
      return SUCCESS;
    },
    fd_close: (fd: number) => (fd <= 2 ? SUCCESS : EBADF),
  };
}
