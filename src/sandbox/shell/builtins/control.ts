import { drain } from "../../guest/channel.ts";
import { messageOf } from "../messages.ts";
import { absolutePath } from "../paths.ts";
import { openPath, READ } from "../redirect.ts";
import { runText, type Shell, write } from "../shell.ts";
import { LoopSignal, ReturnSignal, ShellError, ShellExit } from "../signals.ts";
import { dispatch, sourceText } from "../simple-command.ts";
import { exportedVariables, readVariable } from "../state.ts";
import { BUILTINS } from "./index.ts";
import type { Builtin } from "./types.ts";

/** Bytes of a file that is sourced. */
const MAX_SCRIPT = 64 * 1024 * 1024;
const KEYWORDS = new Set("if then else elif fi for while until do done case esac { } ! in".split(" "));

function statusArgument(shell: Shell, name: string, text: string | undefined): number {
  if (text === undefined) return shell.state.status;
  if (!/^\d+$/.test(text)) throw new ShellError(`${name}: Illegal number: ${text}`, 2, true);
  return Number(text) & 0xff;
}

function loop(shell: Shell, action: "break" | "continue", text = "1"): number {
  const levels = Number(text);
  if (!Number.isInteger(levels) || levels < 1)
    throw new ShellError(`${action}: Illegal number: ${text}`, 2, true);
  if (shell.state.loopDepth > 0) throw new LoopSignal(action, levels);
  return 0;
}

/** `.` searches PATH for a name without a slash (POSIX); bash looks in the directory after that. */
function sourcePath(shell: Shell, name: string): string | undefined {
  const { state, tree } = shell;
  const candidates = name.includes("/")
    ? [name]
    : [
        ...(readVariable(state, "PATH") ?? "").split(":").map((path) => `${path || "."}/${name}`),
        ...(state.dialect === "bash" ? [name] : []),
      ];
  for (const candidate of candidates) {
    const path = absolutePath(state.workingDirectory, candidate);
    try {
      if (tree.stat(tree.resolve(path)).kind !== "directory") return path;
    } catch (error) {
      messageOf(error);
    }
  }
  return undefined;
}

function source(shell: Shell, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) throw new ShellError(".: filename argument required", 2, true);
  const path = sourcePath(shell, name);
  if (path === undefined) {
    const message = name.includes("/") ? `.: cannot open ${name}: No such file` : `.: ${name}: not found`;
    throw new ShellError(message, 2, shell.state.dialect === "sh");
  }
  // Opened as a redirection would: /dev/stdin is the shell's own input.
  const { descriptors, umask } = shell.state;
  const file = openPath(shell.tree, descriptors, path, umask, READ);
  const bytes = drain(file, MAX_SCRIPT);
  file.close();
  return sourceText(shell, new TextDecoder().decode(bytes), rest);
}

async function exec(shell: Shell, args: readonly string[]): Promise<number> {
  const words = args[0] === "--" ? args.slice(1) : args;
  if (words.length === 0) return 0;
  const call = { words, environment: exportedVariables(shell.state) };
  throw new ShellExit(await shell.host.execute(shell, call));
}

function describe(shell: Shell, name: string, verbose: boolean): string | undefined {
  if (KEYWORDS.has(name)) return verbose ? `${name} is a shell keyword` : name;
  if (shell.state.functions.has(name)) return verbose ? `${name} is a shell function` : name;
  if (BUILTINS.has(name)) return verbose ? `${name} is a shell builtin` : name;
  const path = shell.host.find(shell, name);
  return path === undefined || !verbose ? path : `${name} is ${path}`;
}

async function command(shell: Shell, args: readonly string[]): Promise<number> {
  let at = 0;
  let mode = "";
  for (; /^-[pvV]+$/.test(args[at] ?? ""); at++) mode += args[at]!.slice(1);
  if (args[at] === "--") at++;
  const words = args.slice(at);
  if (words.length === 0) return 0;
  if (!/[vV]/.test(mode)) return dispatch(shell, words, [], { functions: false });
  let status = 0;
  for (const name of words) {
    const found = describe(shell, name, mode.includes("V"));
    if (found === undefined) status = 127;
    else write(shell, 1, `${found}\n`);
  }
  return status;
}

function type(shell: Shell, args: readonly string[]): number {
  let status = 0;
  for (const name of args.filter((arg) => !/^-[aptPf]+$/.test(arg))) {
    const found = describe(shell, name, true);
    if (found === undefined) {
      write(shell, 2, `${name}: not found\n`);
      status = 127;
    } else write(shell, 1, `${found}\n`);
  }
  return status;
}

/** Only EXIT can strike in a build step: nothing sends it signals. The others are kept for `trap` to list. */
function trap(shell: Shell, args: readonly string[]): number {
  const { traps } = shell.state;
  if (args.length === 0) {
    for (const [name, action] of traps)
      write(shell, 1, `trap -- '${action.replaceAll("'", "'\\''")}' ${name}\n`);
    return 0;
  }
  const words = args[0] === "--" ? args.slice(1) : args;
  const resets = words.length === 1 || words[0] === "-" || /^\d+$/.test(words[0]!);
  const names = words.length === 1 || /^\d+$/.test(words[0]!) ? words : words.slice(1);
  for (const raw of names) {
    const name = raw === "0" ? "EXIT" : raw.replace(/^SIG/, "");
    if (resets) traps.delete(name);
    else traps.set(name, words[0]!);
  }
  return 0;
}

const nothing = { run: () => 0 } satisfies Builtin;

export const CONTROL = {
  ":": nothing,
  true: nothing,
  false: { run: () => 1 },
  hash: nothing,
  wait: nothing,
  ulimit: nothing,
  times: nothing,
  alias: nothing,
  unalias: nothing,
  shopt: { ...nothing, dialect: "bash" },
  exit: {
    run(shell, [status]) {
      throw new ShellExit(statusArgument(shell, "exit", status));
    },
  },
  return: {
    run(shell, [status]) {
      throw new ReturnSignal(statusArgument(shell, "return", status));
    },
  },
  break: { run: (shell, [levels]) => loop(shell, "break", levels) },
  continue: { run: (shell, [levels]) => loop(shell, "continue", levels) },
  eval: { run: (shell, args) => runText(shell, args.join(" ")) },
  ".": { run: source },
  source: { run: source, dialect: "bash" },
  exec: { run: exec },
  command: { run: command },
  type: { run: type },
  trap: { run: trap },
  let: {
    dialect: "bash",
    async run(shell, args) {
      const { expandArithmetic } = await import("../expand.ts");
      let value = "0";
      for (const expression of args) value = await expandArithmetic(shell.expander, expression);
      return value === "0" ? 1 : 0;
    },
  },
} satisfies Record<string, Builtin>;
