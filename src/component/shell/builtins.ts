import type { Operation, Part, Word } from "../start-program.ts";
import { type Argument, type ExpansionScope, expandField, expandWord } from "./expand.ts";
import { applySetOptions } from "./set-options.ts";
import type { ReducerState } from "./state.ts";
import type { ShellCommand, ShellWord } from "./types.ts";
import { literalText, plainText, refuse, splitAssignment } from "./words.ts";

export interface BuiltinContext {
  readonly command: ShellCommand;
  readonly scope: ExpansionScope;
  readonly state: ReducerState;
}

type Builtin = (operands: readonly ShellWord[], context: BuiltinContext) => void;

/** The builtins that become operations, or nothing. */
export const REDUCED: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [":", () => {}],
  ["true", () => {}],
  ["cd", changeDirectory],
  ["mkdir", makeDirectories],
  ["export", exportVariables],
  ["unset", unsetVariables],
  ["set", setOptions],
]);

function changeDirectory(operands: readonly ShellWord[], { command, scope, state }: BuiltinContext): void {
  const rest = plainText(operands[0] ?? []) === "--" ? operands.slice(1) : operands;
  const first = rest[0] === undefined ? undefined : plainText(rest[0]);
  if (rest.length > 1 || first === "-" || first?.startsWith("-")) {
    throw refuse(command, "options of cd", "give cd one directory");
  }
  const home: ShellWord = [{ kind: "parameter", name: "HOME", quoted: true, operator: "", operand: [] }];
  const directory = oneField(rest[0] ?? home, command, scope);
  pushFallible({ kind: "chdir", directory }, "cd", { command, scope, state });
}

function makeDirectories(operands: readonly ShellWord[], context: BuiltinContext): void {
  const { command, scope } = context;
  const isParents = plainText(operands[0] ?? []) === "-p";
  const rest = operands.slice(plainText(operands[1] ?? []) === "--" ? 2 : 1);
  if (!isParents || rest.length === 0 || rest.some((word) => plainText(word)?.startsWith("-"))) {
    throw refuse(
      command,
      "mkdir without -p, or with other options",
      "make the directory while building (RUN)",
    );
  }
  for (const word of rest) {
    pushFallible({ kind: "mkdir", directory: oneField(word, command, scope) }, "mkdir", context);
  }
}

/** A failing operation ends the start; a script without `&&` or `set -e` would go on. */
function pushFallible(operation: Operation, name: string, { command, state }: BuiltinContext): void {
  const endsStart = command.separator === "&&" || state.options.exitOnError;
  if (!endsStart && !state.world.cannotFail(operation, state.operations)) {
    const hint = `write ${name} … && …, or begin with set -e`;
    throw refuse(command, `${name} whose failure would be ignored`, hint);
  }
  state.operations.push(operation);
}

function exportVariables(operands: readonly ShellWord[], { command, scope, state }: BuiltinContext): void {
  for (const operand of operands) {
    const split = splitAssignment(operand);
    if (split === undefined) {
      const name = plainText(operand);
      if (name === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw refuse(command, "options of export", "write export NAME=value");
      }
      continue;
    }
    state.operations.push({ kind: "set", name: split.name, value: expandWord(split.value, scope, "value") });
  }
}

function unsetVariables(operands: readonly ShellWord[], { command, state }: BuiltinContext): void {
  const rest = plainText(operands[0] ?? []) === "-v" ? operands.slice(1) : operands;
  for (const operand of rest) {
    const name = plainText(operand);
    if (name === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw refuse(command, "options of unset", "write unset NAME");
    }
    state.operations.push({ kind: "unset", name });
  }
}

function setOptions(operands: readonly ShellWord[], { command, scope, state }: BuiltinContext): void {
  const texts = operands.map((operand) => plainText(operand));
  const end = texts.indexOf("--");
  const flags = end < 0 ? texts : texts.slice(0, end);
  const applied = applySetOptions(state.options, flags);
  if (applied === undefined) throw refuse(command, "options of set other than -aefux", "leave them out");
  if (applied.trace && !state.options.trace) {
    state.world.warn("set -x has no effect: a component has no shell that could trace");
  }
  state.options = applied;
  if (end < 0) return;
  const words = operands.slice(end + 1).flatMap((word) => expandField(word, scope));
  state.positional = [...state.positional.slice(0, 1), ...words.map((word) => asArgument(word, command))];
}

function asArgument(word: Word, command: ShellCommand): Argument {
  const [only] = word;
  if (word.length === 1 && only?.kind === "arguments") return { kind: "rest" };
  const text = literalText(word);
  if (text === undefined) throw refuse(command, "variables in set --", 'put them after exec, before "$@"');
  return { kind: "text", text };
}

function oneField(word: ShellWord, command: ShellCommand, scope: ExpansionScope): Word {
  const fields = expandField(word, scope);
  const [only] = fields;
  if (fields.length !== 1 || only === undefined || only.some(({ kind }) => kind === "arguments")) {
    throw refuse(command, "$@ here", "name the directory");
  }
  if (only.length === 1) return [unsplit(only[0]!)];
  if (only.some((part) => part.kind === "variable" && !part.quoted)) {
    throw refuse(command, "an unquoted variable in a directory's name", "put the name in double quotes");
  }
  return only;
}

/** `cd $DIR`: unset or empty, the shell sees no operand and goes home. */
function unsplit(part: Part): Part {
  if (part.kind !== "variable" || part.quoted) return part;
  if (part.operator !== "") return { ...part, quoted: true };
  const home: Part = { kind: "variable", name: "HOME", quoted: true, operator: "", operand: [] };
  return { ...part, quoted: true, operator: ":-", operand: [home] };
}
