import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import type { BoxwrightError } from "../errors/index.ts";
import {
  commandNotFound,
  foreignProgram,
  guestUnusable,
  packageFetchFailed,
  packageNeedsBuild,
  packageNeedsCompiler,
  projectNeedsBuild,
  sandboxCrashed,
  unknownUser,
  unsupportedShell,
} from "../errors/sandbox.ts";
import type { Store } from "../store/types.ts";
import { createPackageProvider, type PackageProvider } from "./packages/provider.ts";
import type { Executor, RunEvent, RunRequest, RunResult } from "./types.ts";
import type { WorkerJob, WorkerMessage } from "./worker/protocol.ts";

/** The guest of an embedded runtime, as RUN steps use it. */
export interface SandboxRuntime {
  /** The preview-1 core module on the host. */
  readonly guestFile: string;
  /** `sha256:…` of that file. */
  readonly guestDigest: string;
  readonly guestPaths: readonly string[];
}

export interface WasmExecutorOptions {
  readonly store: Store;
  /** Finds a runtime by its name; throws where there is none. */
  readonly loadRuntime: (name: string) => Promise<SandboxRuntime>;
}

type Done = Extract<WorkerMessage, { kind: "done" }>;
type Failed = Extract<WorkerMessage, { kind: "failed" }>;

/** The guest's own recursion limit has to strike before this does: CPython's C stack fits well. */
const STACK_MB = 256;
/** As much of a step's output as the diagnosis of a failing pip looks at. */
const TAIL = 64 * 1024;

const workerFile = new URL(
  import.meta.url.endsWith(".ts") ? "./worker/main.ts" : "./worker/main.js",
  import.meta.url,
);

async function compileGuest({ guestFile, guestDigest }: SandboxRuntime): Promise<WebAssembly.Module> {
  try {
    const bytes = await readFile(guestFile);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (digest !== guestDigest) throw new Error(`expected ${guestDigest}, found ${digest}`);
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw guestUnusable(guestFile, cause);
  }
}

function fromWorker({ code, message, stack }: Failed): BoxwrightError {
  if (code === "UNKNOWN_USER") return unknownUser(message);
  if (code === "UNSUPPORTED_SHELL") return unsupportedShell(message);
  return sandboxCrashed(
    Object.assign(new Error(message), { stack, ...(code === undefined ? {} : { code }) }),
  );
}

/** The error that says more than the exit code of a step that failed, or undefined. */
function explainFailure(done: Done, output: string, packages: PackageProvider): BoxwrightError | undefined {
  const { exitCode, problem, ranPip } = done;
  if (exitCode === 0) return undefined;
  const unusable = ranPip ? packages.diagnose(output) : undefined;
  if (unusable !== undefined) {
    const { name, version, reason, found } = unusable;
    if (reason === "compiled") return packageNeedsCompiler(name, version, found);
    if (reason === "source") return packageNeedsBuild(name, version, found);
    return projectNeedsBuild(name);
  }
  const failure = ranPip ? packages.failure() : undefined;
  if (failure !== undefined) return packageFetchFailed(failure.url, failure.reason);
  if (problem?.kind === "missing") return commandNotFound(problem.name, exitCode);
  if (problem?.kind === "foreign") return foreignProgram(problem.path, problem.format, exitCode);
  return undefined;
}

/**
 * The executor for images whose base is embedded: a POSIX shell with the usual commands over the
 * snapshot, in which the image's runtime is a real command. Each step has a thread of its own.
 */
export function createWasmExecutor({ store, loadRuntime }: WasmExecutorOptions): Executor {
  const modules = new Map<string, Promise<WebAssembly.Module>>();
  const running = new Set<Worker>();

  async function prepare(name: string) {
    const runtime = await loadRuntime(name);
    let module = modules.get(runtime.guestDigest);
    if (module === undefined) {
      module = compileGuest(runtime);
      modules.set(runtime.guestDigest, module);
    }
    return { module: await module, guestPaths: runtime.guestPaths };
  }

  async function run(
    request: RunRequest,
    options: { readonly signal: AbortSignal; readonly onEvent: (event: RunEvent) => void },
  ): Promise<RunResult> {
    const { signal, onEvent } = options;
    signal.throwIfAborted();
    const { module, guestPaths } = await prepare(request.runtime);
    const packages = createPackageProvider(store);
    const offline = request.network === "none";
    const replies = new MessageChannel();
    const wake = new SharedArrayBuffer(4);
    const job: WorkerJob = {
      request,
      storeDirectory: store.directory,
      module,
      guestPaths,
      pipConfiguration: await packages.configuration(),
      replies: replies.port1,
      wake,
    };
    signal.throwIfAborted();
    const worker = new Worker(workerFile, {
      workerData: job,
      transferList: [replies.port1],
      resourceLimits: { stackSizeMb: STACK_MB },
      // The host's environment is none of the step's business.
      env: {},
      stdin: false,
    });
    running.add(worker);
    let tail = "";

    async function answer(message: Extract<WorkerMessage, { kind: "package" }>): Promise<void> {
      const reply = offline
        ? ({ kind: "unreachable", message: "the step's network is none" } as const)
        : await packages.fetch(message.request, signal);
      replies.port2.postMessage(reply);
      const flag = new Int32Array(wake);
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    }

    try {
      const done = await new Promise<Done>((resolve, reject) => {
        const abort = () => reject(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        worker.on("message", (message: WorkerMessage) => {
          if (message.kind === "output") {
            tail = (tail + Buffer.from(message.bytes).toString("latin1")).slice(-TAIL);
            onEvent({ kind: "output", stream: message.stream, bytes: message.bytes });
          } else if (message.kind === "package") answer(message).catch(reject);
          else if (message.kind === "done") resolve(message);
          else reject(fromWorker(message));
        });
        worker.on("error", (error) => reject(sandboxCrashed(error)));
        worker.on("exit", (code) => reject(sandboxCrashed(new Error(`worker ended with ${code}`))));
      });
      const failure = explainFailure(done, tail, packages);
      if (failure !== undefined) throw failure;
      return { exitCode: done.exitCode, changes: done.changes, mountChanges: done.mountChanges };
    } finally {
      running.delete(worker);
      replies.port2.close();
      await worker.terminate();
    }
  }

  return {
    name: "wasm",
    run,
    async close() {
      await Promise.all([...running].map((worker) => worker.terminate()));
      modules.clear();
    },
  };
}
