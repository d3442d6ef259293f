import { extname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { type CoreModule, readRange, type WasmFile } from "../../component/inspect.ts";
import {
  compilationFailed,
  foreignFile,
  guestStackExhausted,
  guestTrapped,
  runAborted,
} from "../../errors/host.ts";
import type { GuestJob, GuestOutcome, RunOptions } from "../types.ts";
import { runGuest } from "./guest.ts";

/**
 * Megabytes of stack for a guest's own thread: address space, of which only what is used becomes memory.
 * CPython, whose C recursion is bounded, needs less than a third of one.
 */
const STACK_MEGABYTES = 64;

/**
 * Runs the main core module of a component, or a module, in V8, without transpiling. Resolves to the exit
 * code. Throws the errors of src/errors/host.ts.
 */
export async function runInV8(
  file: string,
  outline: WasmFile,
  job: Omit<GuestJob, "module">,
  { thread = "own", signal }: Pick<RunOptions, "thread" | "signal">,
): Promise<number> {
  if (signal?.aborted) throw runAborted(signal.reason);
  const main = mainModule(file, outline);
  // Functions are checked when they are first called, as they are compiled then: halves the time to load.
  setFlagsFromString("--wasm-lazy-validation");
  if (thread === "caller") {
    const module = compileNow(file, readRange(file, main));
    return exitCode(file, runGuest({ ...job, module }));
  }
  return exitCode(file, await runInWorker(file, main, job, signal));
}

function compileNow(file: string, bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw compilationFailed(file, cause);
  }
}

/** Compiles while the thread starts. */
async function runInWorker(
  file: string,
  main: CoreModule,
  job: Omit<GuestJob, "module">,
  signal: AbortSignal | undefined,
): Promise<GuestOutcome> {
  const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    resourceLimits: { stackSizeMb: STACK_MEGABYTES },
    // Flags of this process (--input-type, --inspect) are not meant for the guest's thread.
    execArgv: [],
  });
  try {
    const finished = outcomeOf(worker, signal);
    // Awaited below; a failure to compile comes first.
    finished.catch(() => {});
    const module = compileNow(file, readRange(file, main));
    worker.postMessage({ ...job, module } satisfies GuestJob);
    return await finished;
  } finally {
    // Not awaited: a thread that waits for input ends only with it, and must not hold the caller up.
    void worker.terminate();
    worker.unref();
  }
}

function exitCode(file: string, outcome: GuestOutcome): number {
  switch (outcome.kind) {
    case "exit":
      return outcome.code;
    case "trap":
      throw guestTrapped(outcome.reason);
    case "stack":
      throw guestStackExhausted();
    case "invalid":
      throw compilationFailed(file, outcome.reason);
    case "foreign":
      throw foreignFile(file, outcome.what);
  }
}

/** The module that holds kernel and guest: the one with the command's entry. */
function mainModule(file: string, { format, modules }: WasmFile): CoreModule {
  const isMain = ({ exports }: CoreModule) =>
    exports.some(({ name }) => /^wasi:cli\/run@0\.2\.\d+#run$/.test(name) || name === "_start");
  const main = format === "module" ? modules[0] : modules.find(isMain);
  if (main === undefined) throw foreignFile(file, "it holds no core module with a command's entry");
  return main;
}

function outcomeOf(worker: Worker, signal: AbortSignal | undefined): Promise<GuestOutcome> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(runAborted(signal?.reason));
    signal?.addEventListener("abort", abort, { once: true });
    const settle = (action: () => void) => {
      signal?.removeEventListener("abort", abort);
      action();
    };
    worker.once("message", (outcome: GuestOutcome) => settle(() => resolve(outcome)));
    worker.once("error", (error) => settle(() => reject(guestTrapped(error.message))));
    worker.once("exit", () => settle(() => reject(guestTrapped("its thread ended"))));
  });
}
