import type { GuestJob, GuestOutcome } from "../types.ts";
import { type Descriptors, hostDescriptors } from "./descriptors.ts";
import { createGuestMemory, type GuestExports } from "./guest-memory.ts";
import { GuestExit } from "./outcome.ts";
import { createWasip1Imports } from "./wasip1.ts";
import { createWasip2Imports } from "./wasip2.ts";

/** Entry points, the component's first (component model, "lifted" name of wasi:cli/run). */
const RUN_EXPORT = /^wasi:cli\/run@0\.2\.\d+#run$/;

/**
 * Instantiates a main core module and runs it to its end, on this thread, without returning to the event
 * loop. Never throws for what the guest does.
 */
export function runGuest(job: GuestJob, descriptors: Descriptors = hostDescriptors): GuestOutcome {
  let exports: WebAssembly.Exports = {};
  const memory = createGuestMemory(() => exports as unknown as GuestExports);
  const wasip2 = createWasip2Imports(memory, job, descriptors);
  const wasip1 = createWasip1Imports(memory, job, descriptors);

  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module, name, kind } of WebAssembly.Module.imports(job.module)) {
    const group = module === "wasi_snapshot_preview1" ? wasip1 : wasip2[module.replace(/@0\.2\.\d+$/, "")];
    const value = group !== undefined && Object.hasOwn(group, name) ? group[name] : undefined;
    if (kind !== "function" || value === undefined) {
      return { kind: "foreign", what: `it imports ${module} ${name}` };
    }
    imports[module] = { ...imports[module], [name]: value as WebAssembly.ImportValue };
  }

  try {
    ({ exports } = new WebAssembly.Instance(job.module, imports));
    const name = Object.keys(exports).find((key) => RUN_EXPORT.test(key)) ?? "_start";
    const entry = exports[name];
    if (typeof entry !== "function" || !(exports["memory"] instanceof WebAssembly.Memory)) {
      return { kind: "foreign", what: "it is no command (it exports no _start, or no memory)" };
    }
    const result = entry();
    return { kind: "exit", code: exactCode(exports) ?? (result === 1 ? 1 : 0) };
  } catch (error) {
    if (error instanceof GuestExit) return { kind: "exit", code: exactCode(exports) ?? error.code };
    if (error instanceof RangeError) return { kind: "stack" };
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof WebAssembly.CompileError ? "invalid" : "trap", reason };
  }
}

/** wasi:cli 0.2 knows success and failure only; the kernel tells the exact code beside it. */
function exactCode(exports: WebAssembly.Exports): number | undefined {
  const code = exports["boxwright_exit_code"];
  if (typeof code === "function") return Number(code()) & 0xff;
  return code instanceof WebAssembly.Global ? Number(code.value) & 0xff : undefined;
}
