/** Image + runtime → .wasm, and reading .wasm files back. See docs/bundling.md. */
export { type BundleInput, type BundleResult, bundle, encodeImage } from "./bundle.ts";
export { createImageFiles, type ImageFiles } from "./image-files.ts";
export { type EncodedIndex, encodeIndex, type IndexInput, MODULE_LIMIT } from "./index-encoder.ts";
export * from "./inspect.ts";
export { planSplice } from "./splice.ts";
export { type PlannedStart, planStart, type StartInput } from "./start.ts";
export {
  encodeStartProgram,
  type Operation,
  type Part,
  type StartProgram,
  type Word,
} from "./start-program.ts";
export type { ComponentMetadata, OutputFormat, Port, RuntimeManifest, TemplateManifest } from "./types.ts";
export { type ResolvedUser, resolveUser } from "./users.ts";
