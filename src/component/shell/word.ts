import { OPERATORS, type Operator } from "../start-program.ts";
import type { ShellText } from "./text.ts";
import type { ShellPart, ShellWord } from "./types.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const PARAMETER = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/;
/** What ends an unquoted word (POSIX 2.3: blanks, newlines, operators). */
const WORD_END = " \t\n;&|<>()";
const DEPTH_LIMIT = 32;

const SUBSTITUTION_HINT =
  "compute it while building (RUN or ENV), or in the program itself, and start the program directly";

/** Reads one word; the text stands at its first character. An empty result means: no word here. */
export function readWord(text: ShellText): ShellWord {
  return readParts(text, { ends: WORD_END, depth: 0 });
}

/** Recognises `NAME=` at the start of a word and returns the name (POSIX 2.10.2 rule 7). */
export function assignmentName(text: ShellText): string | undefined {
  const name = NAME.exec(text.rest(256))?.[0];
  return name !== undefined && text.peek(name.length) === "=" ? name : undefined;
}

/** Turns leading tildes into parts of their own; in an assignment also those after a colon (POSIX 2.6.1). */
export function markTildes(word: ShellWord, assignment: boolean): ShellWord {
  const parts: ShellPart[] = [];
  word.forEach((part, index) => {
    if (part.kind !== "literal" || part.quoted) {
      parts.push(part);
      return;
    }
    let rest = part.text;
    let candidate = index === 0;
    while (rest !== "") {
      const colon = assignment ? rest.indexOf(":") : -1;
      const segment = colon < 0 ? rest : rest.slice(0, colon + 1);
      rest = rest.slice(segment.length);
      const prefix = candidate ? /^~([A-Za-z0-9_.-]*)(?=$|[/:])/.exec(segment) : null;
      const complete = prefix !== null && (prefix[0].length < segment.length || index === word.length - 1);
      if (prefix !== null && complete) {
        parts.push({ kind: "tilde", user: prefix[1] ?? "" });
        pushLiteral(parts, segment.slice(prefix[0].length), false);
      } else {
        pushLiteral(parts, segment, false);
      }
      candidate = true;
    }
  });
  return parts;
}

interface Mode {
  /** Characters that end the run of parts when unquoted. */
  readonly ends: string;
  readonly depth: number;
}

function readParts(text: ShellText, mode: Mode): ShellWord {
  const parts: ShellPart[] = [];
  for (;;) {
    const character = text.peek();
    if (character === "" || mode.ends.includes(character)) return parts;
    switch (character) {
      case "\\":
        readEscape(text, parts);
        break;
      case "'":
        text.advance(1);
        pushLiteral(parts, text.until("'", "a single quote is not closed"), true);
        break;
      case '"':
        text.advance(1);
        readDoubleQuoted(text, parts, mode.depth);
        break;
      case "$":
        readDollar(text, parts, { quoted: false, depth: mode.depth });
        break;
      case "`":
        throw text.construct("command substitution (`…`)", SUBSTITUTION_HINT);
      default:
        pushLiteral(parts, character, false);
        text.advance(1);
    }
  }
}

/** A backslash quotes the next character; before a newline both go (POSIX 2.2.1). */
function readEscape(text: ShellText, parts: ShellPart[]): void {
  const next = text.peek(1);
  if (next === "\n") text.advance(2);
  else if (next === "") {
    pushLiteral(parts, "\\", true);
    text.advance(1);
  } else {
    pushLiteral(parts, next, true);
    text.advance(2);
  }
}

/** After the opening quote, up to and with the closing one (POSIX 2.2.3). */
function readDoubleQuoted(text: ShellText, parts: ShellPart[], depth: number): void {
  if (text.peek() === '"') pushLiteral(parts, "", true);
  for (;;) {
    const character = text.peek();
    switch (character) {
      case "":
        throw text.syntax("a double quote is not closed");
      case '"':
        text.advance(1);
        return;
      case "\\":
        readQuotedEscape(text, parts, '$`"\\');
        break;
      case "$":
        readDollar(text, parts, { quoted: true, depth });
        break;
      case "`":
        throw text.construct("command substitution (`…`)", SUBSTITUTION_HINT);
      default:
        pushLiteral(parts, character, true);
        text.advance(1);
    }
  }
}

function readQuotedEscape(text: ShellText, parts: ShellPart[], special: string): void {
  const next = text.peek(1);
  if (next === "\n") text.advance(2);
  else if (next !== "" && special.includes(next)) {
    pushLiteral(parts, next, true);
    text.advance(2);
  } else {
    pushLiteral(parts, "\\", true);
    text.advance(1);
  }
}

