import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Exactly what the kernel and its guests use: "all features" would let the tools emit what engines lack. */
const FEATURES = [
  "--enable-multimemory",
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-mutable-globals",
  "--enable-sign-ext",
  "--enable-nontrapping-float-to-int",
];

/** Runs one of binaryen's tools (npm `binaryen`). Rejects with its message on standard error. */
export async function binaryen(
  tool: "wasm-as" | "wasm-merge" | "wasm-opt",
  args: readonly string[],
): Promise<void> {
  const program = fileURLToPath(new URL(`../../node_modules/binaryen/bin/${tool}`, import.meta.url));
  await run(process.execPath, [program, ...FEATURES, ...args]);
}
