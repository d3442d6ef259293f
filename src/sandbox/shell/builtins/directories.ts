import { messageOf } from "../messages.ts";
import { absolutePath, normalize } from "../paths.ts";
import { type Shell, say, write } from "../shell.ts";
import { readVariable, setVariable } from "../state.ts";
import type { Builtin } from "./types.ts";

function enter(shell: Shell, path: string, physical: boolean): void {
  const { state, tree } = shell;
  const target = absolutePath(state.workingDirectory, path);
  const inode = tree.resolve(target);
  // pathOf fails for what is no directory, with the name that cd reports.
  const real = tree.pathOf(inode);
  setVariable(state, "OLDPWD", state.workingDirectory, { exported: true });
  state.workingDirectory = physical ? real : normalize(target);
  setVariable(state, "PWD", state.workingDirectory, { exported: true });
}

function cd(shell: Shell, args: readonly string[]): number {
  const { state } = shell;
  const operands = args.filter((arg) => !/^-[LPe@]+$/.test(arg) && arg !== "--");
  const physical = args.includes("-P");
  const [operand = readVariable(state, "HOME") ?? ""] = operands;
  const back = operand === "-";
  const target = back ? (readVariable(state, "OLDPWD") ?? "") : operand;
  if (target === "") {
    if (operands.length > 0 && !back) return 0;
    say(shell, `cd: ${back ? "OLDPWD" : "HOME"} not set\n`);
    return 2;
  }
  const searched = /^(\.{0,2}\/|\.{1,2}$)/.test(target)
    ? []
    : (readVariable(state, "CDPATH") ?? "").split(":").filter((path) => path !== "");
  for (const prefix of searched) {
    try {
      enter(shell, `${prefix}/${target}`, physical);
      write(shell, 1, `${state.workingDirectory}\n`);
      return 0;
    } catch (error) {
      messageOf(error);
    }
  }
  try {
    enter(shell, target, physical);
  } catch (error) {
    const message = messageOf(error);
    say(shell, state.dialect === "bash" ? `cd: ${target}: ${message}\n` : `cd: can't cd to ${target}\n`);
    return state.dialect === "bash" ? 1 : 2;
  }
  if (back) write(shell, 1, `${state.workingDirectory}\n`);
  return 0;
}

function pwd(shell: Shell, args: readonly string[]): number {
  const { state, tree } = shell;
  const physical = args.includes("-P");
  const path = physical ? tree.pathOf(tree.resolve(state.workingDirectory)) : state.workingDirectory;
  write(shell, 1, `${path}\n`);
  return 0;
}

function umask(shell: Shell, args: readonly string[]): number {
  const { state } = shell;
  const value = args.find((arg) => !arg.startsWith("-"));
  if (value === undefined) {
    write(shell, 1, `${state.umask.toString(8).padStart(4, "0")}\n`);
    return 0;
  }
  if (!/^[0-7]{1,4}$/.test(value)) {
    say(shell, `umask: Illegal number: ${value}\n`);
    return 2;
  }
  state.umask = Number.parseInt(value, 8) & 0o777;
  return 0;
}

export const DIRECTORIES = {
  cd: { run: cd },
  pwd: { run: pwd },
  umask: { run: umask },
} satisfies Record<string, Builtin>;
