import type { Operation, Word } from "../start-program.ts";
import { REDUCED } from "./builtins.ts";
import { type Argument, type ExpansionScope, expandField, expandWord } from "./expand.ts";
import { parseShell } from "./parse.ts";
import type { ShellOptions } from "./set-options.ts";
import type { ReducerState, ShellWorld } from "./state.ts";
import type { ShellCommand, ShellWord } from "./types.ts";
import { plainText, refuse } from "./words.ts";

export interface ShellInvocation {
  readonly script: string;
  /** `$0`, `$1`, … */
  readonly positional: readonly Argument[];
  readonly options: ShellOptions;
}

/** What a script comes to: operations, then perhaps a program that takes the shell's place. */
export interface Reduction {
  readonly operations: readonly Operation[];
  readonly exec: { readonly words: readonly Word[]; readonly line: number } | undefined;
}

/** Commands of the shell itself which no start program can express (POSIX 2.14 and 1.6, bash). */
const BUILTINS: ReadonlySet<string> = new Set(
  (
    ". [ alias bg break command continue dirs echo eval exit false fc fg getopts hash jobs kill let local " +
    "popd printf pushd pwd read readonly return shift shopt source test times trap type typeset declare " +
    "ulimit umask unalias wait"
  ).split(" "),
);

const ONE_PROGRAM_HINT =
  "do what prepares the program while building (RUN) or in the program itself, and start one program only";

/**
 * Reduces a shell script to a start program. Accepts assignments, cd, export, unset, `mkdir -p`, `:`, true,
 * set and, at the end, one program. Throws ShellRefusal, which names the construct, for all else.
 */
export function reduceShell(invocation: ShellInvocation, world: ShellWorld): Reduction {
  const { options, positional } = invocation;
  const state: ReducerState = { world, operations: [], options, positional };
  const { operations } = state;
  const commands = parseShell(invocation.script);
  for (const [index, command] of commands.entries()) {
    const result = reduceCommand(command, state);
    if (result.kind === "next") continue;
    if (result.kind === "exit") return { operations, exec: undefined };
    if (index + 1 < commands.length && !result.replaces) {
      throw refuse(command, "more than one program, one after the other", ONE_PROGRAM_HINT);
    }
    return { operations, exec: { words: result.words, line: command.line } };
  }
  return { operations, exec: undefined };
}

type CommandResult =
  | { readonly kind: "next" }
  | { readonly kind: "exit" }
  /** `replaces`: by `exec`, so that what follows is never reached. */
  | { readonly kind: "exec"; readonly words: readonly Word[]; readonly replaces: boolean };

function reduceCommand(command: ShellCommand, state: ReducerState): CommandResult {
  const scope = scopeOf(command, state);
  const [first, ...operands] = command.words;
  if (first === undefined) {
    for (const { name, value } of command.assignments) assign(name, expandWord(value, scope, "value"), state);
    return { kind: "next" };
  }
  const name = plainText(first);
  const builtin = name === undefined ? undefined : REDUCED.get(name);
  if (builtin !== undefined) {
    if (command.assignments.length > 0) {
      throw refuse(command, `an assignment before ${name}`, "put the assignment on a line of its own");
    }
    builtin(operands, { command, scope, state });
    return { kind: "next" };
  }
  if (name === "exit" && operands.every((operand) => plainText(operand) === "0")) return { kind: "exit" };
  return reduceProgram(command, scope, state);
}

function reduceProgram(command: ShellCommand, scope: ExpansionScope, state: ReducerState): CommandResult {
  const replaces = plainText(command.words[0] ?? []) === "exec";
  const words = replaces ? command.words.slice(1) : command.words;
  const [first] = words;
  if (first === undefined) return { kind: "next" };
  const program = plainText(first);
  if (replaces && program?.startsWith("-")) throw refuse(command, "options of exec", "leave them out");
  if (!replaces && program !== undefined && BUILTINS.has(program)) {
    throw refuse(command, `the shell's own command ${program}`, builtinHint(program));
  }
  refuseOwnAssignments(command, words);
  const fields = words.flatMap((word) => expandField(word, scope));
  if (fields.length === 0) return { kind: "next" };
  for (const { name, value } of command.assignments) {
    state.operations.push({ kind: "set", name, value: expandWord(value, scope, "value") });
  }
  return { kind: "exec", words: fields, replaces };
}

function assign(name: string, value: Word, { options, world, operations }: ReducerState): void {
  const isExported =
    options.exportAll ||
    world.isExported(name) ||
    operations.some((operation) => operation.kind === "set" && operation.name === name);
  if (!isExported) world.warn(`${name} is not exported in the shell; in the component the program sees it`);
  operations.push({ kind: "set", name, value });
}

/** The shell expands a command's words before its assignments take effect (POSIX 2.9.1). */
function refuseOwnAssignments(command: ShellCommand, words: readonly ShellWord[]): void {
  const assigned = new Set(command.assignments.map(({ name }) => name));
  const uses = (word: ShellWord): boolean =>
    word.some((part) => part.kind === "parameter" && (assigned.has(part.name) || uses(part.operand)));
  if (assigned.size > 0 && words.some(uses)) {
    throw refuse(
      command,
      "a variable both set and used in one command",
      "set it on a line of its own before",
    );
  }
}

function builtinHint(program: string): string {
  if (program === "." || program === "source") {
    return "set what the file sets with ENV (for a Python virtual environment: VIRTUAL_ENV and PATH)";
  }
  return ONE_PROGRAM_HINT;
}

function scopeOf(command: ShellCommand, state: ReducerState): ExpansionScope {
  return {
    line: command.line,
    positional: state.positional,
    unsetIsError: state.options.unsetIsError,
    globbing: !state.options.noGlobbing,
    homeOf: (user) => state.world.homeOf(user),
    warn: (message) => state.world.warn(message),
  };
}
