export const ENGINES = ["v8", "wasmtime", "wasmer", "wazero", "wasmedge"] as const;
export type Engine = (typeof ENGINES)[number];

export interface RunOptions {
  readonly file: string;
  /** Default: v8, in this process. */
  readonly engine?: Engine;
  /** Arguments of the run; where there are any, they take CMD's place. */
  readonly args?: readonly string[];
  /** On top of the image's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** File descriptors for standard input, output and error; default 0, 1, 2. */
  readonly stdio?: readonly [number, number, number];
  /**
   * Whether the program is to know the terminal's kind and size (TERM, COLUMNS, LINES); default: whether
   * standard output is a terminal.
   */
  readonly tty?: boolean;
  readonly signal?: AbortSignal;
}

/** What the worker needs to run a guest. */
export interface GuestJob {
  readonly module: WebAssembly.Module;
  /** argv with the program's name first. */
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly stdio: readonly [number, number, number];
}

export type GuestOutcome =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "trap"; readonly reason: string }
  | { readonly kind: "stack" }
  /** An import that this host does not have. */
  | { readonly kind: "foreign"; readonly what: string };
