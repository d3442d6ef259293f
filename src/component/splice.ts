import { outputTooLarge, templateUnusable } from "../errors/component.ts";
import { MODULE_LIMIT } from "./index-encoder.ts";
import { encodeUnsigned } from "./leb128.ts";
import type { SegmentPlace, TemplateManifest } from "./types.ts";

/** The output as a sequence of pieces, in order. */
export type Piece =
  | { readonly kind: "template"; readonly offset: number; readonly size: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "rom" };

/**
 * How to write a template with its two segments replaced and `trailer` appended.
 *
 * Only the places that the manifest names change: the two segments with their size fields, and the size
 * fields of the sections around them, which may get longer themselves; so sizes are worked out from the
 * innermost to the outermost. The template is not read.
 */
export function planSplice(
  template: TemplateManifest,
  templateSize: number,
  romSize: number,
  index: Uint8Array,
  trailer: Uint8Array,
): { readonly pieces: readonly Piece[]; readonly size: number } {
  checkPlaces(template, templateSize);
  const romField = encodeUnsigned(romSize);
  const indexField = encodeUnsigned(index.length);
  let growth = growthOf(template.rom, romField, romSize) + growthOf(template.index, indexField, index.length);

  const fields: { readonly offset: number; readonly oldLength: number; readonly bytes: Uint8Array }[] = [];
  for (const enclosing of template.enclosing.toReversed()) {
    const size = enclosing.size + growth;
    if (size > MODULE_LIMIT) throw outputTooLarge(size, MODULE_LIMIT);
    const bytes = encodeUnsigned(size);
    fields.unshift({ offset: enclosing.sizeOffset, oldLength: enclosing.sizeLength, bytes });
    growth += bytes.length - enclosing.sizeLength;
  }
  const moduleSize = templateSize + growth;
  if (template.format === "module" && moduleSize + trailer.length > MODULE_LIMIT) {
    throw outputTooLarge(moduleSize + trailer.length, MODULE_LIMIT);
  }

  const pieces: Piece[] = [];
  let position = 0;
  const copyUpTo = (offset: number) => {
    if (offset > position) pieces.push({ kind: "template", offset: position, size: offset - position });
  };
  for (const field of fields) {
    copyUpTo(field.offset);
    pieces.push({ kind: "bytes", bytes: field.bytes });
    position = field.offset + field.oldLength;
  }
  copyUpTo(template.rom.sizeOffset);
  pieces.push({ kind: "bytes", bytes: romField }, { kind: "rom" });
  position = template.rom.dataOffset + template.rom.size;
  copyUpTo(template.index.sizeOffset);
  pieces.push({ kind: "bytes", bytes: indexField }, { kind: "bytes", bytes: index });
  position = template.index.dataOffset + template.index.size;
  copyUpTo(templateSize);
  pieces.push({ kind: "bytes", bytes: trailer });
  return { pieces, size: moduleSize + trailer.length };
}

/** A custom section (core specification 5.5.3; the component format has the same). */
export function customSection(name: string, content: Uint8Array): Uint8Array {
  const nameBytes = Buffer.from(name, "utf8");
  const nameLength = encodeUnsigned(nameBytes.length);
  const size = encodeUnsigned(nameLength.length + nameBytes.length + content.length);
  return Buffer.concat([Uint8Array.of(0), size, nameLength, nameBytes, content]);
}

function growthOf(place: SegmentPlace, sizeField: Uint8Array, size: number): number {
  return sizeField.length + size - (place.dataOffset - place.sizeOffset) - place.size;
}

/** The manifest is a file beside the template: a wrong one must not give a wrong output. */
function checkPlaces(template: TemplateManifest, templateSize: number): void {
  let position = 8;
  const advance = (offset: number, next: number) => {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(next) || offset < position || next < offset) {
      throw templateUnusable(template.file, "its manifest names places that are out of order");
    }
    position = next;
  };
  for (const enclosing of template.enclosing) {
    advance(enclosing.sizeOffset, enclosing.sizeOffset + enclosing.sizeLength);
    const end = enclosing.sizeOffset + enclosing.sizeLength + enclosing.size;
    if (!(end >= template.index.dataOffset + template.index.size && end <= templateSize)) {
      throw templateUnusable(template.file, "its manifest names a section that does not hold the segments");
    }
  }
  for (const place of [template.rom, template.index]) {
    advance(place.sizeOffset, place.dataOffset);
    advance(place.dataOffset, place.dataOffset + place.size);
  }
  if (position > templateSize) throw templateUnusable(template.file, "it is shorter than its manifest says");
}
