/** Variables in words: what BuildKit calls ProcessWord and ProcessWords. */
import { expand, type LexerOptions, type VariableSource } from "./lexer.ts";

export type { VariableSource } from "./lexer.ts";

export interface ExpandOptions {
  /** The Dockerfile's escape character; default `\`. */
  readonly escape?: "\\" | "`";
  /** Called for every variable that is looked up. */
  readonly onVariable?: (name: string, isSet: boolean) => void;
}

const full = (options: ExpandOptions, more: Partial<LexerOptions> = {}): LexerOptions => ({
  escape: options.escape ?? "\\",
  onVariable: options.onVariable,
  rawQuotes: false,
  rawEscapes: false,
  literalQuotes: false,
  keepUnset: false,
  ...more,
});

/**
 * Resolves variables, quotes and escapes of one word; white space stays. A variable that is not set is "".
 * Throws EXPANSION_SYNTAX, VARIABLE_REQUIRED (`${name:?message}`) or EXPANSION_LIMIT.
 */
export function expandWord(word: string, variables: VariableSource, options: ExpandOptions = {}): string {
  return expand(word, variables, full(options)).text;
}

/** Like {@link expandWord}, but the result is split at white space that is not quoted. */
export function expandWords(
  word: string,
  variables: VariableSource,
  options: ExpandOptions = {},
): readonly string[] {
  return expand(word, variables, full(options)).words;
}

/**
 * The body of a COPY or ADD heredoc whose delimiter is not quoted: variables and escapes only, quotes stay.
 * The escape character is always `\`, whatever the directive says.
 */
export function expandHeredoc(
  content: string,
  variables: VariableSource,
  options: Omit<ExpandOptions, "escape"> = {},
): string {
  return expand(content, variables, full(options, { literalQuotes: true })).text;
}

/** Splits a line into words with nothing resolved: quotes, escapes and variables stay as they are written. */
export function splitWords(line: string): readonly string[] {
  return expand(line, NO_VARIABLES, full({}, { rawQuotes: true, rawEscapes: true, keepUnset: true })).words;
}

/** Resolves quotes and escapes, or only escapes, and no variables. */
export function unquoteWords(text: string, options: { readonly rawQuotes: boolean }): readonly string[] {
  return expand(text, NO_VARIABLES, full({}, { rawQuotes: options.rawQuotes, keepUnset: true })).words;
}

const NO_VARIABLES: VariableSource = { get: () => undefined };
