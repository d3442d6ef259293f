/** Where bundling splices: the two placeholder segments of a template, and the sizes around them. */

import type { EnclosingSize, SegmentPlace } from "../../../src/component/types.ts";
import { readUnsigned } from "./leb128.ts";
import { SECTION } from "./module.ts";

export interface SplicePlaces {
  readonly rom: SegmentPlace;
  readonly index: SegmentPlace;
  /** Outermost first. */
  readonly enclosing: readonly EnclosingSize[];
}

const ROM = Buffer.from("ROM-PLACEHOLDER!");
const INDEX = Buffer.from("IDX-PLACEHOLDER!");

const HEADER_SIZE = 8;
/** Of a component's sections, the one that is a core module (component model binary format). */
const CORE_MODULE_SECTION = 1;

/** The places in a core module or a component. Throws unless both placeholders are there, once, in order. */
export function findPlaceholders(file: Uint8Array): SplicePlaces {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const rom = onlyPlace(bytes, ROM);
  const index = onlyPlace(bytes, INDEX);
  if (rom.dataOffset > index.dataOffset) throw new Error("the template's index comes before its ROM");
  const isComponent = bytes.readUInt16LE(6) === 1;
  const path = isComponent ? [CORE_MODULE_SECTION, SECTION.data] : [SECTION.data];
  const enclosing: EnclosingSize[] = [];
  let [start, end] = [0, bytes.length];
  for (const id of path) {
    const section = sectionAround(bytes, start + HEADER_SIZE, end, rom.dataOffset);
    if (section.id !== id)
      throw new Error(`the template's placeholders are in section ${section.id}, not ${id}`);
    enclosing.push(section.size);
    start = section.size.sizeOffset + section.size.sizeLength;
    end = start + section.size.size;
  }
  if (index.dataOffset >= end) throw new Error("the template's placeholders are in different sections");
  return { rom, index, enclosing };
}

/** A placeholder is shorter than 128 bytes: its size is the one byte before it. */
function onlyPlace(bytes: Buffer, placeholder: Buffer): SegmentPlace {
  const dataOffset = bytes.indexOf(placeholder);
  if (dataOffset < 0 || bytes.indexOf(placeholder, dataOffset + 1) >= 0)
    throw new Error(`the template does not have ${placeholder} once`);
  const sizeOffset = dataOffset - 1;
  if (bytes[sizeOffset] !== placeholder.length) throw new Error(`${placeholder} is not a segment of its own`);
  return { sizeOffset, dataOffset, size: placeholder.length };
}

function sectionAround(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: number,
): { readonly id: number; readonly size: EnclosingSize } {
  for (let position = from; position < to; ) {
    const sizeOffset = position + 1;
    const { value: size, next } = readUnsigned(bytes, sizeOffset);
    if (target < next + size)
      return { id: bytes[position]!, size: { sizeOffset, sizeLength: next - sizeOffset, size } };
    position = next + size;
  }
  throw new Error("the template's placeholders are in no section");
}
