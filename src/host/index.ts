/** Runs a .wasm file on this machine. See docs/bundling.md, "Running". */
import { inspectWasm, readMetadata } from "../component/inspect.ts";
import { engineUnknown } from "../errors/host.ts";
import { checkArguments, runEnvironment } from "./environment.ts";
import { ENGINES, type Engine, type RunOptions } from "./types.ts";

export { ENGINES, type Engine, type RunOptions } from "./types.ts";

/** The engine of that name. Throws ENGINE_UNKNOWN. */
export function parseEngine(name: string): Engine {
  const engine = ENGINES.find((known) => known === name);
  if (engine === undefined) throw engineUnknown(name, ENGINES);
  return engine;
}

/**
 * Runs a file that Boxwright made, with V8 or an engine of the machine, and resolves to its exit code.
 * Standard streams are the descriptors given, read and written without buffering. An interrupt (Ctrl-C) ends
 * the whole process at once, as it ends a container: its exit status then is 130.
 * Throws the errors of src/errors/host.ts, and WASM_* for files that cannot be read.
 */
export async function run(options: RunOptions): Promise<number> {
  const { file, engine = "v8", args = [], stdio = [0, 1, 2], signal, cacheDirectory } = options;
  checkArguments(args);
  const outline = inspectWasm(file);
  const env = runEnvironment(options, readMetadata(file, outline)?.config.config.Env ?? []);
  if (engine === "v8") {
    const { runInV8 } = await import("./v8/run.ts");
    return runInV8(file, outline, { args: [file, ...args], env, stdio }, options);
  }
  const { runExternally } = await import("./external.ts");
  return runExternally(engine, { file, format: outline.format, args, env, stdio, signal, cacheDirectory });
}
