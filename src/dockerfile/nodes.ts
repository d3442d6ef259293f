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
} from "../errors/dockerfile.ts";
import type { SourceRange } from "../errors/index.ts";
import { findSeparator, isSpace, skipSeparators, skipSpace } from "./characters.ts";
import { type Directives, readDirectives } from "./directives.ts";
import { findHeredocs } from "./heredocs.ts";
import { parseJsonArray } from "./json-array.ts";
import { located } from "./located.ts";
import { LineReader, type LogicalLine, lineRangeOf } from "./logical-lines.ts";
import { readSource, type Source } from "./source.ts";
import type { Heredoc } from "./types.ts";
import { type Piece, splitInstruction, splitPairWords, splitPlainWords } from "./words.ts";

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

/** The whole instruction, heredoc bodies and their last delimiter included. */
export function nodeRange(node: Node): SourceRange {
  if (node.heredocs.length === 0) return lineRangeOf(node.line);
  const last = node.line.source.lines[node.endLine - 1];
  return {
    start: lineRangeOf(node.line).start,
    end: { line: node.endLine, column: last?.content.length ?? 0 },
  };
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
