/**
 * Word expansion as BuildKit's shell lexer does it: quotes, escapes, `$name`, `${name}` with modifiers, and
 * splitting into words after the expansion. Not a shell: no commands, no arithmetic, no globs.
 */

import { expansionLimit, expansionSyntax, variableRequired } from "../../errors/dockerfile.ts";
import type { BoxwrightError } from "../../errors/index.ts";
import { replacePattern, trimPattern } from "./substitute.ts";
import { Words } from "./word-list.ts";

export interface VariableSource {
  get(name: string): string | undefined;
}

export interface LexerOptions {
  readonly escape: "\\" | "`";
  /** Quotes stay in the result. */
  readonly rawQuotes: boolean;
  /** Escape characters stay in the result. */
  readonly rawEscapes: boolean;
  /** Quotes mean nothing. */
  readonly literalQuotes: boolean;
  /** References to variables that are not set stay as they are written. */
  readonly keepUnset: boolean;
  readonly onVariable: ((name: string, isSet: boolean) => void) | undefined;
}

export interface Expansion {
  readonly text: string;
  readonly words: readonly string[];
}

/** UTF-16 code units that one expansion may come to: doubling variables would otherwise fill the memory. */
const SIZE_LIMIT = 1 << 24;
/** How deep `${a:-${b:-…}}` may nest. */
const DEPTH_LIMIT = 500;

const NAME_START_DIGIT = /^\p{Nd}$/u;
const NAME_CHARACTER = /^[\p{L}\p{Nd}_]$/u;
const SPECIAL_PARAMETERS = "@*#?-$!0";

/** Throws EXPANSION_SYNTAX, VARIABLE_REQUIRED or EXPANSION_LIMIT. */
export function expand(source: string, variables: VariableSource, options: LexerOptions): Expansion {
  return new Lexer(source, variables, options).run();
}

class Lexer {
  readonly #source: string;
  readonly #variables: VariableSource;
  readonly #options: LexerOptions;
  #at = 0;
  #depth = 0;
  #size = 0;

  constructor(source: string, variables: VariableSource, options: LexerOptions) {
    this.#source = source;
    this.#variables = variables;
    this.#options = options;
  }

  run(): Expansion {
    return this.#until(undefined, this.#options.rawEscapes, false);
  }

