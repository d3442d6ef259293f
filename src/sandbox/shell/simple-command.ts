import { BUILTINS, SPECIAL_BUILTINS } from "./builtins/index.ts";
import { expandFields, expandToString } from "./expand.ts";
import { runCommand, withRedirections } from "./interpreter.ts";
import { errnoName, messageOf } from "./messages.ts";
import { quote } from "./quote.ts";
import { applyRedirections } from "./redirect.ts";
import { runText, type Shell, say, write } from "./shell.ts";
import { ReturnSignal, ShellError } from "./signals.ts";
import { exportedVariables, readVariable, setVariable, type Variable } from "./state.ts";
import type { Assignment, FunctionDefinition, SimpleCommand, Word } from "./syntax.ts";

const DECLARATIONS = new Set(["export", "readonly", "local", "declare", "typeset"]);
/** As deep as functions may call each other; beyond it a real shell would run out of stack. */
const MAX_CALL_DEPTH = 1000;

export async function runSimpleCommand(shell: Shell, command: SimpleCommand): Promise<number> {
  try {
    return await runExpanded(shell, command);
  } catch (error) {
    if (error instanceof ShellError && !error.fatal) {
      say(shell, `${error.message}\n`);
      return error.status;
    }
    if (errnoName(error) === undefined) throw error;
    say(shell, `${messageOf(error)}\n`);
    return 1;
  }
}

async function runExpanded(shell: Shell, command: SimpleCommand): Promise<number> {
  const { state } = shell;
  state.substitutionStatus = 0;
  const words = await expandWords(shell, command);
  const assignments = await expandAssignments(shell, command.assignments);
  trace(shell, assignments, words);
  if (words.length === 0) {
    // The status is that of the last command substitution, if there was one (POSIX 2.9.1).
    const status = state.substitutionStatus;
    for (const { name, value } of assignments) setVariable(state, name, value);
    return command.redirections.length === 0
      ? status
      : withRedirections(shell, command.redirections, async () => status);
  }
  const name = words[0]!;
  // `exec` without a command keeps its redirections.
  if (name === "exec" && words.length === 1) return keepRedirections(shell, command);
  return withRedirections(shell, command.redirections, () => dispatch(shell, words, assignments));
}

async function keepRedirections(shell: Shell, command: SimpleCommand): Promise<number> {
  await applyRedirections(shell.expander, shell.state.descriptors, command.redirections);
  return 0;
}

interface ExpandedAssignment {
  readonly name: string;
  readonly value: string | readonly string[];
}

async function expandWords(shell: Shell, command: SimpleCommand): Promise<readonly string[]> {
  if (command.name === null) return [];
  const words = [...(await expandFields(shell.expander, command.name))];
  const declares = words.length === 1 && DECLARATIONS.has(words[0]!);
  for (const word of command.args) {
    if (declares && isAssignment(word)) words.push(await expandToString(shell.expander, word));
    else words.push(...(await expandFields(shell.expander, word)));
  }
  return words;
}

function isAssignment(word: Word): boolean {
  const first = word.parts[0];
  return first?.type === "Literal" && /^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(first.value);
}

/** In order: a later assignment of the same command sees the earlier ones (POSIX 2.9.1). */
async function expandAssignments(
  shell: Shell,
  assignments: readonly Assignment[],
): Promise<ExpandedAssignment[]> {
  const { state, expander } = shell;
  const result: ExpandedAssignment[] = [];
  const before = assignments.map(({ name }) => ({ name, before: state.variables.get(name) }));
  try {
    for (const { name, value, array, append } of assignments) {
      if (name.includes("["))
        throw new ShellError(`${name}: assignments to elements are not supported`, 2, true);
      let resolved: string | readonly string[];
      if (array !== null) {
        const elements: string[] = append ? [...toArray(state.variables.get(name)?.value)] : [];
        for (const word of array) elements.push(...(await expandFields(expander, word)));
        resolved = elements;
      } else {
        const text = value === null ? "" : await expandToString(expander, value);
        resolved = append ? (readVariable(state, name) ?? "") + text : text;
      }
      result.push({ name, value: resolved });
      setVariable(state, name, resolved);
    }
    return result;
  } finally {
    for (const saved of before.reverse()) restore(shell, saved.name, saved.before);
  }
}

