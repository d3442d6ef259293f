import { randomFillSync } from "node:crypto";
import { CLOCK, ERRNO, EVENT, GuestError, SIZE, SUBSCRIPTION_ABSTIME } from "./abi.ts";
import { type DescriptorTable, SUCCESS } from "./descriptors.ts";
import type { HostFunctions } from "./host.ts";
import { encodeStrings, type GuestMemory } from "./memory.ts";

/** The step's clock: starts at its epoch and runs as the host's does. Nanoseconds. */
export interface Clock {
  realtime(): bigint;
  monotonic(): bigint;
}

export function startClock(epochSeconds: number): Clock {
  const start = process.hrtime.bigint();
  const monotonic = () => process.hrtime.bigint() - start;
  return { monotonic, realtime: () => BigInt(epochSeconds) * 1_000_000_000n + monotonic() };
}

/** Thrown through the guest's frames by proc_exit. */
export class GuestExit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export interface ProcessContext {
  readonly memory: GuestMemory;
  readonly descriptors: DescriptorTable;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Called at the first args_sizes_get: the guest's constructors have run, its main has not. */
  readonly onStart: () => void;
}

/** SIGABRT is 6 and so on: what a shell reports is 128 more. */
const SIGNAL_EXIT = 128;
/** One poll may wait on this many things at most; more is not a guest that means well. */
const MAX_SUBSCRIPTIONS = 4096;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function sleep(nanoseconds: bigint): void {
  if (nanoseconds > 0n) Atomics.wait(sleeper, 0, 0, Number(nanoseconds) / 1e6);
}

export function processCalls(context: ProcessContext): HostFunctions {
  const { memory, descriptors, clock } = context;
  const argv = encodeStrings(context.arguments);
  const environ = encodeStrings(Object.entries(context.environment).map(([key, value]) => `${key}=${value}`));
  let started = false;

  function sizes(strings: readonly Uint8Array[], countAt: number, sizeAt: number): number {
    memory.setU32(countAt, strings.length);
    memory.setU32(
      sizeAt,
      strings.reduce((sum, text) => sum + text.length, 0),
    );
    return SUCCESS;
  }

  function copy(strings: readonly Uint8Array[], pointers: number, buffer: number): number {
    let at = buffer;
    for (const [index, text] of strings.entries()) {
      memory.setU32(pointers + index * 4, at);
      memory.slice(at, text.length).set(text);
      at += text.length;
    }
    return SUCCESS;
  }

  function time(id: number): bigint {
    if (id === CLOCK.REALTIME) return clock.realtime();
    if (id === CLOCK.MONOTONIC || id === CLOCK.PROCESS || id === CLOCK.THREAD) return clock.monotonic();
    throw new GuestError("EINVAL");
  }

  interface Subscription {
    readonly at: number;
    readonly type: number;
    /** Clock: nanoseconds from now. */
    readonly wait: bigint;
    readonly errno: number;
  }

  function readSubscription(at: number): Subscription {
    const type = memory.u8(at + 8);
    if (type === EVENT.CLOCK) {
      const id = memory.u32(at + 16);
      const timeout = memory.u64(at + 24);
      const absolute = (memory.u16(at + 40) & SUBSCRIPTION_ABSTIME) !== 0;
      return { at, type, wait: absolute ? timeout - time(id) : timeout, errno: ERRNO.SUCCESS };
    }
    if (type !== EVENT.FD_READ && type !== EVENT.FD_WRITE) throw new GuestError("EINVAL");
    try {
      descriptors.get(memory.u32(at + 16));
      return { at, type, wait: 0n, errno: ERRNO.SUCCESS };
    } catch {
      return { at, type, wait: 0n, errno: ERRNO.EBADF };
    }
  }

  const notASocket = (fd: number) => {
    descriptors.get(fd);
    return ERRNO.ENOTSOCK;
  };

  return {
    args_sizes_get(countAt: number, sizeAt: number) {
      if (!started) {
        started = true;
        context.onStart();
      }
      return sizes(argv, countAt, sizeAt);
    },
    args_get: (pointers: number, buffer: number) => copy(argv, pointers, buffer),
    environ_sizes_get: (countAt: number, sizeAt: number) => sizes(environ, countAt, sizeAt),
    environ_get: (pointers: number, buffer: number) => copy(environ, pointers, buffer),
    clock_res_get(id: number, result: number) {
      time(id);
      memory.setU64(result, 1n);
      return SUCCESS;
    },
    clock_time_get(id: number, _precision: bigint, result: number) {
      memory.setU64(result, BigInt.asUintN(64, time(id)));
      return SUCCESS;
    },
    random_get(pointer: number, length: number) {
      randomFillSync(memory.slice(pointer, length));
      return SUCCESS;
    },
    /** Files and pipes of a build step are always ready; only clocks are waited for. */
    poll_oneoff(subscriptions: number, events: number, count: number, result: number) {
      if (count === 0 || count > MAX_SUBSCRIPTIONS) throw new GuestError("EINVAL");
      const all = Array.from({ length: count }, (_, index) =>
        readSubscription(subscriptions + index * SIZE.SUBSCRIPTION),
      );
      let shortest = all[0]!.wait;
      for (const { wait } of all) if (wait < shortest) shortest = wait;
      sleep(shortest);
      const ready = all.filter(({ wait }) => wait <= shortest || wait <= 0n);
      for (const [index, { at, type, errno }] of ready.entries()) {
        const event = events + index * SIZE.EVENT;
        const userdata = memory.u64(at);
        memory.slice(event, SIZE.EVENT).fill(0);
        memory.setU64(event, userdata);
        memory.setU16(event + 8, errno);
        memory.setU8(event + 10, type);
        if (type !== EVENT.CLOCK) memory.setU64(event + 16, 1n);
      }
      memory.setU32(result, ready.length);
      return SUCCESS;
    },
    proc_exit(code: number) {
      throw new GuestExit(code & 0xff);
    },
    proc_raise(signal: number) {
      throw new GuestExit(SIGNAL_EXIT + signal);
    },
    sched_yield: () => SUCCESS,
    sock_accept: notASocket,
    sock_recv: notASocket,
    sock_send: notASocket,
    sock_shutdown: notASocket,
  };
}
