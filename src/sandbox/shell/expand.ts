import type { WorkingTree } from "../../filesystem/types.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { expandGlob } from "./glob.ts";
import { expandParameter } from "./parameter.ts";
import { escapePattern, hasWildcard, unescapePattern } from "./pattern.ts";
import { ShellError } from "./signals.ts";
import { readVariable, type ShellState, setVariable } from "./state.ts";
import type { PartOf, Script, Word, WordPart } from "./syntax.ts";

/** What expansion needs of the shell that it works for. */
export interface Expander {
  readonly state: ShellState;
  readonly tree: WorkingTree;
  /** Runs a command substitution and returns its output without the newlines at its end. */
  readonly substitute: (script: Script) => Promise<string>;
  readonly homeOf: (user: string) => string | undefined;
  /** Parses text as the inside of double quotes. */
  readonly parseQuoted: (text: string) => Word;
}

/** A piece of an expanded word. `split`: fields are split in it; `glob`: its wildcards count. */
export interface Fragment {
  readonly text: string;
  readonly split: boolean;
  readonly glob: boolean;
}

/** Between the elements of `$@`: always begins a new field. */
export const FIELD_BREAK = "field-break";
export type Piece = Fragment | typeof FIELD_BREAK;

const literal = (text: string): Fragment => ({ text, split: false, glob: false });

/** The text of an expansion: in double quotes it is final, outside it is split and its wildcards count. */
export function expansion(text: string, quoted: boolean): Fragment {
  return { text, split: !quoted, glob: !quoted };
}