function toArray(value: Variable["value"]): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

function restore(shell: Shell, name: string, before: Variable | undefined): void {
  if (before === undefined) shell.state.variables.delete(name);
  else shell.state.variables.set(name, before);
}

function trace(shell: Shell, assignments: readonly ExpandedAssignment[], words: readonly string[]): void {
  if (!shell.state.options.has("xtrace")) return;
  const prefix = readVariable(shell.state, "PS4") ?? "+ ";
  const assigned = assignments.map(({ name, value }) => `${name}=${quote(String(value))}`);
  write(shell, 2, `${prefix}${[...assigned, ...words.map(quote)].join(" ")}\n`);
}

/** Runs with the assignments exported, and takes them back. */
async function withAssignments(
  shell: Shell,
  assignments: readonly ExpandedAssignment[],
  run: () => Promise<number>,
): Promise<number> {
  const before = assignments.map(({ name }) => ({ name, before: shell.state.variables.get(name) }));
  for (const { name, value } of assignments) setVariable(shell.state, name, value, { exported: true });
  try {
    return await run();
  } finally {
    for (const saved of before.reverse()) restore(shell, saved.name, saved.before);
  }
}

export async function dispatch(
  shell: Shell,
  words: readonly string[],
  assignments: readonly ExpandedAssignment[],
  options: { readonly functions?: boolean } = {},
): Promise<number> {
  const { state } = shell;
  const [name, ...args] = words as [string, ...string[]];
  const special = SPECIAL_BUILTINS.has(name);
  if (special) {
    // POSIX 2.14: assignments before a special builtin stay.
    for (const assignment of assignments) setVariable(state, assignment.name, assignment.value);
  }
  const definition = options.functions === false || special ? undefined : state.functions.get(name);
  if (definition !== undefined) {
    return withAssignments(shell, assignments, () => callFunction(shell, definition, args));
  }
  const builtin = BUILTINS.get(name);
  if (builtin !== undefined && (builtin.dialect === undefined || builtin.dialect === state.dialect)) {
    return withAssignments(shell, special ? [] : assignments, async () => builtin.run(shell, args));
  }
  return withAssignments(shell, assignments, () =>
    shell.host.execute(shell, { words, environment: exportedVariables(state) }),
  );
}

async function callFunction(
  shell: Shell,
  definition: FunctionDefinition,
  args: readonly string[],
): Promise<number> {
  const { state } = shell;
  if (state.callDepth >= MAX_CALL_DEPTH)
    throw new ShellError(`${definition.name}: maximum function nesting exceeded`, 2, true);
  const { positional, loopDepth } = state;
  const frame = new Map<string, Variable | undefined>();
  state.localFrames.push(frame);
  state.positional = args;
  state.callDepth++;
  state.loopDepth = 0;
  try {
    return await withRedirections(shell, definition.redirections, () => runCommand(shell, definition.body));
  } catch (error) {
    if (error instanceof ReturnSignal) return error.status;
    throw error;
  } finally {
    state.positional = positional;
    state.callDepth--;
    state.loopDepth = loopDepth;
    state.localFrames.pop();
    for (const [name, before] of frame) restore(shell, name, before);
  }
}

/** `.` and `source`: a file's commands in this shell. */
export async function sourceText(shell: Shell, text: string, args: readonly string[]): Promise<number> {
  const { state } = shell;
  const { positional } = state;
  if (args.length > 0) state.positional = args;
  try {
    return await runText(shell, text);
  } catch (error) {
    if (error instanceof ReturnSignal) return error.status;
    throw error;
  } finally {
    state.positional = positional;
  }
}
