import { ShellText } from "./text.ts";
import type { Assignment, ShellCommand, ShellWord } from "./types.ts";
import { assignmentName, markTildes, readWord } from "./word.ts";

const MOVE_HINT = "do this in the program itself, or while building (RUN), and start the program directly";

/** Reserved words (POSIX 2.4, and bash's) and how to name what they begin. */
const RESERVED: Readonly<Record<string, string>> = {
  if: "a condition (if)",
  while: "a loop (while)",
  until: "a loop (until)",
  for: "a loop (for)",
  select: "a loop (select)",
  case: "a condition (case)",
  "{": "a group ({ … })",
  "}": "a group ({ … })",
  "!": "a negation (!)",
  "[[": "a test ([[ … ]])",
  function: "a function",
  coproc: "a coprocess (coproc)",
  time: "time",
};

/**
 * Parses a script that is a list of simple commands joined by `;`, newlines and `&&`.
 * Throws ShellRefusal for everything else, naming it and its line. Pure; linear in the text.
 */
export function parseShell(script: string): readonly ShellCommand[] {
  const text = new ShellText(script);
  const commands: ShellCommand[] = [];
  let afterAnd = false;
  for (;;) {
    skipBlanks(text, true);
    if (text.peek() === "") {
      if (afterAnd) throw text.syntax("a command is missing after &&");
      return commands;
    }
    const command = readCommand(text);
    commands.push(command);
    afterAnd = command.separator === "&&";
  }
}

function readCommand(text: ShellText): ShellCommand {
  const { line } = text;
  const assignments: Assignment[] = [];
  const words: ShellWord[] = [];
  for (;;) {
    skipBlanks(text, false);
    const name = words.length === 0 ? assignmentName(text) : undefined;
    if (name !== undefined) {
      text.advance(name.length + 1);
      if (text.peek() === "(") throw text.construct("an array", "use plain variables");
      assignments.push({ name, value: markTildes(readWord(text), true) });
      continue;
    }
    const word = readWord(text);
    if (word.length === 0) break;
    if (words.length === 0) refuseReserved(text, word);
    words.push(markTildes(word, false));
  }
  const empty = words.length === 0 && assignments.length === 0;
  return { assignments, words, line, separator: readSeparator(text, empty) };
}

function readSeparator(text: ShellText, empty: boolean): "&&" | ";" {
  const character = text.peek();
  const isDouble = text.peek(1) === character;
  switch (character) {
    case "<":
    case ">":
      throw text.construct(`a redirection (${character})`, "let the program open its own files");
    case "(":
      throw empty ? text.construct("a subshell ( … )", MOVE_HINT) : text.construct("a function", MOVE_HINT);
    case ")":
      throw text.syntax(") is unexpected");
    case "|":
      throw isDouble
        ? text.construct("an alternative (||)", MOVE_HINT)
        : text.construct("a pipe (|)", MOVE_HINT);
    default:
  }
  if (empty) throw text.syntax(`${character === "" ? "the end" : character} is unexpected`);
  if (character === "&" && !isDouble) throw text.construct("a background process (&)", MOVE_HINT);
  if (character === ";" && isDouble) throw text.syntax(";; is unexpected");
  if (character === "&") {
    text.advance(2);
    return "&&";
  }
  if (character !== "") text.advance(1);
  return ";";
}

function refuseReserved(text: ShellText, word: ShellWord): void {
  const [first] = word;
  if (word.length !== 1 || first?.kind !== "literal" || first.quoted) return;
  if (!Object.hasOwn(RESERVED, first.text)) return;
  throw text.construct(RESERVED[first.text] ?? first.text, MOVE_HINT);
}

/** Passes blanks, line continuations and comments; newlines too where a command may begin. */
function skipBlanks(text: ShellText, newlines: boolean): void {
  for (;;) {
    const character = text.peek();
    if (character === " " || character === "\t" || (newlines && character === "\n")) text.advance(1);
    else if (character === "\\" && text.peek(1) === "\n") text.advance(2);
    else if (character === "#") {
      while (text.peek() !== "" && text.peek() !== "\n") text.advance(1);
    } else return;
  }
}
