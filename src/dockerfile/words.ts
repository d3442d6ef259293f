/** Splitting of an instruction's line: keyword, flags, and the different kinds of arguments. */
import { findSeparator, isSeparator, isSpace, skipSeparators, skipSpace, trimmedEnd } from "./characters.ts";

/** A piece of a logical line; `start` and `end` are offsets there, around the text as written. */
export interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Split {
  readonly keyword: Piece;
  /** Quotes and escapes resolved. */
  readonly flags: readonly Piece[];
  /** What follows the flags, trimmed; as written. */
  readonly rest: Piece;
}

/** `line[from…]` is one instruction. */
export function splitInstruction(line: string, from: number, escapeToken: string): Split {
  const end = Math.max(trimmedEnd(line), from);
  const start = Math.min(skipSpace(line, from), end);
  const keywordEnd = Math.min(findSeparator(line, start), end);
  const keyword = { text: line.slice(start, keywordEnd), start, end: keywordEnd };
  const { flags, restStart } = splitFlags(line, skipSeparators(line, keywordEnd), end, escapeToken);
  const at = Math.min(skipSpace(line, restStart), end);
  return { keyword, flags, rest: { text: line.slice(at, end), start: at, end } };
}

function splitFlags(
  line: string,
  from: number,
  end: number,
  escapeToken: string,
): { readonly flags: readonly Piece[]; readonly restStart: number } {
  const flags: Piece[] = [];
  let at = from;
  for (;;) {
    at = Math.min(skipSeparators(line, at), end);
    if (line[at] !== "-" || at + 1 >= end || line[at + 1] !== "-") return { flags, restStart: at };
    const start = at;
    let text = "";
    let quote: string | undefined;
    let quoted = false;
    for (; at < end; at++) {
      let character = line[at]!;
      if (quote === undefined && isSeparator(character)) break;
      if (quote === undefined && (character === "'" || character === '"')) {
        quote = character;
        quoted = true;
        continue;
      }
      if (character === quote) {
        quote = undefined;
        continue;
      }
      if (character === escapeToken) {
        if (at + 1 === end) continue;
        character = line[++at]!;
      }
      text += character;
    }
    if (text === "--") return { flags, restStart: at };
    if (quoted || text !== "") flags.push({ text, start, end: at });
  }
}

/** Words of `NAME=value` lists: quotes and escapes stay in the words, and keep white space in them. */
export function splitPairWords(rest: Piece, escapeToken: string): readonly Piece[] {
  const words: Piece[] = [];
  const source = rest.text;
  let at = 0;
  for (;;) {
    at = skipSpace(source, at);
    if (at >= source.length) return words;
    const start = at;
    let text = "";
    let quote: string | undefined;
    let quoted = false;
    for (; at < source.length; at++) {
      const character = source[at]!;
      if (quote === undefined && isSpace(character)) break;
      if (character === escapeToken && quote !== "'") {
        // An escape character at the very end is dropped; else it stays, with what it escapes.
        if (at + 1 === source.length) break;
        text += character + source[++at]!;
        continue;
      }
      if (quote === undefined && (character === "'" || character === '"')) {
        quote = character;
        quoted = true;
      } else if (character === quote) {
        quote = undefined;
      }
      text += character;
    }
    const end = at;
    if (at < source.length && source[at] === escapeToken) at++;
    if (quoted || text !== "") words.push({ text, start: rest.start + start, end: rest.start + end });
  }
}

/** Words between separators, nothing resolved. */
export function splitPlainWords(rest: Piece): readonly Piece[] {
  if (rest.text === "") return [];
  const words: Piece[] = [];
  for (let at = 0; ; ) {
    const end = findSeparator(rest.text, at);
    words.push({ text: rest.text.slice(at, end), start: rest.start + at, end: rest.start + end });
    if (end === rest.text.length) return words;
    at = skipSeparators(rest.text, end);
  }
}
