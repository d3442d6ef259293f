import { quote } from "../quote.ts";
import { type Shell, write } from "../shell.ts";
import { ShellError } from "../signals.ts";
import { isName, OPTION_LETTERS, type OptionName, setVariable } from "../state.ts";
import type { Builtin } from "./types.ts";

function splitAssignment(shell: Shell, word: string): { name: string; value: string | undefined } {
  const match = /^([^=+]+)(\+?=)(.*)$/s.exec(word);
  const name = match?.[1] ?? word;
  if (!isName(name)) throw new ShellError(`${word}: bad variable name`, 2, true);
  if (match === null) return { name, value: undefined };
  const before = shell.state.variables.get(name)?.value;
  return { name, value: match[2] === "+=" ? String(before ?? "") + match[3]! : match[3]! };
}

function list(
  shell: Shell,
  keyword: string,
  chosen: (variable: { exported: boolean; readOnly: boolean }) => boolean,
): number {
  const lines = [...shell.state.variables]
    .filter(([, variable]) => chosen(variable))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(
      ([name, { value }]) => `${keyword}${name}${value === undefined ? "" : `=${quote(String(value))}`}\n`,
    );
  write(shell, 1, lines.join(""));
  return 0;
}

function exportNames(shell: Shell, args: readonly string[]): number {
  const { variables } = shell.state;
  const names = args.filter((arg) => arg !== "--" && !/^-[pn]+$/.test(arg));
  if (names.length === 0) return list(shell, "export ", ({ exported }) => exported);
  const exported = !args.includes("-n");
  for (const word of names) {
    const { name, value } = splitAssignment(shell, word);
    const before = variables.get(name);
    if (value !== undefined) setVariable(shell.state, name, value, { exported });
    else variables.set(name, { value: before?.value, readOnly: before?.readOnly ?? false, exported });
  }
  return 0;
}

function readOnlyNames(shell: Shell, args: readonly string[]): number {
  const { variables } = shell.state;
  const names = args.filter((arg) => arg !== "--" && arg !== "-p");
  if (names.length === 0) return list(shell, "readonly ", ({ readOnly }) => readOnly);
  for (const word of names) {
    const { name, value } = splitAssignment(shell, word);
    if (value !== undefined) setVariable(shell.state, name, value);
    const before = variables.get(name);
    variables.set(name, { value: before?.value, exported: before?.exported ?? false, readOnly: true });
  }
  return 0;
}

function local(shell: Shell, args: readonly string[]): number {
  const frame = shell.state.localFrames.at(-1);
  if (frame === undefined) throw new ShellError("local: not in a function", 2, true);
  const { variables } = shell.state;
  for (const word of args.filter((arg) => !arg.startsWith("-"))) {
    const { name, value } = splitAssignment(shell, word);
    if (!frame.has(name)) frame.set(name, variables.get(name));
    if (value !== undefined) setVariable(shell.state, name, value);
  }
  return 0;
}

/** bash: -x and -r, and -a as far as plain arrays go; associative arrays are refused. */
function declare(shell: Shell, args: readonly string[]): number {
  const flags = args.filter((arg) => /^[-+][A-Za-z]+$/.test(arg)).join("");
  const words = args.filter((arg) => !/^[-+][A-Za-z]+$/.test(arg));
  if (/[An]/.test(flags))
    throw new ShellError("declare: associative arrays and references are not supported", 2, true);
  if (words.length === 0) return list(shell, "declare -- ", () => true);
  if (shell.state.localFrames.length > 0 && !flags.includes("g")) local(shell, words);
  for (const word of words) {
    const { name, value } = splitAssignment(shell, word);
    if (value !== undefined) setVariable(shell.state, name, value);
    else if (!shell.state.variables.has(name)) {
      shell.state.variables.set(name, { value: undefined, exported: false, readOnly: false });
    }
  }
  const names = words.map((word) => word.replace(/\+?=.*$/s, ""));
  if (flags.includes("x")) exportNames(shell, names);
  if (flags.includes("r")) readOnlyNames(shell, names);
  return 0;
}

function unset(shell: Shell, args: readonly string[]): number {
  const { variables, functions } = shell.state;
  const functionsOnly = args.includes("-f");
  for (const name of args.filter((arg) => !/^-[fv]$/.test(arg))) {
    if (functionsOnly || (!variables.has(name) && functions.has(name))) functions.delete(name);
    else if (variables.get(name)?.readOnly === true)
      throw new ShellError(`unset: ${name}: is read only`, 2, true);
    else variables.delete(name);
  }
  return 0;
}

function setOption(shell: Shell, name: string | undefined, on: boolean, written: string): void {
  const { options, dialect } = shell.state;
  const known: readonly string[] = [
    ...Object.values(OPTION_LETTERS),
    ...(dialect === "bash" ? ["pipefail", "posix"] : []),
  ];
  if (name === undefined || !known.includes(name))
    throw new ShellError(`set: Illegal option ${written}`, 2, true);
  if (on) options.add(name as OptionName);
  else options.delete(name as OptionName);
}

function set(shell: Shell, args: readonly string[]): number {
  const { state } = shell;
  if (args.length === 0) return list(shell, "", () => true);
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--") {
      state.positional = args.slice(at + 1);
      return 0;
    }
    if (!/^[-+]./.test(word)) break;
    const on = word.startsWith("-");
    for (const letter of word.slice(1)) {
      if (letter === "o") {
        const name = args[++at];
        if (name === undefined) return listOptions(shell);
        setOption(shell, name, on, `${on ? "-" : "+"}o ${name}`);
      } else if (!(state.dialect === "bash" && "BEHPT".includes(letter))) {
        setOption(
          shell,
          (OPTION_LETTERS as Record<string, string>)[letter],
          on,
          `${on ? "-" : "+"}${letter}`,
        );
      }
    }
  }
  if (at < args.length) state.positional = args.slice(at);
  return 0;
}

function listOptions(shell: Shell): number {
  const names = [...new Set<string>(Object.values(OPTION_LETTERS))].sort();
  const on: ReadonlySet<string> = shell.state.options;
  write(shell, 1, names.map((name) => `${name.padEnd(16)}${on.has(name) ? "on" : "off"}\n`).join(""));
  return 0;
}

function shift(shell: Shell, args: readonly string[]): number {
  const { state } = shell;
  const count = args[0] === undefined ? 1 : Number(args[0]);
  if (!Number.isInteger(count) || count < 0 || count > state.positional.length) {
    throw new ShellError("shift: can't shift that many", 2, state.dialect === "sh");
  }
  state.positional = state.positional.slice(count);
  return 0;
}

export const VARIABLES = {
  export: { run: exportNames },
  readonly: { run: readOnlyNames },
  local: { run: local },
  declare: { run: declare, dialect: "bash" },
  typeset: { run: declare, dialect: "bash" },
  unset: { run: unset },
  set: { run: set },
  shift: { run: shift },
} satisfies Record<string, Builtin>;
