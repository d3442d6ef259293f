import { type Shell, say } from "../shell.ts";
import { ShellError } from "../signals.ts";
import { BINARY_OPERATORS, binaryTest, isUnaryOperator, unaryTest } from "../test-operators.ts";

/** `test` and `[`: POSIX's rules by the number of arguments, with -a, -o and parentheses beyond four. */
export function testCommand(shell: Shell, args: readonly string[], bracketed = false): number {
  let words = args;
  if (bracketed) {
    if (args.at(-1) !== "]") {
      say(shell, "[: missing ]\n");
      return 2;
    }
    words = args.slice(0, -1);
  }
  try {
    return evaluate(shell, words) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    say(shell, `${error.message}\n`);
    return 2;
  }
}

function evaluate(shell: Shell, words: readonly string[]): boolean {
  const [first = "", second = "", third = ""] = words;
  switch (words.length) {
    case 0:
      return false;
    case 1:
      return first !== "";
    case 2:
      if (first === "!") return second === "";
      if (isUnaryOperator(first)) return unaryTest(shell, first, second);
      throw new ShellError(`test: ${first}: unexpected operator`, 2);
    case 3:
      if (BINARY_OPERATORS.has(second)) return binaryTest(shell, first, second, third);
      if (first === "!") return !evaluate(shell, words.slice(1));
      if (first === "(" && third === ")") return second !== "";
      break;
    case 4:
      if (first === "!") return !evaluate(shell, words.slice(1));
  }
  return parse(shell, words);
}

function parse(shell: Shell, words: readonly string[]): boolean {
  let at = 0;
  const primary = (): boolean => {
    const word = words[at];
    if (word === undefined) throw new ShellError("test: argument expected", 2);
    if (word === "!") {
      at++;
      return !primary();
    }
    if (BINARY_OPERATORS.has(words[at + 1] ?? "") && at + 2 < words.length) {
      at += 3;
      return binaryTest(shell, word, words[at - 2]!, words[at - 1]!);
    }
    if (word === "(") {
      at++;
      const value = either();
      if (words[at++] !== ")") throw new ShellError("test: closing paren expected", 2);
      return value;
    }
    if (isUnaryOperator(word) && at + 1 < words.length) {
      at += 2;
      return unaryTest(shell, word, words[at - 1]!);
    }
    at++;
    return word !== "";
  };
  const both = (): boolean => {
    let value = primary();
    while (words[at] === "-a") {
      at++;
      const right = primary();
      value = value && right;
    }
    return value;
  };
  const either = (): boolean => {
    let value = both();
    while (words[at] === "-o") {
      at++;
      const right = both();
      value = value || right;
    }
    return value;
  };
  const value = either();
  if (at < words.length) throw new ShellError(`test: ${words[at]}: unexpected operator`, 2);
  return value;
}
