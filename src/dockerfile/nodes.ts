/**
 * Text to nodes: logical lines (continuations joined, comments dropped, heredoc bodies taken in), each split
 * into keyword, flags and arguments. What BuildKit's `parser` package does; no instruction is known by its
 * meaning yet.
 */
import {
  emptyDockerfile,
  forbiddenTrigger,
  pairWithoutEquals,
  pairWithoutValue,
  unterminatedHeredoc,
} from "../errors/dockerfile.ts";
import { BoxwrightError, type SourceRange } from "../errors/index.ts";
import { findSeparator, isSpace, skipSeparators, skipSpace, trimSpace } from "./characters.ts";
import { type Directives, readDirectives } from "./directives.ts";
import { findHeredocs } from "./heredocs.ts";
import { parseJsonArray } from "./json-array.ts";
import { positionAt, readSource, type Source } from "./source.ts";
import type { Heredoc } from "./types.ts";
import { type Piece, splitInstruction, splitPairWords, splitPlainWords } from "./words.ts";

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

/** Arguments: decoded JSON, words, or `name value` pairs. Pieces of JSON all lie around the whole array. */
export interface Node {
  readonly line: LogicalLine;
  readonly keyword: Piece;
  readonly flags: readonly Piece[];
  readonly rest: Piece;
  readonly args: readonly Piece[];
  readonly json: boolean;
  /** Bodies as they are in the file, tabs included. */
  readonly heredocs: readonly Heredoc[];
  /** ONBUILD's. */
  readonly trigger: Node | undefined;
  /** The comments right above, without `#`. */
  readonly comments: readonly string[];
  readonly endLine: number;
}

export interface Nodes {
  readonly source: Source;
  readonly directives: Directives;
  readonly nodes: readonly Node[];
}

/** How the arguments of an instruction are written. */
type Grammar = "json-or-text" | "json-or-words" | "pairs" | "names" | "words" | "text" | "health" | "trigger";

const GRAMMARS: Readonly<Record<string, Grammar>> = {
  add: "json-or-words",
  arg: "names",
  cmd: "json-or-text",
  copy: "json-or-words",
  entrypoint: "json-or-text",
  env: "pairs",
  expose: "words",
  from: "words",
  healthcheck: "health",
  label: "pairs",
  maintainer: "text",
  onbuild: "trigger",
  run: "json-or-text",
  shell: "json-or-text",
  stopsignal: "text",
  user: "text",
  volume: "json-or-words",
  workdir: "text",
};

export const INSTRUCTION_NAMES: readonly string[] = Object.keys(GRAMMARS).map((name) => name.toUpperCase());

/** Throws EMPTY_DOCKERFILE and what is wrong with a line, with its range. */
export function parseNodes(text: string, defaultEscape: "\\" | "`" = "\\"): Nodes {
  const source = readSource(text);
  const directives = readDirectives(source, defaultEscape);
  const reader = new LineReader(source, directives);
  const nodes: Node[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const comments = reader.takeComments();
    const start = line;
    nodes.push(
      located(
        () => lineRangeOf(start),
        () => {
          const node = parseNode(start, 0, directives.escape);
          const heredocs = canHoldHeredocs(node)
            ? findHeredocs(start.text).map((h) => reader.heredoc(h))
            : [];
          return { ...node, heredocs, comments, endLine: reader.lineNumber };
        },
      ),
    );
  }
  if (nodes.length === 0) throw emptyDockerfile();
  return { source, directives, nodes };
}

/** Runs `action`; an error without a range gets `range`. */
export function located<T>(range: () => SourceRange, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof BoxwrightError ? error.at(range()) : error;
  }
}

/** From the keyword to the end of the last continuation line (heredocs not included). */
export function lineRangeOf(line: LogicalLine): SourceRange {
  const last = line.source.lines[line.lastLine - 1];
  return {
    start: placeOf(line, skipSpace(line.text, 0)),
    end: { line: line.lastLine, column: last?.content.length ?? 0 },
  };
}

