/** Physical lines to logical ones: continuations joined, comments dropped, heredoc bodies taken out. */
import { unterminatedHeredoc } from "../errors/dockerfile.ts";
import type { SourceRange } from "../errors/index.ts";
import { skipSpace, trimSpace } from "./characters.ts";
import type { Directives } from "./directives.ts";
import { positionAt, type Source } from "./source.ts";
import type { Heredoc } from "./types.ts";
import type { Piece } from "./words.ts";

/** A logical line, and where its pieces come from. */
export interface LogicalLine {
  readonly source: Source;
  readonly text: string;
  /** Counted from 1; `lastLine` without heredoc bodies. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** Offsets in `text` where a piece of the source begins, and its offset there; ascending. */
  readonly segments: readonly { readonly at: number; readonly source: number }[];
  /** A continuation line is blank: BuildKit warns. */
  readonly hasEmptyContinuation: boolean;
}

/** From the keyword to the end of the last continuation line (heredocs not included). */
export function lineRangeOf(line: LogicalLine): SourceRange {
  const last = line.source.lines[line.lastLine - 1];
  return {
    start: placeOf(line, skipSpace(line.text, 0)),
    end: { line: line.lastLine, column: last?.content.length ?? 0 },
  };
}

/** Where a piece of a logical line is in the file. */
export function pieceRange(line: LogicalLine, piece: Piece): SourceRange {
  const start = placeOf(line, piece.start);
  if (piece.end <= piece.start) return { start, end: start };
  const last = placeOf(line, piece.end - 1);
  return { start, end: { line: last.line, column: last.column + 1 } };
}

function placeOf(line: LogicalLine, at: number): { readonly line: number; readonly column: number } {
  let low = 0;
  let high = line.segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (line.segments[middle]!.at <= at) low = middle;
    else high = middle - 1;
  }
  const segment = line.segments[low];
  return positionAt(line.source, segment === undefined ? 0 : segment.source + at - segment.at);
}

/** Reads logical lines and heredoc bodies in turn. */
export class LineReader {
  readonly #source: Source;
  readonly #escape: string;
  readonly #directives: number;
  #comments: string[] = [];
  /** How many lines are read: the number, from 1, of the line last read. */
  lineNumber = 0;

  constructor(source: Source, directives: Directives) {
    this.#source = source;
    this.#directives = directives.list.length;
    this.#escape = directives.escape;
  }

  takeComments(): readonly string[] {
    const comments = this.#comments;
    this.#comments = [];
    return comments;
  }

  next(): LogicalLine | undefined {
    const { lines } = this.#source;
    while (this.lineNumber < lines.length) {
      const line = lines[this.lineNumber]!;
      const start = skipSpace(line.content, 0);
      this.lineNumber++;
      if (line.content[start] === "#") this.#comment(line.content);
      else if (start < line.content.length) return this.#join(line.start + start, line.content.slice(start));
    }
    return undefined;
  }

  #comment(content: string): void {
    if (this.lineNumber <= this.#directives) return;
    // BuildKit drops the line's first character, `#` or not, before it trims.
    const text = trimSpace(content.slice(1));
    if (text === "") this.#comments = [];
    else this.#comments.push(text);
  }

  #join(offset: number, first: string): LogicalLine {
    const { lines } = this.#source;
    const firstLine = this.lineNumber;
    const segments = [{ at: 0, source: offset }];
    let { piece, ends } = this.#cut(first);
    const pieces = [piece];
    let length = piece.length;
    let hasEmptyContinuation = false;
    while (!ends && this.lineNumber < lines.length) {
      const line = lines[this.lineNumber]!;
      this.lineNumber++;
      const start = skipSpace(line.content, 0);
      if (line.content[start] === "#") continue;
      if (start === line.content.length) {
        hasEmptyContinuation = true;
        continue;
      }
      ({ piece, ends } = this.#cut(line.content));
      segments.push({ at: length, source: line.start });
      pieces.push(piece);
      length += piece.length;
    }
    return {
      source: this.#source,
      text: pieces.join(""),
      firstLine,
      lastLine: this.lineNumber,
      segments,
      hasEmptyContinuation,
    };
  }

  /** A line without its continuation, and whether it ends the logical line. */
  #cut(content: string): { piece: string; ends: boolean } {
    let end = content.length;
    while (end > 0 && (content[end - 1] === " " || content[end - 1] === "\t")) end--;
    // Not where another escape character is before it.
    const continues = content[end - 1] === this.#escape && content[end - 2] !== this.#escape;
    return continues ? { piece: content.slice(0, end - 1), ends: false } : { piece: content, ends: true };
  }

  heredoc(start: Omit<Heredoc, "content">): Heredoc {
    const { lines } = this.#source;
    let content = "";
    while (this.lineNumber < lines.length) {
      const line = lines[this.lineNumber]!;
      this.lineNumber++;
      const text = start.chomp ? line.content.replace(/^\t+/, "") : line.content;
      if (text === start.name) return { ...start, content };
      content += line.raw;
    }
    throw unterminatedHeredoc(start.name);
  }
}
