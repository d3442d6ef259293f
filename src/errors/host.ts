import { BoxwrightError } from "./index.ts";

/** Running a .wasm file on this machine (src/host). */

export function engineMissing(engine: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "ENGINE_MISSING",
    message: `${engine} is not installed (not found in PATH)`,
    hint: `install ${engine}, or leave out --engine to run with the built-in one`,
    exitCode: 2,
    cause,
  });
}

export function engineUnknown(engine: string, known: readonly string[]): BoxwrightError {
  return new BoxwrightError({
    code: "ENGINE_UNKNOWN",
    message: `there is no engine ${JSON.stringify(engine)}`,
    hint: `choose one of ${known.join(", ")}`,
    exitCode: 2,
  });
}

export function engineFormat(engine: string, format: string): BoxwrightError {
  return new BoxwrightError({
    code: "ENGINE_FORMAT",
    message: `${engine} cannot run a ${format}`,
    hint:
      format === "component"
        ? "build with --format module, or run with --engine wasmtime"
        : "build with --format component",
    exitCode: 2,
  });
}

export function engineFailed(engine: string, cause: unknown): BoxwrightError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BoxwrightError({
    code: "ENGINE_FAILED",
    message: `${engine} could not be started: ${reason}`,
    cause,
  });
}

export function foreignFile(file: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "FOREIGN_WASM",
    message: `${file} was not made by boxwright: ${why}`,
    hint: "run it with --engine wasmtime",
  });
}

export function environmentName(name: string): BoxwrightError {
  return new BoxwrightError({
    code: "RUN_ENVIRONMENT_INVALID",
    message: `${JSON.stringify(name)} cannot be an environment variable's name or value`,
    hint: "give --env NAME=value, without NUL bytes",
    exitCode: 2,
  });
}

export function argumentInvalid(argument: string): BoxwrightError {
  return new BoxwrightError({
    code: "RUN_ARGUMENT_INVALID",
    message: `the argument ${JSON.stringify(argument)} has a NUL byte`,
    exitCode: 2,
  });
}

export function compilationFailed(file: string, cause: unknown): BoxwrightError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BoxwrightError({
    code: "WASM_INVALID",
    message: `V8 refuses ${file}: ${reason}`,
    hint: "the built-in engine needs Node 22 or newer (24 advised) and an undamaged file",
    cause,
  });
}

export function guestTrapped(reason: string): BoxwrightError {
  return new BoxwrightError({
    code: "GUEST_TRAPPED",
    message: `the program was stopped by the WebAssembly engine: ${reason}`,
    hint: "this is a fault in the program, or in boxwright: please report it if the same image runs in a container",
  });
}

export function guestStackExhausted(): BoxwrightError {
  return new BoxwrightError({
    code: "GUEST_STACK_EXHAUSTED",
    message: "the program's recursion used up the WebAssembly engine's stack",
    hint: "lower the program's recursion limit, or let it use loops",
  });
}

export function runAborted(cause: unknown): BoxwrightError {
  return new BoxwrightError({ code: "RUN_ABORTED", message: "the run was cancelled", cause });
}
