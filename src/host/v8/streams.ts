import type { Descriptors } from "./descriptors.ts";
import { type GuestMemory, putBytes, putString } from "./guest-memory.ts";
import type { Pollables } from "./poll.ts";
import { createHandleTable } from "./resources.ts";

type Imports = Record<string, (...values: never[]) => unknown>;

/** How much one write may take, and one read give: what check-write promises. */
const CHUNK = 1024 * 1024;

/** `wasi:io/streams` and `wasi:io/error` @0.2, over descriptors of the host. */
export interface Streams {
  /** A new handle of a stream over a descriptor. */
  input(descriptor: number): number;
  output(descriptor: number): number;
  readonly streams: Imports;
  readonly error: Imports;
}

export function createStreams(memory: GuestMemory, descriptors: Descriptors, pollables: Pollables): Streams {
  const inputs = createHandleTable<number>();
  const outputs = createHandleTable<number>();
  const errors = createHandleTable<string>();

  /** `stream-error` at `at`: 0 last-operation-failed with an error, 1 closed. */
  const putError = (at: number, error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    // A pipe without a reader, and the end of the input.
    if (code === "EPIPE") {
      memory.view.setUint8(at, 1);
      return;
    }
    memory.view.setUint8(at, 0);
    memory.view.setUint32(at + 4, errors.add(message), true);
  };

  /** `result<T, stream-error>` whose payload lies at `payload` bytes from its start. */
  const attempt = (at: number, payload: 4 | 8, action: () => void) => {
    try {
      action();
      memory.view.setUint8(at, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      memory.view.setUint8(at, 1);
      putError(at + payload, error);
    }
  };

  const take = (handle: number, length: bigint): Uint8Array => {
    const descriptor = inputs.get(handle);
    const chunk = new Uint8Array(length > CHUNK ? CHUNK : Number(length));
    const count = descriptors.read(descriptor, chunk);
    if (count === 0 && length > 0n) throw Object.assign(new Error("end of input"), { code: "EPIPE" });
    return chunk.subarray(0, count);
  };

  /** Standard input has no readiness that could be asked without waiting, so read waits too. */
  const read = (handle: number, length: bigint, at: number) => {
    const wanted = BigInt.asUintN(64, length);
    attempt(at, 4, () => putBytes(memory, at + 4, take(handle, wanted)));
  };

  const skip = (handle: number, length: bigint, at: number) => {
    const wanted = BigInt.asUintN(64, length);
    attempt(at, 8, () => memory.view.setBigUint64(at + 8, BigInt(take(handle, wanted).length), true));
  };

  const write = (handle: number, pointer: number, length: number, at: number) => {
    const start = pointer >>> 0;
    const descriptor = outputs.get(handle);
    attempt(at, 4, () => descriptors.write(descriptor, memory.bytes.subarray(start, start + (length >>> 0))));
  };

  const writeZeroes = (handle: number, length: bigint, at: number) => {
    const descriptor = outputs.get(handle);
    const count = BigInt.asUintN(64, length);
    if (count > CHUNK) throw new WebAssembly.RuntimeError("write-zeroes beyond what check-write permits");
    attempt(at, 4, () => descriptors.write(descriptor, new Uint8Array(Number(count))));
  };

  const flush = (handle: number, at: number) => {
    outputs.get(handle);
    memory.view.setUint8(at, 0);
  };

  const splice = (target: number, source: number, length: bigint, at: number) => {
    const descriptor = outputs.get(target);
    const wanted = BigInt.asUintN(64, length);
    attempt(at, 8, () => {
      const bytes = take(source, wanted);
      descriptors.write(descriptor, bytes);
      memory.view.setBigUint64(at + 8, BigInt(bytes.length), true);
    });
  };

  return {
    input: (descriptor) => inputs.add(descriptor),
    output: (descriptor) => outputs.add(descriptor),
    streams: {
      "[method]input-stream.read": read,
      "[method]input-stream.blocking-read": read,
      "[method]input-stream.skip": skip,
      "[method]input-stream.blocking-skip": skip,
      "[method]input-stream.subscribe": () => pollables.ready(),
      "[method]output-stream.check-write": (handle: number, at: number) => {
        outputs.get(handle);
        memory.view.setUint8(at, 0);
        memory.view.setBigUint64(at + 8, BigInt(CHUNK), true);
      },
      "[method]output-stream.write": write,
      "[method]output-stream.blocking-write-and-flush": write,
      "[method]output-stream.write-zeroes": writeZeroes,
      "[method]output-stream.blocking-write-zeroes-and-flush": writeZeroes,
      "[method]output-stream.flush": flush,
      "[method]output-stream.blocking-flush": flush,
      "[method]output-stream.splice": splice,
      "[method]output-stream.blocking-splice": splice,
      "[method]output-stream.subscribe": () => pollables.ready(),
      "[resource-drop]input-stream": (handle: number) => inputs.drop(handle),
      "[resource-drop]output-stream": (handle: number) => outputs.drop(handle),
    },
    error: {
      "[method]error.to-debug-string": (handle: number, at: number) =>
        putString(memory, at, errors.get(handle)),
      "[resource-drop]error": (handle: number) => errors.drop(handle),
    },
  };
}
