/**
 * Runs a preview-1 command over a host directory: `node run-guest.ts MODULE ROOT [ARG...]`, its environment being
 * that of the process. A process of its own, because guests need a deep stack and node:wasi exits with them.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { wasmEngine } from "./wasm/engine.ts";

/** Kilobytes of V8 stack. The main thread has 8 MiB on Linux, of which V8 must leave some. */
const STACK_SIZE = 7000;

export interface GuestRun {
  readonly module: string;
  readonly root: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs the guest to its end and returns what it wrote to stdout. Throws if it fails. */
export function runGuest({ module, root, args, environment }: GuestRun): string {
  const script = fileURLToPath(import.meta.url);
  const flags = ["--no-warnings", `--stack-size=${STACK_SIZE}`];
  return execFileSync(process.execPath, [...flags, script, module, root, ...args], {
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
}

async function main(): Promise<void> {
  const { WASI } = await import("node:wasi");
  const [module, root, ...args] = process.argv.slice(2) as [string, string, ...string[]];
  const env = process.env as Record<string, string>;
  const wasi = new WASI({ version: "preview1", args, env, preopens: { "/": root }, returnOnExit: true });
  const instance = new wasmEngine.Instance(
    new wasmEngine.Module(readFileSync(module)),
    wasi.getImportObject(),
  );
  process.exitCode = wasi.start(instance);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
