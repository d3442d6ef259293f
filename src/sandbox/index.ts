/** What runs a RUN step over a filesystem. */

/** Whether steps have a command of that name, beside the runtime's own and what the image brings. */
export { isCommand } from "./commands/index.ts";
export type * from "./types.ts";
export { createWasmExecutor, type SandboxRuntime, type WasmExecutorOptions } from "./wasm-executor.ts";
