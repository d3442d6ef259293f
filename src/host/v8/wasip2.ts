import { randomFillSync } from "node:crypto";
import { isatty } from "node:tty";
import type { GuestJob } from "../types.ts";
import type { Descriptors } from "./descriptors.ts";
import { type GuestMemory, putBytes, putString } from "./guest-memory.ts";
import { GuestExit } from "./outcome.ts";
import { createPollables, monotonicNow } from "./poll.ts";
import { createStreams } from "./streams.ts";

type Imports = Record<string, (...values: never[]) => unknown>;

/** What one call may ask of random bytes; more than any program needs at once. */
const RANDOM_LIMIT = 64n * 1024n * 1024n;

/**
 * The WASI 0.2 interfaces of the wasip2 port as core imports: what the canonical ABI makes of them when a
 * component's main module is instantiated without its component. Keys are interface names without versions.
 */
export function createWasip2Imports(
  memory: GuestMemory,
  job: Pick<GuestJob, "args" | "env" | "stdio">,
  descriptors: Descriptors,
): Record<string, Imports> {
  const pollables = createPollables(memory);
  const streams = createStreams(memory, descriptors, pollables);
  const [stdin, stdout, stderr] = job.stdio;
  const terminal = (descriptor: number) => (at: number) => {
    memory.view.setUint8(at, isatty(descriptor) ? 1 : 0);
    memory.view.setUint32(at + 4, 1, true);
  };
  return {
    "wasi:cli/environment": environmentImports(memory, job),
    "wasi:cli/exit": {
      exit: (status: number) => {
        throw new GuestExit(status === 0 ? 0 : 1);
      },
      "exit-with-code": (code: number) => {
        throw new GuestExit(code & 0xff);
      },
    },
    "wasi:cli/stdin": { "get-stdin": () => streams.input(stdin) },
    "wasi:cli/stdout": { "get-stdout": () => streams.output(stdout) },
    "wasi:cli/stderr": { "get-stderr": () => streams.output(stderr) },
    "wasi:cli/terminal-input": { "[resource-drop]terminal-input": () => {} },
    "wasi:cli/terminal-output": { "[resource-drop]terminal-output": () => {} },
    "wasi:cli/terminal-stdin": { "get-terminal-stdin": terminal(stdin) },
    "wasi:cli/terminal-stdout": { "get-terminal-stdout": terminal(stdout) },
    "wasi:cli/terminal-stderr": { "get-terminal-stderr": terminal(stderr) },
    "wasi:io/error": streams.error,
    "wasi:io/poll": pollables.imports,
    "wasi:io/streams": streams.streams,
    "wasi:clocks/monotonic-clock": {
      now: monotonicNow,
      resolution: () => 1n,
      "subscribe-instant": (instant: bigint) => pollables.from(BigInt.asUintN(64, instant)),
      "subscribe-duration": (length: bigint) => pollables.from(monotonicNow() + BigInt.asUintN(64, length)),
    },
    "wasi:clocks/wall-clock": {
      now: (at: number) => putTime(memory, at, BigInt(Date.now()) * 1_000_000n),
      resolution: (at: number) => putTime(memory, at, 1_000_000n),
    },
    "wasi:random/random": randomImports(memory, "get-random"),
    "wasi:random/insecure": randomImports(memory, "get-insecure-random"),
    "wasi:random/insecure-seed": {
      "insecure-seed": (at: number) => {
        memory.view.setBigUint64(at, randomU64(), true);
        memory.view.setBigUint64(at + 8, randomU64(), true);
      },
    },
  };
}

function environmentImports(memory: GuestMemory, { args, env }: Pick<GuestJob, "args" | "env">): Imports {
  return {
    "get-arguments": (at: number) => {
      const list = memory.allocate(8 * args.length, 4);
      args.forEach((argument, index) => {
        putString(memory, list + 8 * index, argument);
      });
      memory.view.setUint32(at, list, true);
      memory.view.setUint32(at + 4, args.length, true);
    },
    "get-environment": (at: number) => {
      const list = memory.allocate(16 * env.length, 4);
      env.forEach(([name, value], index) => {
        putString(memory, list + 16 * index, name);
        putString(memory, list + 16 * index + 8, value);
      });
      memory.view.setUint32(at, list, true);
      memory.view.setUint32(at + 4, env.length, true);
    },
    "initial-cwd": (at: number) => memory.view.setUint8(at, 0),
  };
}

function randomImports(memory: GuestMemory, prefix: string): Imports {
  return {
    [`${prefix}-bytes`]: (length: bigint, at: number) => {
      const count = BigInt.asUintN(64, length);
      if (count > RANDOM_LIMIT) throw new WebAssembly.RuntimeError("too many random bytes asked for");
      const bytes = new Uint8Array(Number(count));
      randomFillSync(bytes);
      putBytes(memory, at, bytes);
    },
    [`${prefix}-u64`]: () => BigInt.asIntN(64, randomU64()),
  };
}

function randomU64(): bigint {
  return randomFillSync(new BigUint64Array(1))[0] ?? 0n;
}

/** `datetime`: seconds u64, nanoseconds u32. */
function putTime(memory: GuestMemory, at: number, nanoseconds: bigint): void {
  memory.view.setBigUint64(at, nanoseconds / 1_000_000_000n, true);
  memory.view.setUint32(at + 8, Number(nanoseconds % 1_000_000_000n), true);
}
