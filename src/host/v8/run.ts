import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import {
  type CoreModule,
  inspectWasm,
  readExactly,
  type WasmFile,
  withFile,
} from "../../component/inspect-wasm.ts";
import {
  compilationFailed,
  foreignFile,
  guestStackExhausted,
  guestTrapped,
  runAborted,
} from "../../errors/host.ts";
import type { GuestJob, GuestOutcome } from "../types.ts";

/**
 * Megabytes of stack for the guest's thread: address space, of which only what is used becomes memory.
 * Ample for CPython to meet its own recursion limits first.
 */
const STACK_MEGABYTES = 256;

/**
 * Runs the main core module of a component, or a module, in V8: no transpiling, no second compilation of
 * glue. Compiles while the worker thread starts. Resolves to the exit code.
 */
export async function runInV8(
  file: string,
  job: Omit<GuestJob, "module">,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (signal?.aborted) throw runAborted(signal.reason);
  const main = mainModule(file, inspectWasm(file));
  const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    resourceLimits: { stackSizeMb: STACK_MEGABYTES },
    // Flags of this process (--input-type, --inspect) are not meant for the guest's thread.
    execArgv: [],
  });
  try {
    const finished = outcomeOf(worker, signal);
    // Awaited below; a failure to compile comes first.
    finished.catch(() => {});
    const bytes = withFile(file, (descriptor) => readExactly(descriptor, main.offset, main.size));
    const module = await WebAssembly.compile(bytes).catch((cause: unknown) => {
      throw compilationFailed(file, cause);
    });
    worker.postMessage({ ...job, module } satisfies GuestJob);
    return exitCode(file, await finished);
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
    const settle = (action: () => void) => () => {
      signal?.removeEventListener("abort", abort);
      action();
    };
    worker.once("message", (outcome: GuestOutcome) => settle(() => resolve(outcome))());
    worker.once("error", (error) => settle(() => reject(guestTrapped(error.message)))());
    worker.once(
      "exit",
      settle(() => reject(guestTrapped("its thread ended"))),
    );
  });
}
