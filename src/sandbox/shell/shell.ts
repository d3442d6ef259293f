import type { parse } from "just-bash";
import type { Timestamp, WorkingTree } from "../../filesystem/types.ts";
import { collector } from "../guest/channel.ts";
import type { Expander } from "./expand.ts";
import { PIPE_LIMIT, runIsolated, runStatements } from "./interpreter.ts";
import { LoopSignal, ReturnSignal, ShellError, ShellExit } from "./signals.ts";
import { copyState, exportedVariables, type ShellState } from "./state.ts";
import type { Script, Word } from "./syntax.ts";

/** What the shells of one RUN step share. */
export interface ShellHost {
  readonly tree: WorkingTree;
  readonly parse: typeof parse;
  /** Starts a program that is no builtin or function; returns its exit code. */
  readonly execute: (shell: Shell, call: ProgramCall) => Promise<number>;
  /** Where `command -v name` would find it, or undefined. */
  readonly find: (shell: Shell, name: string) => string | undefined;
  readonly homeOf: (user: string) => string | undefined;
  /** The step's time, which files get: it does not pass. */
  readonly now: () => Timestamp;
  readonly user: { readonly uid: number; readonly gid: number };
  /** Remembers that a command was not there, so that a failing step can say so. */
  readonly recordMissing: (name: string) => void;
}

export interface ProgramCall {
  /** argv, with the name as it was called. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Shell {
  readonly host: ShellHost;
  readonly state: ShellState;
  readonly tree: WorkingTree;
  readonly expander: Expander;
  /** Lets the event loop turn now and then, so that a worker can be told things. */
  readonly breathe: () => Promise<void>;
  readonly runExitTrap: (status: number) => Promise<number>;
  readonly reportMissing: (name: string) => number;
}

/** Loops shorter than this run without a turn of the event loop. */
const BREATH_INTERVAL = 1000;

function createShell(host: ShellHost, state: ShellState): Shell {
  let iterations = 0;
  const shell: Shell = {
    host,
    state,
    tree: host.tree,
    expander: {
      state,
      tree: host.tree,
      homeOf: host.homeOf,
      substitute: (script) => substitute(shell, script),
      parseQuoted: (text) => parseQuoted(host, text),
    },
    async breathe() {
      if (++iterations % BREATH_INTERVAL === 0) await new Promise((resolve) => setImmediate(resolve));
    },
    async runExitTrap(status) {
      const action = state.traps.get("EXIT");
      if (action === undefined || action === "") return status;
      state.traps.delete("EXIT");
      state.status = status;
      try {
        await runText(shell, action);
        return status;
      } catch (error) {
        if (error instanceof ShellExit) return error.status;
        throw error;
      }
    },
    reportMissing(name) {
      host.recordMissing(name);
      say(shell, `${name}: ${state.dialect === "bash" ? "command not found" : "not found"}\n`);
      return 127;
    },
  };
  return shell;
}

export function subshell(shell: Shell): Shell {
  return createShell(shell.host, copyState(shell.state));
}

/** A subshell that speaks bash: the programs of coreutils behave as its builtins of the same name do. */
export function bashSubshell(shell: Shell): Shell {
  return createShell(shell.host, { ...copyState(shell.state), dialect: "bash" });
}

/** A message on the shell's standard error, with the prefix that the dialect gives it. */
export function say(shell: Shell, text: string): void {
  const { state } = shell;
  const place = state.dialect === "bash" ? `line ${state.line}` : String(state.line);
  write(shell, 2, `${state.name}: ${place}: ${text}`);
}

export function write(shell: Shell, fd: number, text: string | Uint8Array): void {
  const channel = shell.state.descriptors.get(fd);
  if (channel === undefined) throw new ShellError("write error: Bad file descriptor", 1);
  let rest = typeof text === "string" ? new TextEncoder().encode(text) : text;
  while (rest.length > 0) rest = rest.subarray(channel.write(rest));
}

async function substitute(shell: Shell, script: Script): Promise<string> {
  const pipe = collector(PIPE_LIMIT);
  shell.state.substitutionStatus = await runIsolated(shell, (copy) => {
    copy.state.descriptors.set(1, pipe);
    return runStatements(copy, script.statements);
  });
  // POSIX 2.6.3; a variable cannot hold NUL, and bytes that are no UTF-8 become U+FFFD.
  return new TextDecoder().decode(pipe.bytes()).replaceAll("\0", "").replace(/\n+$/, "");
}

function parseQuoted(host: ShellHost, text: string): Word {
  const script = host.parse(`: "${text.replaceAll('"', "")}"`);
  const command = script.statements[0]?.pipelines[0]?.commands[0];
  if (command?.type !== "SimpleCommand" || command.args.length !== 1) {
    throw new ShellError(`arithmetic expression: syntax error: "${text}"`, 2, true);
  }
  return command.args[0]!;
}

/** Parses and runs text in this shell. Throws what ends the shell. */
export async function runText(shell: Shell, text: string): Promise<number> {
  let script: Script;
  try {
    script = shell.host.parse(text);
  } catch (error) {
    const message = (error as Error).message.replace(/^Parse error at /, "");
    throw new ShellError(`Syntax error: ${message}`, 2, true);
  }
  return runStatements(shell, script.statements);
}

/** Runs argv as a program, the way an exec form does: no shell reads it. */
export function runCommandLine(
  host: ShellHost,
  state: ShellState,
  words: readonly string[],
): Promise<number> {
  return host.execute(createShell(host, state), { words, environment: exportedVariables(state) });
}

/** Runs a whole script as a shell of its own, to its exit code. */
export async function runShell(host: ShellHost, state: ShellState, text: string): Promise<number> {
  const shell = createShell(host, state);
  let status: number;
  try {
    status = await runText(shell, text);
  } catch (error) {
    if (error instanceof ShellExit || error instanceof ReturnSignal) ({ status } = error);
    else if (error instanceof LoopSignal) status = 0;
    else if (error instanceof ShellError) {
      say(shell, `${error.message}\n`);
      ({ status } = error);
    } else throw error;
  }
  return shell.runExitTrap(status);
}
