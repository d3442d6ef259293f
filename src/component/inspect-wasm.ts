import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { malformedWasm, notWebAssembly, wasmUnreadable } from "../errors/component.ts";
import { BoxwrightError } from "../errors/index.ts";
import { decodeU32 } from "./leb128.ts";
import type { OutputFormat } from "./types.ts";
import { WasmCursor, WasmFault } from "./wasm-cursor.ts";
import {
  type ComponentItem,
  type CoreExport,
  type CoreImport,
  readComponentExports,
  readComponentImports,
  readCoreExports,
  readCoreImports,
} from "./wasm-entities.ts";

/** A byte range of the file. */
export interface Place {
  readonly offset: number;
  readonly size: number;
}

export interface CustomSection extends Place {
  readonly name: string;
}

/** A core module: the file itself, or one nested in a component. */
export interface CoreModule extends Place {
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
}

export interface WasmFile {
  readonly format: OutputFormat;
  readonly size: number;
  /** Of the component; for a module its core imports are in `modules[0]`. */
  readonly imports: readonly ComponentItem[];
  readonly exports: readonly ComponentItem[];
  /** In file order, those of nested components included. */
  readonly modules: readonly CoreModule[];
  /** At the top level; the place is that of the content, without the name. */
  readonly customSections: readonly CustomSection[];
}

// Bounds for files from anywhere: far above what tools write, far below what hurts.
const SECTION_LIMIT = 20_000;
const BODY_LIMIT = 16 * 1024 * 1024;
const DEPTH_LIMIT = 16;
const HEADER_WINDOW = 64;

const MODULE_VERSION = 0x0000_0001;
const COMPONENT_VERSION = 0x0001_000d;

/**
 * Reads the outline of a .wasm file: imports, exports, nested core modules, custom sections. Code and data
 * are skipped, so the cost does not depend on the file's size. Validates what it reads and no more.
 * Throws WASM_UNREADABLE, WASM_NOT_WASM or WASM_MALFORMED.
 */
export function inspectWasm(file: string): WasmFile {
  return withFile(file, (descriptor, size) => {
    const reader = createReader(file, descriptor, size);
    try {
      return reader.readFile();
    } catch (error) {
      if (error instanceof WasmFault) throw malformedWasm(file, error.message, error.offset);
      throw error;
    }
  });
}

/** The bytes of a part of the file. Throws WASM_UNREADABLE. */
export function readRange(file: string, { offset, size }: Place): Uint8Array<ArrayBuffer> {
  return withFile(file, (descriptor) => readExactly(descriptor, offset, size));
}

/** Opens, reads, closes; I/O errors become WASM_UNREADABLE. */
function withFile<T>(file: string, use: (descriptor: number, size: number) => T): T {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error("it is not a regular file");
    return use(descriptor, stat.size);
  } catch (error) {
    if (error instanceof BoxwrightError) throw error;
    throw wasmUnreadable(file, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Reads exactly `size` bytes at `offset`. */
function readExactly(descriptor: number, offset: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    // One read transfers at most 2 GiB - 4 KiB on Linux.
    const count = readSync(descriptor, bytes, done, Math.min(size - done, 1 << 30), offset + done);
    if (count === 0) throw new Error("it is shorter than expected");
    done += count;
  }
  return bytes;
}

interface Section extends Place {
  readonly id: number;
}

function createReader(file: string, descriptor: number, size: number) {
  let sectionsLeft = SECTION_LIMIT;
  let bodyBytesLeft = BODY_LIMIT;
  const modules: CoreModule[] = [];

  const version = (place: Place): number | undefined => {
    if (place.size < 8) return undefined;
    const bytes = readExactly(descriptor, place.offset, 8);
    const view = new DataView(bytes.buffer);
    return view.getUint32(0, false) === 0x0061736d ? view.getUint32(4, true) : undefined;
  };

  function* sections(within: Place): Generator<Section> {
    const end = within.offset + within.size;
    let position = within.offset + 8;
    while (position < end) {
      if (sectionsLeft-- === 0) throw new WasmFault("it has too many sections", position);
      const header = readExactly(descriptor, position, Math.min(HEADER_WINDOW, end - position));
      const length = decodeU32(header, 1);
      if (length === undefined) throw new WasmFault("a section's size is damaged", position);
      const offset = position + length.next;
      if (length.value > end - offset)
        throw new WasmFault("a section is longer than what holds it", position);
      yield { id: header[0] ?? 0, offset, size: length.value };
      position = offset + length.value;
    }
  }

  const body = (section: Section): WasmCursor => {
    bodyBytesLeft -= section.size;
    if (bodyBytesLeft < 0) throw new WasmFault("its imports and exports are too long", section.offset);
    return new WasmCursor(readExactly(descriptor, section.offset, section.size), section.offset);
  };

  const list = <T>(section: Section, read: (cursor: WasmCursor) => T[]): T[] => {
    const cursor = body(section);
    const items = read(cursor);
    if (!cursor.atEnd) throw cursor.fault("a section is longer than its content");
    return items;
  };

  const customSection = (section: Section): CustomSection => {
    const window = readExactly(descriptor, section.offset, Math.min(section.size, 4096));
    const cursor = new WasmCursor(window, section.offset);
    const name = cursor.name();
    return { name, offset: cursor.offset, size: section.offset + section.size - cursor.offset };
  };

  const readModule = (place: Place): readonly CustomSection[] => {
    const customSections: CustomSection[] = [];
    let imports: CoreImport[] = [];
    let exports: CoreExport[] = [];
    for (const section of sections(place)) {
      if (section.id === 0) customSections.push(customSection(section));
      else if (section.id === 2) imports = list(section, readCoreImports);
      else if (section.id === 7) exports = list(section, readCoreExports);
      else if (section.id > 13) throw new WasmFault("a section has an unknown number", section.offset);
    }
    modules.push({ offset: place.offset, size: place.size, imports, exports });
    return customSections;
  };

  const readComponent = (
    place: Place,
    depth: number,
  ): Pick<WasmFile, "imports" | "exports" | "customSections"> => {
    if (depth > DEPTH_LIMIT) throw new WasmFault("components are nested too deeply", place.offset);
    const imports: ComponentItem[] = [];
    const exports: ComponentItem[] = [];
    const customSections: CustomSection[] = [];
    for (const section of sections(place)) {
      if (section.id === 0) customSections.push(customSection(section));
      else if (section.id === 1) {
        if (version(section) !== MODULE_VERSION)
          throw new WasmFault("a nested module is none", section.offset);
        readModule(section);
      } else if (section.id === 4) {
        if (version(section) !== COMPONENT_VERSION) {
          throw new WasmFault("a nested component is none", section.offset);
        }
        readComponent(section, depth + 1);
      } else if (section.id === 10) imports.push(...list(section, readComponentImports));
      else if (section.id === 11) exports.push(...list(section, readComponentExports));
      else if (section.id > 12) throw new WasmFault("a section has an unknown number", section.offset);
    }
    return { imports, exports, customSections };
  };

  return {
    readFile(): WasmFile {
      const whole = { offset: 0, size };
      switch (version(whole)) {
        case MODULE_VERSION: {
          const customSections = readModule(whole);
          return { format: "module", size, imports: [], exports: [], modules, customSections };
        }
        case COMPONENT_VERSION:
          return { format: "component", size, ...readComponent(whole, 0), modules };
        default:
          throw notWebAssembly(file);
      }
    },
  };
}
