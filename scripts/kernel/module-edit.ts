import { readUnsigned, signed, unsigned } from "../runtimes/wasm/leb128.ts";
import {
  type Export,
  readExports,
  readModule,
  SECTION,
  type Section,
  withSection,
  writeExports,
  writeModule,
} from "../runtimes/wasm/module.ts";

/** Bytes of one WebAssembly page. */
export const PAGE_SIZE = 65536;

export interface ModuleEdit {
  /** Old export names and their new ones; everything else is no longer exported. */
  readonly exports: ReadonlyMap<string, string>;
  /** Import module names that are replaced. */
  readonly importModules?: ReadonlyMap<string, string>;
}

/** Renames a core module's exports and imports and drops its custom sections. Throws where an export is missing. */
export function editModule(bytes: Uint8Array, edit: ModuleEdit): Uint8Array {
  const modules = edit.importModules ?? new Map<string, string>();
  const sections = withoutCustom(readModule(bytes)).map((section): Section => {
    if (section.id === SECTION.import) return { id: section.id, body: renameImports(section.body, modules) };
    if (section.id === SECTION.export)
      return { id: section.id, body: renameExports(section.body, edit.exports) };
    return section;
  });
  return writeModule(sections);
}

export function withoutCustom(sections: readonly Section[]): readonly Section[] {
  return sections.filter(({ id }) => id !== SECTION.custom);
}

function renameExports(body: Uint8Array, names: ReadonlyMap<string, string>): Uint8Array {
  const before = readExports(body);
  return writeExports(
    [...names].map(([from, to]): Export => {
      const found = before.find(({ name }) => name === from);
      if (found === undefined) throw new RangeError(`the module does not export ${from}`);
      return { ...found, name: to };
    }),
  );
}

function renameImports(body: Uint8Array, modules: ReadonlyMap<string, string>): Uint8Array {
  let { value: count, next } = readUnsigned(body, 0);
  const parts: Uint8Array[] = [unsigned(count)];
  for (; count > 0; count--) {
    const length = readUnsigned(body, next);
    const module = Buffer.from(body.subarray(length.next, length.next + length.value)).toString("utf8");
    const renamed = Buffer.from(modules.get(module) ?? module, "utf8");
    const rest = length.next + length.value;
    next = importEnd(body, rest);
    parts.push(unsigned(renamed.length), renamed, body.subarray(rest, next));
  }
  return Buffer.concat(parts);
}

/** Whether an exported function does nothing: its body has no locals and ends at once. */
export function isEmptyFunction(bytes: Uint8Array, name: string): boolean {
  const sections = readModule(bytes);
  const body = (id: number): Uint8Array => sections.find((section) => section.id === id)!.body;
  const index = readExports(body(SECTION.export)).find((found) => found.name === name)?.index;
  if (index === undefined) throw new RangeError(`the module does not export ${name}`);
  const code = body(SECTION.code);
  let { next } = readUnsigned(code, 0);
  for (let skipped = countImportedFunctions(body(SECTION.import)); skipped < index; skipped++) {
    const size = readUnsigned(code, next);
    next = size.next + size.value;
  }
  return code[next] === 2 && code[next + 1] === 0 && code[next + 2] === 0x0b;
}

function countImportedFunctions(body: Uint8Array): number {
  let functions = 0;
  let { value: count, next } = readUnsigned(body, 0);
  for (; count > 0; count--) {
    const module = readUnsigned(body, next);
    const field = module.next + module.value;
    const length = readUnsigned(body, field);
    if (body[length.next + length.value] === 0) functions++;
    next = importEnd(body, field);
  }
  return functions;
}

/** Where an import ends whose field name starts at `position` (core specification 5.5.5). */
function importEnd(body: Uint8Array, position: number): number {
  const length = readUnsigned(body, position);
  const kind = length.next + length.value;
  switch (body[kind]) {
    case 0:
      return readUnsigned(body, kind + 1).next;
    case 1:
      return limitsEnd(body, kind + 2);
    case 2:
      return limitsEnd(body, kind + 1);
    case 3:
      return kind + 3;
    default:
      throw new RangeError(`unknown kind of import: ${body[kind]}`);
  }
}

function limitsEnd(body: Uint8Array, position: number): number {
  const minimum = readUnsigned(body, position + 1);
  return (body[position]! & 1) === 0 ? minimum.next : readUnsigned(body, minimum.next).next;
}

/** Adds pages to the minimum (and maximum) of the module's one memory. Gives the old minimum, in pages. */
export function growMemory(
  bytes: Uint8Array,
  pages: number,
): { readonly bytes: Uint8Array; readonly pages: number } {
  let before = 0;
  const sections = withSection(readModule(bytes), SECTION.memory, (body) => {
    const flags = body[1]!;
    if (body[0] !== 1 || flags > 1) throw new RangeError("the guest must have one plain memory");
    const minimum = readUnsigned(body, 2);
    before = minimum.value;
    const parts = [Uint8Array.of(1, flags), unsigned(before + pages)];
    if (flags === 1) {
      const maximum = readUnsigned(body, minimum.next).value;
      parts.push(unsigned(Math.min(maximum + pages, PAGE_SIZE)));
    }
    return Buffer.concat(parts);
  });
  return { bytes: writeModule(sections), pages: before };
}

/** Cuts the zeros off the end of the module's one data segment: memory starts with zeros. */
export function trimDataSegment(bytes: Uint8Array): Uint8Array {
  const sections = withSection(readModule(bytes), SECTION.data, (body) => {
    // One active segment of memory 0, whose offset is `global.get` of one byte: 01 00 23 xx 0b.
    if (body[0] !== 1 || body[1] !== 0 || body[2] !== 0x23 || body[4] !== 0x0b) {
      throw new RangeError("the data section is not as the linker makes it");
    }
    const size = readUnsigned(body, 5);
    let end = body.length;
    while (end > size.next && body[end - 1] === 0) end--;
    return Buffer.concat([body.subarray(0, 5), unsigned(end - size.next), body.subarray(size.next, end)]);
  });
  return writeModule(sections);
}

/** The same data segment's offset as a number, which binaryen wants where the global is the module's own. */
export function placeDataSegment(bytes: Uint8Array, offset: number): Uint8Array {
  const sections = withSection(readModule(bytes), SECTION.data, (body) => {
    if (body[1] !== 0 || body[2] !== 0x23 || body[4] !== 0x0b) {
      throw new RangeError("the kernel's data is not the first segment");
    }
    return Buffer.concat([body.subarray(0, 2), Uint8Array.of(0x41), signed(offset), body.subarray(4)]);
  });
  return writeModule(sections);
}

/** The memory that a position-independent module needs: the first number of its "dylink.0" section's MEM_INFO. */
export function dynamicMemorySize(bytes: Uint8Array): number {
  for (const { id, body } of readModule(bytes)) {
    if (id !== SECTION.custom) continue;
    const length = readUnsigned(body, 0);
    const end = length.next + length.value;
    if (Buffer.from(body.subarray(length.next, end)).toString("latin1") !== "dylink.0") continue;
    if (body[end] !== 1) throw new RangeError("dylink.0 does not start with the memory's size");
    return readUnsigned(body, readUnsigned(body, end + 1).next).value;
  }
  throw new RangeError("the module is not position-independent");
}
