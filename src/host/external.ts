import { constants } from "node:os";
import type { OutputFormat } from "../component/types.ts";
import { engineFailed, engineFormat, engineMissing, runAborted } from "../errors/host.ts";
import type { Engine } from "./types.ts";

type ExternalEngine = Exclude<Engine, "v8">;

interface EngineCommand {
  readonly formats: readonly OutputFormat[];
  readonly command: (
    file: string,
    env: readonly string[],
    args: readonly string[],
    cacheDirectory: string | undefined,
  ) => readonly string[];
}

/** How each engine's own command line takes a file, environment and arguments. */
const COMMANDS: Readonly<Record<ExternalEngine, EngineCommand>> = {
  wasmtime: {
    formats: ["component", "module"],
    command: (file, env, args) => ["run", ...env.flatMap((entry) => ["--env", entry]), "--", file, ...args],
  },
  wasmer: {
    formats: ["module"],
    command: (file, env, args) => ["run", ...env.flatMap((entry) => ["--env", entry]), file, "--", ...args],
  },
  wazero: {
    formats: ["module"],
    command: (file, env, args, cacheDirectory) => [
      "run",
      ...(cacheDirectory === undefined ? [] : [`-cachedir=${cacheDirectory}`]),
      ...env.map((entry) => `-env=${entry}`),
      file,
      ...args,
    ],
  },
  wasmedge: {
    formats: ["module"],
    command: (file, env, args) => [...env.flatMap((entry) => ["--env", entry]), file, ...args],
  },
};

export interface ExternalRun {
  readonly file: string;
  readonly format: OutputFormat;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly stdio: readonly [number, number, number];
  readonly signal: AbortSignal | undefined;
  readonly cacheDirectory: string | undefined;
}

/** Signals for the program that reach only this process: they are passed on. */
const FORWARDED = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

/** Runs the file with an engine of the machine. Resolves to its exit code; 128 + n where signal n ended it. */
export async function runExternally(engine: ExternalEngine, run: ExternalRun): Promise<number> {
  const { formats, command } = COMMANDS[engine];
  if (!formats.includes(run.format)) throw engineFormat(engine, run.format);
  const entries = run.env.map(([name, value]) => `${name}=${value}`);
  const { execa } = await import("execa");
  const child = execa(engine, command(run.file, entries, run.args, run.cacheDirectory), {
    stdio: [stream(run.stdio[0], 0), stream(run.stdio[1], 1), stream(run.stdio[2], 2)],
    reject: false,
    ...(run.signal === undefined ? {} : { cancelSignal: run.signal }),
    forceKillAfterDelay: 5000,
  });
  const restore = passSignals((signal) => child.kill(signal));
  try {
    const result = await child;
    if (result.isCanceled) throw runAborted(run.signal?.reason);
    if (result.signal !== undefined) return 128 + constants.signals[result.signal as NodeJS.Signals];
    if (result.exitCode !== undefined) return result.exitCode;
    throw result.code === "ENOENT"
      ? engineMissing(engine, result)
      : engineFailed(engine, result.cause ?? result);
  } finally {
    restore();
  }
}

/** Ctrl-C goes to the engine too (same process group): this process only waits for its end. */
function passSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const ignore = () => {};
  process.on("SIGINT", ignore);
  for (const signal of FORWARDED) process.on(signal, send);
  return () => {
    process.off("SIGINT", ignore);
    for (const signal of FORWARDED) process.off(signal, send);
  };
}

/** execa takes any descriptor; its types name single digits only. */
function stream(descriptor: number, standard: 0 | 1 | 2): "inherit" | 3 {
  return descriptor === standard ? "inherit" : (descriptor as 3);
}
