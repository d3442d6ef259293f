/** The few names of the WebAssembly JavaScript interface that the recipes use; Node has them all. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface WasmEngine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => WasmInstance;
  readonly validate: (bytes: Uint8Array) => boolean;
}

export const wasmEngine: WasmEngine = (globalThis as unknown as { WebAssembly: WasmEngine }).WebAssembly;
