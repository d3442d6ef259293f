import type { WasmCursor } from "./wasm-cursor.ts";

/** Kinds of what a core module or a component imports and exports. */
export type CoreKind = "function" | "table" | "memory" | "global" | "tag";
export type ComponentKind = "module" | "function" | "value" | "type" | "component" | "instance" | "core";

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: CoreKind;
}

export interface CoreExport {
  readonly name: string;
  readonly kind: CoreKind;
}

export interface ComponentItem {
  readonly name: string;
  readonly kind: ComponentKind;
}

const CORE_KINDS: readonly CoreKind[] = ["function", "table", "memory", "global", "tag"];

/** Import section of a core module (core specification 5.5.5, with tags and 64-bit memories). */
export function readCoreImports(cursor: WasmCursor): CoreImport[] {
  const imports: CoreImport[] = [];
  for (let left = cursor.count(4); left > 0; left--) {
    const module = cursor.name();
    const name = cursor.name();
    const kind = coreKind(cursor);
    skipCoreType(cursor, kind);
    imports.push({ module, name, kind });
  }
  return imports;
}

/** Export section of a core module (core specification 5.5.10). */
export function readCoreExports(cursor: WasmCursor): CoreExport[] {
  const exports: CoreExport[] = [];
  for (let left = cursor.count(3); left > 0; left--) {
    const name = cursor.name();
    const kind = coreKind(cursor);
    cursor.u32();
    exports.push({ name, kind });
  }
  return exports;
}

/** Import section of a component (component model, Binary.md "Import and Export Definitions"). */
export function readComponentImports(cursor: WasmCursor): ComponentItem[] {
  const items: ComponentItem[] = [];
  for (let left = cursor.count(3); left > 0; left--) {
    const name = componentName(cursor);
    items.push({ name, kind: readExternDescription(cursor) });
  }
  return items;
}

/** Export section of a component: name, sort and index, then perhaps a type. */
export function readComponentExports(cursor: WasmCursor): ComponentItem[] {
  const items: ComponentItem[] = [];
  for (let left = cursor.count(4); left > 0; left--) {
    const name = componentName(cursor);
    const kind = readSort(cursor);
    cursor.u32();
    const typed = cursor.byte();
    if (typed === 1) readExternDescription(cursor);
    else if (typed !== 0) throw cursor.fault("an export's type is damaged");
    items.push({ name, kind });
  }
  return items;
}

function coreKind(cursor: WasmCursor): CoreKind {
  const kind = CORE_KINDS[cursor.byte()];
  if (kind === undefined) throw cursor.fault("an import or export has an unknown kind");
  return kind;
}

function skipCoreType(cursor: WasmCursor, kind: CoreKind): void {
  switch (kind) {
    case "function":
      cursor.u32();
      return;
    case "tag":
      cursor.byte();
      cursor.u32();
      return;
    case "table":
      skipValueType(cursor);
      skipLimits(cursor);
      return;
    case "memory":
      skipLimits(cursor);
      return;
    case "global":
      skipValueType(cursor);
      cursor.byte();
      return;
  }
}

/** Reference types may be spelt `ref` or `ref null` (0x64, 0x63) and a heap type. */
function skipValueType(cursor: WasmCursor): void {
  const first = cursor.byte();
  if (first === 0x63 || first === 0x64) cursor.skipNumber();
}

function skipLimits(cursor: WasmCursor): void {
  const flags = cursor.byte();
  if (flags > 0x0f) throw cursor.fault("limits are damaged");
  cursor.skipNumber();
  if (flags & 1) cursor.skipNumber();
  if (flags & 8) cursor.skipNumber();
}

/** A name with its discriminator; 2 (options such as a version suffix) is the newer spelling. */
function componentName(cursor: WasmCursor): string {
  const form = cursor.byte();
  if (form > 1) throw cursor.fault("an import or export name has an unknown form");
  return cursor.name();
}

function readSort(cursor: WasmCursor): ComponentKind {
  const sorts: readonly ComponentKind[] = ["core", "function", "value", "type", "component", "instance"];
  const sort = sorts[cursor.byte()];
  if (sort === undefined) throw cursor.fault("an import or export has an unknown sort");
  if (sort === "core") return cursor.byte() === 0x11 ? "module" : "core";
  return sort;
}

function readExternDescription(cursor: WasmCursor): ComponentKind {
  const kind = readSort(cursor);
  switch (kind) {
    case "value":
      if (cursor.byte() === 0) cursor.u32();
      else cursor.skipNumber();
      return kind;
    case "type":
      if (cursor.byte() === 0) cursor.u32();
      return kind;
    default:
      cursor.u32();
      return kind;
  }
}
