/** The text of a Dockerfile as lines, and places in it. */
import { dockerfileTooLarge, lineTooLong } from "../errors/dockerfile.ts";
import type { Position, SourceRange } from "../errors/index.ts";
import { utf8Length } from "./characters.ts";

/** Of a line in bytes, without its line feed; BuildKit's limit (bufio.MaxScanTokenSize - 1). */
const LINE_LIMIT = 65_535;
/** Of the whole text in UTF-16 code units. */
const TEXT_LIMIT = 1 << 26;

export interface SourceLine {
  /** Offset of the first character in the text. */
  readonly start: number;
  /** Without line feed and carriage returns before it. */
  readonly content: string;
  /** As in the text, with its line feed if it has one. */
  readonly raw: string;
}

export interface Source {
  /** Without a byte-order mark. */
  readonly text: string;
  readonly lines: readonly SourceLine[];
}

/** Throws LINE_TOO_LONG or DOCKERFILE_TOO_LARGE. */
export function readSource(input: string): Source {
  const text = input.startsWith("\ufeff") ? input.slice(1) : input;
  if (text.length > TEXT_LIMIT) throw dockerfileTooLarge(TEXT_LIMIT);
  const lines: SourceLine[] = [];
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf("\n", start);
    const end = feed === -1 ? text.length : feed;
    if ((end - start) * 3 > LINE_LIMIT && utf8Length(text.slice(start, end)) > LINE_LIMIT) {
      const line = lines.length + 1;
      throw lineTooLong(LINE_LIMIT, { start: { line, column: 0 }, end: { line, column: end - start } });
    }
    let contentEnd = end;
    while (contentEnd > start && text[contentEnd - 1] === "\r") contentEnd--;
    const next = feed === -1 ? end : feed + 1;
    lines.push({ start, content: text.slice(start, contentEnd), raw: text.slice(start, next) });
    start = next;
  }
  return { text, lines };
}

/** `number` counts lines from 1. */
export function lineRange(source: Source, number: number): SourceRange {
  const length = source.lines[number - 1]?.content.length ?? 0;
  return { start: { line: number, column: 0 }, end: { line: number, column: length } };
}

/** Offset to position, by binary search. An offset at the very end is the end of the last line. */
export function positionAt(source: Source, offset: number): Position {
  let low = 0;
  let high = source.lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (source.lines[middle]!.start <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (source.lines[low]?.start ?? 0) };
}
