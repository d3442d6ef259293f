/**
 * Boxwright as a library: a Dockerfile goes in, one WebAssembly component comes out. Every function takes an
 * `AbortSignal`, reports through events, and fails with a `BoxwrightError`. Nothing is printed.
 */
export {
  type BuildEvent,
  type BuildOptions,
  type BuildResult,
  build,
  type CheckResult,
  type ContextInput,
  check,
  type DockerfileInput,
  type SecretSource,
  type StepName,
  version,
  type Warning,
} from "./build/index.ts";
export { type ComponentMetadata, inspectWasm, readMetadata, type WasmFile } from "./component/index.ts";
export { describe, type InstructionDescription } from "./dockerfile/index.ts";
export { BoxwrightError, type ExitCode, type Position, type SourceRange } from "./errors/index.ts";
export { type Engine, type RunOptions, run } from "./host/index.ts";
