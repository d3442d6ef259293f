/** The reading half of this folder's contract, apart so that `run` and `inspect` load nothing of bundling. */
export {
  type CoreModule,
  type CustomSection,
  inspectWasm,
  type Place,
  readRange,
  type WasmFile,
} from "./inspect-wasm.ts";
export { METADATA_SECTION, readMetadata } from "./metadata.ts";