interface DollarContext {
  readonly quoted: boolean;
  readonly depth: number;
}

function readDollar(text: ShellText, parts: ShellPart[], context: DollarContext): void {
  const next = text.peek(1);
  if (next === "(") {
    const arithmetic = text.peek(2) === "(";
    const name = arithmetic ? "arithmetic ($((…)))" : "command substitution ($(…))";
    throw text.construct(name, SUBSTITUTION_HINT);
  }
  if (!context.quoted && (next === "'" || next === '"')) {
    throw text.construct(`$${next}…${next} quoting`, "use plain single or double quotes");
  }
  if (next === "{") {
    text.advance(2);
    parts.push(readBraced(text, context));
    return;
  }
  // An unbraced positional parameter has one digit: $10 is ${1}0.
  const name = PARAMETER.exec(text.rest(256).slice(1))?.[0];
  if (name === undefined) {
    pushLiteral(parts, "$", true);
    text.advance(1);
    return;
  }
  const used = /^[0-9]/.test(name) ? name.charAt(0) : name;
  text.advance(1 + used.length);
  parts.push({ kind: "parameter", name: used, quoted: context.quoted, operator: "", operand: [] });
}

/** After `${`, up to and with `}` (POSIX 2.6.2). */
function readBraced(text: ShellText, context: DollarContext): ShellPart {
  if (context.depth >= DEPTH_LIMIT) throw text.construct("deeply nested ${…}", "simplify the command");
  if (text.peek() === "#" && text.peek(1) !== "}") {
    text.advance(1);
    const name = takeName(text);
    if (text.peek() !== "}") throw badSubstitution(text);
    text.advance(1);
    return { kind: "parameter", name, quoted: context.quoted, operator: "length", operand: [] };
  }
  const name = takeName(text);
  const operator = takeOperator(text);
  const operand = operator === "" ? [] : readOperand(text, operator, context);
  if (text.peek() === "") throw text.syntax("${ is not closed");
  if (text.peek() !== "}") throw badSubstitution(text);
  text.advance(1);
  return { kind: "parameter", name, quoted: context.quoted, operator, operand };
}

function takeName(text: ShellText): string {
  const name = PARAMETER.exec(text.rest(256))?.[0];
  if (name === undefined) throw badSubstitution(text);
  text.advance(name.length);
  return name;
}

function takeOperator(text: ShellText): Operator {
  if (text.peek() === "}" || text.peek() === "") return "";
  if (text.peek() === "=" || (text.peek() === ":" && text.peek(1) === "=")) {
    throw text.construct("${NAME=…}", "assign the variable first (export NAME=…), or set it with ENV");
  }
  const rest = text.rest(2);
  const operator = OPERATORS.filter((known) => known !== "" && rest.startsWith(known))
    .sort((a, b) => b.length - a.length)
    .at(0);
  if (operator === undefined) throw badSubstitution(text);
  text.advance(operator.length);
  return operator;
}

/**
 * The word after an operator. Within double quotes it is quoted too, except that patterns (`#`, `%`) are
 * read as if the quotes were not there.
 */
function readOperand(text: ShellText, operator: Operator, context: DollarContext): ShellWord {
  const depth = context.depth + 1;
  const isPattern = operator.startsWith("#") || operator.startsWith("%");
  if (!context.quoted || isPattern) return readParts(text, { ends: "}", depth });
  const parts: ShellPart[] = [];
  for (;;) {
    const character = text.peek();
    switch (character) {
      case "":
        throw text.syntax("${ is not closed");
      case "}":
        return parts;
      case '"':
        throw text.construct('double quotes inside "${…}"', "leave out the inner quotes");
      case "`":
        throw text.construct("command substitution (`…`)", SUBSTITUTION_HINT);
      case "\\":
        readQuotedEscape(text, parts, '$`"\\}');
        break;
      case "$":
        readDollar(text, parts, { quoted: true, depth });
        break;
      default:
        pushLiteral(parts, character, true);
        text.advance(1);
    }
  }
}

function badSubstitution(text: ShellText) {
  return text.construct(
    "a ${…} expansion that POSIX shells do not have",
    "use ${NAME}, :-, -, :+, +, :?, ?, #, ##, %, %% or ${#NAME}",
  );
}

/** Appends text, joining neighbours of the same kind; an empty quoted literal keeps an empty word alive. */
function pushLiteral(parts: ShellPart[], text: string, quoted: boolean): void {
  const last = parts.at(-1);
  if (last?.kind === "literal" && last.quoted === quoted) {
    parts[parts.length - 1] = { kind: "literal", text: last.text + text, quoted };
  } else if (text !== "" || quoted) {
    parts.push({ kind: "literal", text, quoted });
  }
}
