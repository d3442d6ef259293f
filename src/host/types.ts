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
  /**
   * Which thread a guest in V8 runs on. `own` (default): a worker with a deep stack, which `signal` can stop.
   * `caller`: the calling thread, which is blocked until the guest ends; the quickest start. The process must
   * then have no listeners for SIGINT and SIGTERM: they could not be called, and the signals would be lost.
   */
  readonly thread?: "own" | "caller";
  /**
   * Where an engine that keeps compiled code only if told so (wazero) may keep it: without it every run compiles
   * the whole guest again. Made when it is missing.
   */
  readonly cacheDirectory?: string;
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
  /** V8 refuses the module, or one of its functions when it is first called. */
  | { readonly kind: "invalid"; readonly reason: string }
  /** An import that this host does not have. */
  | { readonly kind: "foreign"; readonly what: string };