export async function expandArithmetic(expander: Expander, text: string): Promise<string> {
  const { state } = expander;
  const expanded = /[$`\\"']/.test(text) ? await expandToString(expander, expander.parseQuoted(text)) : text;
  return evaluateArithmetic(expanded, {
    get: (name) => readVariable(state, name),
    set: (name, value) => setVariable(state, name, value),
  });
}

function expandTilde(expander: Expander, { user }: PartOf<"TildeExpansion">): string {
  const { state } = expander;
  if (user === null || user === "") return readVariable(state, "HOME") ?? expander.homeOf("") ?? "~";
  if (user === "+") return readVariable(state, "PWD") ?? "~+";
  return expander.homeOf(user) ?? `~${user}`;
}

/** dash has no brace expansion: the braces are text. */
async function braceText(expander: Expander, { items }: PartOf<"BraceExpansion">): Promise<string> {
  const texts: string[] = [];
  for (const item of items) {
    if (item.type === "Range")
      return `{${[item.start, item.end, ...(item.step === undefined ? [] : [item.step])].join("..")}}`;
    texts.push(await expandToString(expander, item.word));
  }
  return `{${texts.join(",")}}`;
}

function isAllArguments(part: WordPart): boolean {
  return part.type === "ParameterExpansion" && /^@$|\[@\]$/.test(part.parameter);
}

async function expandPart(expander: Expander, part: WordPart, quoted: boolean): Promise<readonly Piece[]> {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "Escaped":
      return [literal(part.value)];
    case "Glob":
      return [{ text: part.pattern, split: false, glob: !quoted }];
    case "TildeExpansion":
      return [literal(expandTilde(expander, part))];
    case "DoubleQuoted": {
      const pieces: Piece[] = [];
      for (const inner of part.parts) pieces.push(...(await expandPart(expander, inner, true)));
      // An empty pair of quotes is a field; "$@" of nothing is none (POSIX 2.5.2).
      return pieces.length === 0 && part.parts.some(isAllArguments) ? [] : [literal(""), ...pieces];
    }
    case "ParameterExpansion":
      return expandParameter(expander, part, quoted);
    case "CommandSubstitution":
      return [expansion(await expander.substitute(part.body), quoted)];
    case "ArithmeticExpansion": {
      const text = part.expression.originalText ?? "";
      return [expansion(await expandArithmetic(expander, text), quoted)];
    }
    case "BraceExpansion":
      return [literal(await braceText(expander, part))];
    case "ProcessSubstitution":
      throw new ShellError("process substitution is not supported: write to a file or use a pipe", 2, true);
  }
}

async function expandParts(expander: Expander, word: Word, quoted: boolean): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (const part of word.parts) pieces.push(...(await expandPart(expander, part, quoted)));
  return pieces;
}

/** Field splitting (POSIX 2.6.5). Each field is kept as a pattern, in which quoted text is escaped. */
function splitFields(pieces: readonly Piece[], separators: string): readonly string[] {
  const fields: string[] = [];
  let current: string | undefined;
  /** White space has ended a field: a separator that follows belongs to the same delimiter. */
  let afterWhite = false;
  const finish = () => {
    if (current !== undefined) fields.push(current);
    current = undefined;
  };
  const append = (text: string) => {
    current = (current ?? "") + text;
    afterWhite = false;
  };
  for (const piece of pieces) {
    if (piece === FIELD_BREAK) {
      finish();
      continue;
    }
    if (!piece.split) {
      append(piece.glob ? piece.text : escapePattern(piece.text));
      continue;
    }
    for (const character of piece.text) {
      if (!separators.includes(character)) {
        append(character === "\\" ? "\\\\" : character);
      } else if (" \t\n".includes(character)) {
        afterWhite ||= current !== undefined;
        finish();
      } else {
        if (current === undefined && !afterWhite) fields.push("");
        finish();
        afterWhite = false;
      }
    }
  }
  finish();
  return fields;
}

/** Every way to choose from the braces of a word (bash only). */
function alternatives(word: Word): readonly Word[] {
  const index = word.parts.findIndex(({ type }) => type === "BraceExpansion");
  if (index < 0) return [word];
  const before = word.parts.slice(0, index);
  const after = word.parts.slice(index + 1);
  const choices = (word.parts[index] as PartOf<"BraceExpansion">).items.flatMap((item): WordPart[][] => {
    if (item.type === "Word") return alternatives(item.word).map(({ parts }) => parts);
    return rangeTexts(item).map((value) => [{ type: "Literal", value }]);
  });
  return choices.flatMap((parts) => alternatives({ ...word, parts: [...before, ...parts, ...after] }));
}

const MAX_RANGE = 100_000;

function rangeTexts(range: {
  start: string | number;
  end: string | number;
  step?: number;
}): readonly string[] {
  const numeric = typeof range.start === "number" && typeof range.end === "number";
  const code = (value: string | number) => (typeof value === "number" ? value : value.charCodeAt(0));
  const [start, end] = [code(range.start), code(range.end)];
  const step = Math.max(1, Math.abs(range.step ?? 1));
  const count = Math.floor(Math.abs(end - start) / step) + 1;
  if (count > MAX_RANGE) throw new ShellError(`brace expansion of more than ${MAX_RANGE} words`, 2, true);
  const sign = end < start ? -1 : 1;
  return Array.from({ length: count }, (_, index) => {
    const value = start + sign * step * index;
    return numeric ? String(value) : String.fromCharCode(value);
  });
}

/** A word in a command: all expansions, then fields, then paths. */
export async function expandFields(expander: Expander, word: Word): Promise<readonly string[]> {
  const { state, tree } = expander;
  const words = state.dialect === "bash" ? alternatives(word) : [word];
  const separators = readVariable(state, "IFS") ?? " \t\n";
  const result: string[] = [];
  for (const one of words) {
    for (const pattern of splitFields(await expandParts(expander, one, false), separators)) {
      const globbed = state.options.has("noglob") || !hasWildcard(pattern);
      const paths = globbed ? [] : expandGlob(tree, state.workingDirectory, pattern);
      if (paths.length > 0) result.push(...paths);
      else result.push(unescapePattern(pattern));
    }
  }
  return result;
}

/** A word that stays one: an assignment's value, a redirection's target, a case's subject. */
export async function expandToString(expander: Expander, word: Word): Promise<string> {
  const pieces = await expandParts(expander, word, false);
  return pieces.map((piece) => (piece === FIELD_BREAK ? " " : piece.text)).join("");
}

/** A word that is matched against: quoted text is literal. */
export async function expandToPattern(expander: Expander, word: Word): Promise<string> {
  const pieces = await expandParts(expander, word, false);
  return pieces
    .map((piece) => (piece === FIELD_BREAK ? " " : piece.glob ? piece.text : escapePattern(piece.text)))
    .join("");
}

/** The word of `${name-word}`: its pieces, so that quotes inside it still count. */
export function expandOperand(expander: Expander, word: Word, quoted: boolean): Promise<readonly Piece[]> {
  return expandParts(expander, word, quoted);
}