/** The whole instruction, heredoc bodies and their last delimiter included. */
export function nodeRange(node: Node): SourceRange {
  if (node.heredocs.length === 0) return lineRangeOf(node.line);
  const last = node.line.source.lines[node.endLine - 1];
  return {
    start: lineRangeOf(node.line).start,
    end: { line: node.endLine, column: last?.content.length ?? 0 },
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

type LineNode = Omit<Node, "heredocs" | "comments" | "endLine">;

function parseNode(line: LogicalLine, from: number, escapeToken: string): LineNode {
  const { keyword, flags, rest } = splitInstruction(line.text, from, escapeToken);
  return { line, keyword, flags, rest, ...parseArguments(line, keyword, rest, escapeToken) };
}

function parseArguments(
  line: LogicalLine,
  keyword: Piece,
  rest: Piece,
  escapeToken: string,
): Pick<LineNode, "args" | "json" | "trigger"> {
  const plain = (args: readonly Piece[]) => ({ args, json: false, trigger: undefined });
  const name = keyword.text.toLowerCase();
  switch (Object.hasOwn(GRAMMARS, name) ? GRAMMARS[name] : undefined) {
    case "json-or-text":
      return parseJson(rest) ?? plain(nonEmpty(rest));
    case "json-or-words":
      return parseJson(rest) ?? plain(splitPlainWords(rest));
    case "pairs":
      return plain(parsePairs(name.toUpperCase(), rest, escapeToken));
    case "names":
      return plain(splitPairWords(rest, escapeToken));
    case "words":
      return plain(splitPlainWords(rest));
    case "text":
      return plain(nonEmpty(rest));
    case "health":
      return parseHealth(rest);
    case "trigger": {
      if (rest.text === "") return plain([]);
      if (/^onbuild$/i.test(rest.text.slice(0, findSeparator(rest.text, 0))))
        throw forbiddenTrigger("ONBUILD");
      const node = parseNode(line, rest.start, escapeToken);
      const trigger = { ...node, heredocs: [], comments: [], endLine: line.lastLine };
      return { args: [trigger.keyword, ...trigger.args], json: false, trigger };
    }
    case undefined:
      // Not an instruction: the typed parser says so, and what it might have been. As a trigger BuildKit's
      // parser lets it pass, with one empty argument.
      return plain([{ text: "", start: rest.start, end: rest.start }]);
  }
}

const nonEmpty = (rest: Piece): readonly Piece[] => (rest.text === "" ? [] : [rest]);

function parseJson(rest: Piece): Pick<LineNode, "args" | "json" | "trigger"> | undefined {
  const strings = parseJsonArray(rest.text);
  if (strings === undefined) return undefined;
  return { args: strings.map((text) => ({ ...rest, text })), json: true, trigger: undefined };
}

/** Three arguments for each pair: name, value, and "=" or (for the old form `NAME value`) nothing. */
function parsePairs(instruction: string, rest: Piece, escapeToken: string): readonly Piece[] {
  const words = splitPairWords(rest, escapeToken);
  const first = words[0];
  if (first === undefined) return [];
  if (!first.text.includes("=")) {
    const nameEnd = findSeparator(rest.text, 0);
    if (nameEnd === rest.text.length) throw pairWithoutValue(instruction);
    const value = skipSeparators(rest.text, nameEnd);
    return [
      { text: rest.text.slice(0, nameEnd), start: rest.start, end: rest.start + nameEnd },
      { text: rest.text.slice(value), start: rest.start + value, end: rest.end },
      { text: "", start: rest.end, end: rest.end },
    ];
  }
  return words.flatMap((word) => {
    const equals = word.text.indexOf("=");
    if (equals === -1) throw pairWithoutEquals(word.text);
    return [
      { ...word, text: word.text.slice(0, equals) },
      { ...word, text: word.text.slice(equals + 1) },
      { ...word, text: "=" },
    ];
  });
}

/** `NONE`, or `CMD` and a command in either form. */
function parseHealth(rest: Piece): Pick<LineNode, "args" | "json" | "trigger"> {
  let end = 0;
  while (end < rest.text.length && !isSpace(rest.text[end]!)) end++;
  if (end === 0) return { args: [], json: false, trigger: undefined };
  const type = { text: rest.text.slice(0, end), start: rest.start, end: rest.start + end };
  const next = skipSpace(rest.text, end);
  const command = { text: rest.text.slice(next), start: rest.start + next, end: rest.end };
  const json = parseJson(command);
  return { args: [type, ...(json?.args ?? nonEmpty(command))], json: json !== undefined, trigger: undefined };
}

function canHoldHeredocs(node: LineNode): boolean {
  const holder = node.trigger ?? node;
  return ["add", "copy", "run"].includes(holder.keyword.text.toLowerCase()) && !holder.json;
}

/** Reads logical lines and heredoc bodies in turn. */
class LineReader {
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
