import type { RuntimeManifest } from "../component/types.ts";
import type { WorkingTree } from "../filesystem/types.ts";
import { runCommandByName } from "./commands/index.ts";
import { type Channel, drain, NULL_CHANNEL } from "./guest/channel.ts";
import { type Program, resolveProgram } from "./programs.ts";
import { messageOf } from "./shell/messages.ts";
import { absolutePath } from "./shell/paths.ts";
import { type ProgramCall, runShell, type Shell, say } from "./shell/shell.ts";
import {
  copyState,
  type Dialect,
  OPTION_LETTERS,
  type OptionName,
  type ShellState,
  type Variable,
} from "./shell/state.ts";

/** What kept a step's command from running: named in the error if the step fails. */
export type Problem =
  | { readonly kind: "missing"; readonly name: string }
  | { readonly kind: "foreign"; readonly path: string; readonly format: string };

export interface GuestCall {
  /** argv, argv[0] being the name that the guest was called by. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly umask: number;
  readonly streams: readonly [Channel, Channel, Channel];
}

export interface ExecuteOptions {
  readonly tree: WorkingTree;
  readonly guestPaths: RuntimeManifest["guestPaths"];
  readonly runGuest: (call: GuestCall) => number;
  readonly recordProblem: (problem: Problem) => void;
}

/** Linux follows this many interpreters (fs/exec.c). */
const MAX_INTERPRETERS = 4;
const MAX_SCRIPT = 64 * 1024 * 1024;

export type Execute = (shell: Shell, call: ProgramCall) => Promise<number>;

/** The `execve` of the build shell: guests, scripts, shells, and the commands that are built in. */
export function createExecute(options: ExecuteOptions): Execute {
  const { tree, guestPaths } = options;

  async function execute(shell: Shell, call: ProgramCall, depth = 0): Promise<number> {
    const { state } = shell;
    const [name, ...args] = call.words as [string, ...string[]];
    const program: Program = resolveProgram(
      {
        tree,
        guestPaths,
        workingDirectory: state.workingDirectory,
        searchPath: call.environment["PATH"] ?? "",
      },
      name,
    );
    switch (program.kind) {
      case "missing":
        return shell.reportMissing(name);
      case "denied":
        say(shell, `${name}: ${program.reason}\n`);
        return 126;
      case "foreign":
        options.recordProblem({ kind: "foreign", path: program.path, format: program.format });
        say(shell, `${name}: cannot execute binary file: Exec format error\n`);
        return 126;
      case "command":
        return runCommandByName(shell, program.name, args, call.environment);
      case "shell":
        return runShellProgram(shell, program.dialect, call);
      case "text":
        return runShellFile(shell, state.dialect, program.path, program.path, args, call.environment, []);
      case "guest":
        // The interpreter finds itself by argv[0]; with a bare name it would look for execute bits,
        // which preview 1 does not show.
        return options.runGuest({
          words: name.includes("/") ? call.words : [program.path, ...args],
          environment: call.environment,
          workingDirectory: state.workingDirectory,
          umask: state.umask,
          streams: [0, 1, 2].map((fd) => state.descriptors.get(fd) ?? NULL_CHANNEL) as [
            Channel,
            Channel,
            Channel,
          ],
        });
      case "script": {
        if (depth >= MAX_INTERPRETERS) {
          say(shell, `${name}: Too many levels of interpreters\n`);
          return 126;
        }
        const { interpreter, argument, path } = program;
        const script = name.includes("/") ? name : path;
        const words = [interpreter, ...(argument === undefined ? [] : [argument]), script, ...args];
        return execute(shell, { ...call, words }, depth + 1);
      }
    }
  }

  /** `sh [-options] [-c script [name]] [file] [args]` */
  async function runShellProgram(shell: Shell, dialect: Dialect, call: ProgramCall): Promise<number> {
    const [name, ...args] = call.words as [string, ...string[]];
    const enabled: OptionName[] = [];
    let command = false;
    let at = 0;
    for (; at < args.length && /^[-+]./.test(args[at]!); at++) {
      const word = args[at]!;
      if (word === "--") {
        at++;
        break;
      }
      // bash's long options choose start-up files and the like: there are none.
      if (word.startsWith("--")) continue;
      for (const letter of word.slice(1)) {
        const option = (OPTION_LETTERS as Record<string, OptionName>)[letter];
        if (letter === "c") command = true;
        else if (letter === "o") enabled.push(args[++at] as OptionName);
        else if (letter === "l" || letter === "s") continue;
        else if (option !== undefined) enabled.push(option);
        else {
          say(shell, `${name}: Illegal option -${letter}\n`);
          return 2;
        }
      }
    }
    const rest = args.slice(at);
    if (command) {
      const [text, scriptName = name, ...positional] = rest;
      if (text === undefined) {
        say(shell, `${name}: -c requires an argument\n`);
        return 2;
      }
      return start(
        shell,
        { dialect, name: scriptName, positional, environment: call.environment, options: enabled },
        text,
      );
    }
    const [file, ...positional] = rest;
    if (file === undefined) {
      const input = shell.state.descriptors.get(0);
      const text = input === undefined ? "" : new TextDecoder().decode(drain(input, MAX_SCRIPT));
      return start(
        shell,
        { dialect, name, positional: [], environment: call.environment, options: enabled },
        text,
      );
    }
    const path = absolutePath(shell.state.workingDirectory, file);
    return runShellFile(shell, dialect, file, path, positional, call.environment, enabled);
  }

  async function runShellFile(
    shell: Shell,
    dialect: Dialect,
    name: string,
    path: string,
    positional: readonly string[],
    environment: Readonly<Record<string, string>>,
    enabled: readonly OptionName[],
  ): Promise<number> {
    let text: string;
    try {
      text = new TextDecoder().decode(tree.readFile(path));
    } catch (error) {
      say(shell, `0: cannot open ${name}: ${messageOf(error)}\n`);
      return 2;
    }
    return start(shell, { dialect, name, positional, environment, options: enabled }, text);
  }

  return execute;
}

export interface ShellStart {
  readonly dialect: Dialect;
  readonly name: string;
  readonly positional: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly options: readonly OptionName[];
}

function start(shell: Shell, begin: ShellStart, text: string): Promise<number> {
  const state = copyState(shell.state);
  return runShell(
    shell.host,
    { ...freshState(begin, state.workingDirectory, state.umask, state.descriptors) },
    text,
  );
}

/** The state of a shell that has just been started. */
export function freshState(
  begin: ShellStart,
  workingDirectory: string,
  umask: number,
  descriptors: Map<number, Channel>,
): ShellState {
  const variables = new Map<string, Variable>();
  for (const [name, value] of Object.entries(begin.environment)) {
    variables.set(name, { value, exported: true, readOnly: false });
  }
  variables.set("IFS", { value: " \t\n", exported: false, readOnly: false });
  variables.set("OPTIND", { value: "1", exported: false, readOnly: false });
  variables.set("PWD", { value: workingDirectory, exported: variables.has("PWD"), readOnly: false });
  if (begin.dialect === "bash") {
    variables.set("BASH_VERSION", { value: "5.2.15(1)-release", exported: false, readOnly: false });
    variables.set("BASH", { value: "/bin/bash", exported: false, readOnly: false });
  }
  return {
    dialect: begin.dialect,
    variables,
    functions: new Map(),
    options: new Set(begin.options),
    traps: new Map(),
    descriptors,
    localFrames: [],
    name: begin.name,
    positional: begin.positional,
    workingDirectory,
    umask,
    status: 0,
    substitutionStatus: 0,
    line: 1,
    errexitSuspended: 0,
    loopDepth: 0,
    callDepth: 0,
    optionOffset: 0,
  };
}
