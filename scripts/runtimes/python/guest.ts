/**
 * Makes a plain preview-1 command of the published CPython.
 *
 * As published it carries wasi-vfs: a file system of its own, snapshotted into its heap, which is asked before
 * the host at every call and which hides the host's /usr/local. Here that file system is taken out (the function
 * that finds it says that there is none, as it does when wasi-vfs is switched off), its bytes are handed back to
 * the guest's allocator, and what the kernel needs is exported.
 */

import { createHash } from "node:crypto";
import { wasmEngine } from "../wasm/engine.ts";
import { readUnsigned, signed, unsigned } from "../wasm/leb128.ts";
import { encodeMemory } from "../wasm/memory-image.ts";
import {
  appendToVector,
  type CodeEdits,
  countImportedFunctions,
  type Export,
  editCode,
  readExports,
  readModule,
  SECTION,
  type Section,
  withSection,
  writeExports,
  writeModule,
} from "../wasm/module.ts";
import {
  callChangeMode,
  changeDirectoryBody,
  changeModeBody,
  NO_FILE_SYSTEM,
  readPermissions,
  refuseEmptyPath,
} from "./patches.ts";
import type { PythonRecipe } from "./recipe.ts";

export interface PreparedGuest {
  readonly module: Uint8Array;
  /** The standard library: a zip of sourceless .pyc files. */
  readonly standardLibrary: Uint8Array;
}

type GuestPins = PythonRecipe["guest"];

/** Bytes of a page of memory. */
const PAGE = 65536;

/** Zeros between two data segments that are cheaper to store than a segment of their own. */
const SEGMENT_GAP = 1024;

export function prepareGuest(published: Uint8Array, pins: GuestPins): PreparedGuest {
  const digest = createHash("sha256").update(published).digest("hex");
  if (digest !== pins.sha256)
    throw new Error(`${pins.package}/${pins.file} has sha256 ${digest}, not ${pins.sha256}`);
  const sections = readModule(published).filter((section) => section.id !== SECTION.custom);
  const { memory, standardLibrary } = takeMemory(sections, pins);
  return { module: writeModule(rewrite(sections, memory, pins)), standardLibrary };
}

/** The guest's initial memory without the embedded library, which is returned by itself. */
function takeMemory(
  sections: readonly Section[],
  pins: GuestPins,
): { readonly memory: Uint8Array; readonly standardLibrary: Uint8Array } {
  const opened = withSection(sections, SECTION.export, (body) =>
    writeExports([...readExports(body), { name: "free", kind: 0, index: pins.functions.free }]),
  );
  const instance = new wasmEngine.Instance(
    new wasmEngine.Module(writeModule(opened)),
    refuseAllImports(sections),
  );
  const memory = new Uint8Array((instance.exports["memory"] as { readonly buffer: ArrayBuffer }).buffer);
  const { address, size } = pins.embeddedZip;
  const zip = memory.subarray(address, address + size);
  const standardLibrary = zip.slice();
  if (Buffer.from(standardLibrary.subarray(0, 4)).toString("latin1") !== "PK\x03\x04")
    throw new Error("the guest's embedded zip is not where the recipe says");
  zip.fill(0);
  (instance.exports["free"] as (address: number) => void)(address);
  // What the snapshot left on the stack is garbage.
  memory.fill(0, 0, pins.addresses.stackTop);
  return { memory, standardLibrary };
}

function refuseAllImports(sections: readonly Section[]): object {
  const body = sections.find((section) => section.id === SECTION.import)?.body;
  if (body === undefined) throw new Error("the guest imports nothing");
  const refuse = () => {
    throw new Error("the guest called its host while it was prepared");
  };
  const functions = new Proxy({}, { get: () => refuse, has: () => true });
  return new Proxy({}, { get: () => functions, has: () => true });
}

function rewrite(sections: readonly Section[], memory: Uint8Array, pins: GuestPins): readonly Section[] {
  const bodyOf = (id: number) => sections.find((section) => section.id === id)!.body;
  const imported = countImportedFunctions(bodyOf(SECTION.import));
  const own = readUnsigned(bodyOf(SECTION.function), 0).value;
  const { functions } = pins;
  const typeLike = (index: number) => unsigned(typeOfFunction(bodyOf(SECTION.function), index - imported));
  const changeDirectory = imported + own;
  const changeMode = changeDirectory + 1;
  const exports: readonly Export[] = [
    ...readExports(bodyOf(SECTION.export)).filter(({ name }) => name === "memory" || name === "_start"),
    { name: "boxwright_malloc", kind: 0, index: functions.malloc },
    { name: "boxwright_chdir", kind: 0, index: changeDirectory },
  ];
  const edits: CodeEdits = new Map([
    [functions.embeddedFileSystem - imported, () => NO_FILE_SYSTEM],
    [functions.fstat - imported, (code: Uint8Array) => readPermissions(code, 1)],
    [functions.fstatat - imported, (code: Uint8Array) => readPermissions(code, 2)],
    [functions.findRelativePath - imported, (code: Uint8Array) => refuseEmptyPath(code, pins)],
    [functions.osChmod - imported, (code: Uint8Array) => callChangeMode(code, changeMode, pins)],
  ]);
  const added = [changeDirectoryBody(pins), changeModeBody(pins)];
  return sections.map(({ id, body }) => {
    switch (id) {
      case SECTION.function:
        return { id, body: appendToVector(body, [typeLike(functions.malloc), typeLike(functions.fstat)]) };
      case SECTION.memory:
        return { id, body: memoryOf(memory.length + pins.stackSize) };
      case SECTION.global:
        return { id, body: stackPointerAt(memory.length + pins.stackSize) };
      case SECTION.export:
        return { id, body: writeExports(exports) };
      case SECTION.code:
        return { id, body: editCode(body, edits, added) };
      case SECTION.data:
        return { id, body: encodeMemory(memory, SEGMENT_GAP) };
      default:
        return { id, body };
    }
  });
}

function memoryOf(size: number): Uint8Array {
  return Uint8Array.from([1, 0, ...unsigned(size / PAGE)]);
}

/**
 * The guest's only global. Half a megabyte below the data, as published, is overrun before Python's own recursion
 * limit is reached; there is no room to enlarge it in place, so the stack moves behind the initial heap (libc
 * takes further heap from memory.grow, after it).
 */
function stackPointerAt(top: number): Uint8Array {
  return Uint8Array.from([1, 0x7f, 1, 0x41, ...signed(top), 0x0b]);
}

function typeOfFunction(body: Uint8Array, index: number): number {
  let { next } = readUnsigned(body, 0);
  for (let skipped = 0; skipped < index; skipped++) next = readUnsigned(body, next).next;
  return readUnsigned(body, next).value;
}
