/**
 * The part of the WebAssembly JavaScript interface that Boxwright uses. TypeScript has it only in the
 * libraries for browsers, which would bring in the rest of the browser too.
 */
declare namespace WebAssembly {
  type ValueKind = "function" | "global" | "memory" | "table" | "tag";

  interface ModuleImport {
    readonly module: string;
    readonly name: string;
    readonly kind: ValueKind;
  }

  interface ModuleExport {
    readonly name: string;
    readonly kind: ValueKind;
  }

  class Module {
    constructor(bytes: Uint8Array | ArrayBuffer);
    static imports(module: Module): ModuleImport[];
    static exports(module: Module): ModuleExport[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Global {
    constructor(descriptor: { value: "i32" | "i64" | "f32" | "f64"; mutable?: boolean }, value?: unknown);
    value: unknown;
  }

  class Table {
    readonly length: number;
    get(index: number): unknown;
  }

  type ExportedFunction = (...values: never[]) => unknown;
  type ExportValue = ExportedFunction | Memory | Global | Table;
  type Exports = Readonly<Record<string, ExportValue>>;
  type ImportValue = ((...values: never[]) => unknown) | Memory | Global | Table | number | bigint;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Readonly<Record<string, Readonly<ModuleImports>>>;

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  function compile(bytes: Uint8Array | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
  function validate(bytes: Uint8Array | ArrayBuffer): boolean;
}