  #peek(): string | undefined {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  #next(): string | undefined {
    const character = this.#peek();
    this.#at += character?.length ?? 0;
    return character;
  }

  #fail(reason: string): BoxwrightError {
    return expansionSyntax(shorten(this.#source), reason);
  }

  #grow(text: string): string {
    this.#size += text.length;
    if (this.#size > SIZE_LIMIT) throw expansionLimit(`more than ${SIZE_LIMIT} characters`);
    return text;
  }

  /** Up to `stop`, which is consumed, or the end. `pattern`: quoted escape characters are doubled. */
  #until(stop: string | undefined, rawEscapes: boolean, pattern: boolean): Expansion {
    if (++this.#depth > DEPTH_LIMIT) throw expansionLimit(`more than ${DEPTH_LIMIT} levels`);
    const { escape: escapeToken, literalQuotes } = this.#options;
    const words = new Words();
    let text = "";
    for (;;) {
      const character = this.#peek();
      if (character === undefined) {
        if (stop !== undefined)
          throw this.#fail(`unexpected end of statement while looking for matching ${stop}`);
        break;
      }
      if (character === stop) {
        this.#next();
        break;
      }
      if (character === "$") {
        const value = this.#grow(this.#dollar());
        text += value;
        words.addSplit(value);
      } else if (character === "<") {
        const operator = this.#lessThan();
        text += operator;
        words.addWhole(operator);
      } else if (!literalQuotes && (character === "'" || character === '"')) {
        const quoted =
          character === "'" ? this.#singleQuoted(pattern) : this.#doubleQuoted(rawEscapes, pattern);
        text += quoted;
        words.addWhole(quoted);
      } else if (character === escapeToken) {
        this.#next();
        const escaped = this.#next();
        const kept = (rawEscapes ? character : "") + (escaped ?? "");
        text += kept;
        if (kept !== "") words.addWhole(kept);
      } else {
        this.#next();
        text += character;
        words.addSplit(character);
      }
    }
    this.#depth--;
    return { text, words: words.end() };
  }

  #singleQuoted(pattern: boolean): string {
    const { escape: escapeToken, rawQuotes } = this.#options;
    const end = this.#source.indexOf("'", this.#at + 1);
    if (end === -1) {
      this.#at = this.#source.length;
      throw this.#fail("unexpected end of statement while looking for matching single-quote");
    }
    let content = this.#source.slice(this.#at + 1, end);
    if (pattern) content = content.replaceAll(escapeToken, escapeToken + escapeToken);
    this.#at = end + 1;
    return rawQuotes ? `'${content}'` : content;
  }

  #doubleQuoted(rawEscapes: boolean, pattern: boolean): string {
    const { escape: escapeToken, rawQuotes } = this.#options;
    this.#next();
    let text = rawQuotes ? '"' : "";
    for (;;) {
      const character = this.#peek();
      if (character === undefined) {
        throw this.#fail("unexpected end of statement while looking for matching double-quote");
      }
      if (character === "$") {
        text += this.#grow(this.#dollar());
        continue;
      }
      this.#next();
      if (character === '"') return rawQuotes ? `${text}"` : text;
      if (character !== escapeToken) {
        text += character;
        continue;
      }
      const escaped = this.#peek();
      if (escaped === undefined) continue;
      if (escaped === '"' || escaped === "$" || escaped === escapeToken) {
        this.#next();
        text += (rawEscapes ? escapeToken : "") + escaped;
      } else {
        // Before anything else the escape character is itself (POSIX 2.2.3).
        text += rawEscapes && (!rawQuotes || pattern) ? escapeToken + escapeToken : escapeToken;
      }
    }
  }

  /** `<`, or `<<` with the blanks after it: a heredoc's name may stand apart. */
  #lessThan(): string {
    const start = this.#at;
    this.#next();
    if (this.#peek() !== "<") return "<";
    this.#next();
    while (this.#peek() === " " || this.#peek() === "\t" || this.#peek() === "\r") this.#next();
    return this.#source.slice(start, this.#at);
  }

  #lookUp(name: string): string | undefined {
    const value = this.#variables.get(name);
    this.#options.onVariable?.(name, value !== undefined);
    return value;
  }

  #name(): string {
    const start = this.#at;
    const first = this.#peek();
    if (first === undefined) return "";
    const digits = NAME_START_DIGIT.test(first);
    if (!digits && SPECIAL_PARAMETERS.includes(first)) {
      this.#next();
      return first;
    }
    const allowed = digits ? NAME_START_DIGIT : NAME_CHARACTER;
    for (let c: string | undefined = first; c !== undefined && allowed.test(c); c = this.#peek())
      this.#next();
    return this.#source.slice(start, this.#at);
  }

  #dollar(): string {
    this.#next();
    if (this.#peek() === "{") return this.#braced();
    const name = this.#name();
    if (name === "") return "$";
    const value = this.#lookUp(name);
    return value ?? (this.#options.keepUnset ? `$${name}` : "");
  }

  #braced(): string {
    this.#next();
    const first = this.#peek();
    if (first === undefined) throw this.#fail("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") throw this.#fail("syntax error: bad substitution");
    const name = this.#name();
    const modifier = this.#next();
    switch (modifier) {
      case "}": {
        const value = this.#lookUp(name);
        return value ?? (this.#options.keepUnset ? `\${${name}}` : "");
      }
      case ":":
        return this.#conditional(name, this.#next(), true);
      case "+":
      case "-":
      case "?":
        return this.#conditional(name, modifier, false);
      case "#":
      case "%":
        return this.#trimmed(name, modifier);
      case "/":
        return this.#replaced(name);
      default:
        throw this.#fail(`unsupported modifier (${modifier ?? ""}) in substitution`);
    }
  }

  /** An operand of `${name…}`, up to `stop`. */
  #operand(stop: "}" | "/", rawEscapes: boolean, pattern: boolean): string {
    try {
      return this.#until(stop, rawEscapes, pattern).text;
    } catch (error) {
      if (this.#peek() !== undefined) throw error;
      throw this.#fail(stop === "}" ? "syntax error: missing '}'" : "syntax error: missing '/' in ${}");
    }
  }

  #conditional(name: string, modifier: string | undefined, emptyIsUnset: boolean): string {
    const written = (emptyIsUnset ? ":" : "") + (modifier ?? "");
    if (emptyIsUnset && (modifier === "#" || modifier === "%")) {
      throw this.#fail(`unsupported modifier (${written}) in substitution`);
    }
    const word = this.#operand("}", false, false);
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${written}${word}}`;
    const missing = value === undefined || (emptyIsUnset && value === "");
    switch (modifier) {
      case "-":
        return missing ? word : value;
      case "+":
        return missing ? "" : word;
      case "?": {
        if (!missing) return value;
        const reason = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
        throw variableRequired(shorten(this.#source), name, word === "" ? reason : word);
      }
      default:
        throw this.#fail(`unsupported modifier (${written}) in substitution`);
    }
  }

  #trimmed(name: string, modifier: "#" | "%"): string {
    const word = this.#operand("}", true, true);
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${modifier}${word}}`;
    const longest = word.startsWith(modifier);
    const pattern = longest ? word.slice(1) : word;
    const result = trimPattern(value ?? "", pattern, modifier === "#" ? "start" : "end", longest);
    return this.#substituted(result, pattern);
  }

  #replaced(name: string): string {
    const all = this.#peek() === "/";
    if (all) this.#next();
    const pattern = this.#operand("/", true, true);
    const replacement = this.#operand("}", true, false);
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return this.#substituted(replacePattern(value ?? "", pattern, replacement, all), pattern);
  }

  #substituted(result: string | undefined, pattern: string): string {
    if (result === undefined) throw this.#fail(`invalid pattern (${pattern}) in substitution`);
    return result;
  }
}

/** A word as an error message shows it. */
const shorten = (word: string) => (word.length <= 200 ? word : `${word.slice(0, 200)}…`);
