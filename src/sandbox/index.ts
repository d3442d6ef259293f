/** What runs a RUN step over a filesystem. */

export type * from "./types.ts";
export { createWasmExecutor, type SandboxRuntime, type WasmExecutorOptions } from "./wasm-executor.ts";
