import { readUnsigned, unsigned } from "./leb128.ts";

/** Section numbers of the binary format (core specification 5.5.2). */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** The sections of a core module, in their order. Throws a RangeError for anything else. */
export function readModule(bytes: Uint8Array): readonly Section[] {
  if (!HEADER.every((byte, index) => bytes[index] === byte)) throw new RangeError("not a core module");
  const sections: Section[] = [];
  let position = HEADER.length;
  while (position < bytes.length) {
    const id = bytes[position]!;
    const size = readUnsigned(bytes, position + 1);
    position = size.next + size.value;
    if (position > bytes.length) throw new RangeError("a section ends after the module");
    sections.push({ id, body: bytes.subarray(size.next, position) });
  }
  return sections;
}

export function writeModule(sections: readonly Section[]): Uint8Array {
  const parts: Uint8Array[] = [HEADER];
  for (const section of sections)
    parts.push(Uint8Array.of(section.id), unsigned(section.body.length), section.body);
  return Buffer.concat(parts);
}

/** `sections` with one body replaced by what `change` makes of it. The section must be there. */
export function withSection(
  sections: readonly Section[],
  id: number,
  change: (body: Uint8Array) => Uint8Array,
): readonly Section[] {
  if (!sections.some((section) => section.id === id)) throw new RangeError(`the module has no section ${id}`);
  return sections.map((section) => (section.id === id ? { id, body: change(section.body) } : section));
}

/** Appends elements to a section that is a vector: `elements` are encoded already. */
export function appendToVector(body: Uint8Array, elements: readonly Uint8Array[]): Uint8Array {
  const count = readUnsigned(body, 0);
  return Buffer.concat([unsigned(count.value + elements.length), body.subarray(count.next), ...elements]);
}

export interface Export {
  readonly name: string;
  /** 0 function, 2 memory, 3 global. */
  readonly kind: number;
  readonly index: number;
}

export function readExports(body: Uint8Array): readonly Export[] {
  const exports: Export[] = [];
  let { value: count, next } = readUnsigned(body, 0);
  for (; count > 0; count--) {
    const length = readUnsigned(body, next);
    const name = Buffer.from(body.subarray(length.next, length.next + length.value)).toString("utf8");
    const kind = body[length.next + length.value]!;
    const index = readUnsigned(body, length.next + length.value + 1);
    next = index.next;
    exports.push({ name, kind, index: index.value });
  }
  return exports;
}

export function writeExports(exports: readonly Export[]): Uint8Array {
  const parts: Uint8Array[] = [unsigned(exports.length)];
  for (const { name, kind, index } of exports) {
    const bytes = Buffer.from(name, "utf8");
    parts.push(unsigned(bytes.length), bytes, Uint8Array.of(kind), unsigned(index));
  }
  return Buffer.concat(parts);
}

/** How many functions a module imports: the index of its first own function. */
export function countImportedFunctions(body: Uint8Array): number {
  let functions = 0;
  let { value: count, next } = readUnsigned(body, 0);
  for (; count > 0; count--) {
    for (let name = 0; name < 2; name++) {
      const length = readUnsigned(body, next);
      next = length.next + length.value;
    }
    if (body[next] !== 0) throw new RangeError("only imported functions are expected");
    functions++;
    next = readUnsigned(body, next + 1).next;
  }
  return functions;
}

/** New bodies from old ones, by the number of the own function (from 0). */
export type CodeEdits = ReadonlyMap<number, (body: Uint8Array) => Uint8Array>;

/** The code section with some bodies edited, and others appended. */
export function editCode(body: Uint8Array, edits: CodeEdits, appended: readonly Uint8Array[]): Uint8Array {
  const count = readUnsigned(body, 0);
  const parts: Uint8Array[] = [unsigned(count.value + appended.length)];
  let copied = count.next;
  let position = count.next;
  for (let index = 0; index < count.value; index++) {
    const size = readUnsigned(body, position);
    const end = size.next + size.value;
    const edit = edits.get(index);
    if (edit !== undefined) {
      const replacement = edit(body.subarray(size.next, end));
      parts.push(body.subarray(copied, position), unsigned(replacement.length), replacement);
      copied = end;
    }
    position = end;
  }
  parts.push(body.subarray(copied));
  for (const code of appended) parts.push(unsigned(code.length), code);
  return Buffer.concat(parts);
}
