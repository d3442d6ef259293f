/**
 * The same Python without Boxwright's kernel: `node:wasi` with one preopened host directory.
 * Usage: node host-python.ts GUEST.wasm ROOT ARG...
 */
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [guest, root, ...args] = process.argv.slice(2) as [string, string, ...string[]];
const wasi = new WASI({
  version: "preview1",
  args: ["/usr/local/bin/python3", ...args],
  env: { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" },
  preopens: { "/": root },
  returnOnExit: true,
});
const instance = new WebAssembly.Instance(
  new WebAssembly.Module(readFileSync(guest)),
  wasi.getImportObject() as WebAssembly.Imports,
);
process.exitCode = wasi.start(instance) as number;
