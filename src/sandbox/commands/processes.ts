import { drain, NULL_CHANNEL } from "../guest/channel.ts";
import { runIsolated } from "../shell/interpreter.ts";
import { dispatch } from "../shell/simple-command.ts";
import { setVariable } from "../shell/state.ts";
import { parseOptions } from "./options.ts";
import type { CommandCall, CommandRunner } from "./types.ts";

/** Commands that run other commands. */

const MAX_INPUT = 256 * 1024 * 1024;
/** Bytes of one command line, as GNU xargs has it by default. */
const MAX_LINE = 128 * 1024;

/** Runs argv as a program of its own (no shell functions), with this environment. */
export async function runProgram(
  call: CommandCall,
  words: readonly string[],
  change: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly directory?: string;
    readonly closeInput?: boolean;
  } = {},
): Promise<number> {
  return runIsolated(call.shell, async (copy) => {
    const { state } = copy;
    if (change.environment !== undefined) {
      for (const [name, variable] of state.variables) if (variable.exported) state.variables.delete(name);
      for (const [name, value] of Object.entries(change.environment))
        setVariable(state, name, value, { exported: true });
    }
    if (change.directory !== undefined) state.workingDirectory = change.directory;
    if (change.closeInput === true) state.descriptors.set(0, NULL_CHANNEL);
    return dispatch(copy, words, [], { functions: false });
  });
}

const env: CommandRunner = async (call) => {
  const environment: Record<string, string> = { ...call.environment };
  let at = 0;
  let directory: string | undefined;
  const { args } = call;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === "-i" || word === "-" || word === "--ignore-environment") {
      for (const name of Object.keys(environment)) delete environment[name];
    } else if (word === "-u" || word === "--unset") delete environment[args[++at] ?? ""];
    else if (word.startsWith("--unset=")) delete environment[word.slice("--unset=".length)];
    else if (word === "-C" || word === "--chdir") directory = call.path(args[++at] ?? ".");
    else if (word === "-S" || word === "--split-string") {
      const split = (args[at + 1] ?? "").split(/\s+/).filter((part) => part !== "");
      return env({ ...call, args: [...split, ...args.slice(at + 2)], environment });
    } else if (word === "--") {
      at++;
      break;
    } else if (word.startsWith("-")) return call.fail(`unrecognized option '${word}'`);
    else if (/^[^=]+=/s.test(word))
      environment[word.slice(0, word.indexOf("="))] = word.slice(word.indexOf("=") + 1);
    else break;
  }
  const words = args.slice(at);
  if (words.length > 0)
    return runProgram(call, words, { environment, ...(directory === undefined ? {} : { directory }) });
  call.out(
    Object.entries(environment)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  return 0;
};

/** Words of xargs' input: blanks separate, quotes and backslashes protect. */
function inputWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:"[^"\n]*"|'[^'\n]*'|\\[\s\S]|[^\s"'\\])+/g)) {
    words.push(
      match[0].replace(
        /"([^"\n]*)"|'([^'\n]*)'|\\([\s\S])/g,
        (_, double, single, escaped) => double ?? single ?? escaped,
      ),
    );
  }
  return words;
}

const xargs: CommandRunner = async (call) => {
  const { args } = call;
  // Options end at the command's name: what follows is the command's.
  let end = 0;
  const takesValue = "nIdPLas";
  while (end < args.length && /^-./.test(args[end]!) && args[end] !== "--") {
    const word = args[end]!;
    end += !word.startsWith("--") && word.length === 2 && takesValue.includes(word[1]!) ? 2 : 1;
  }
  const { flags, values } = parseOptions("xargs", args.slice(0, end), {
    boolean: "0rtx",
    takesValue,
    long: {
      null: "0",
      "no-run-if-empty": "r",
      "max-args": "n",
      "max-procs": "P",
      delimiter: "d",
      verbose: "t",
      replace: "I",
    },
  });
  const command = args.slice(args[end] === "--" ? end + 1 : end);
  const words = command.length === 0 ? ["echo"] : command;
  const input = call.shell.state.descriptors.get(0);
  const text = input === undefined ? "" : new TextDecoder().decode(drain(input, MAX_INPUT));
  const placeholder = values.get("I");
  const delimiter = flags.has("0") ? "\0" : values.get("d")?.replace("\\n", "\n").replace("\\0", "\0");
  let items: readonly string[];
  if (delimiter !== undefined)
    items = text.split(delimiter).filter((item, index, all) => item !== "" || index < all.length - 1);
  else if (placeholder !== undefined)
    items = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  else items = inputWords(text);
  if (items.length === 0 && (flags.has("r") || placeholder !== undefined)) return 0;

  const perCall =
    placeholder === undefined ? Number(values.get("n") ?? values.get("L") ?? Number.POSITIVE_INFINITY) : 1;
  let status = 0;
  for (const batch of batches(items, perCall)) {
    const argv =
      placeholder === undefined
        ? [...words, ...batch]
        : words.map((word) => word.replaceAll(placeholder, batch[0]!));
    const code = await runProgram(call, argv, { closeInput: true });
    if (code === 255) return 124;
    if (code === 126 || code === 127) return code;
    if (code !== 0) status = 123;
  }
  return status;
};

function* batches(items: readonly string[], perCall: number): Generator<readonly string[]> {
  if (items.length === 0) yield [];
  let batch: string[] = [];
  let size = 0;
  for (const item of items) {
    if (batch.length >= perCall || (size > 0 && size + item.length > MAX_LINE)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(item);
    size += item.length + 1;
  }
  if (batch.length > 0) yield batch;
}

/** Runs the rest of the words: nothing in a build step can be niced, traced or timed out. */
const prefix =
  (skip: (args: readonly string[]) => number): CommandRunner =>
  (call) =>
    runProgram(call, call.args.slice(skip(call.args)));

const optionCount = (args: readonly string[], takesValue: string) => {
  let at = 0;
  while (at < args.length && /^-./.test(args[at]!)) {
    if (args[at] === "--") return at + 1;
    at += args[at]!.length === 2 && takesValue.includes(args[at]![1]!) ? 2 : 1;
  }
  return at;
};

/** `su [-] [user] -c command`: commands of a build step all run as one user. */
const su: CommandRunner = (call) => {
  const { values } = parseOptions("su", call.args, {
    boolean: "lpm",
    takesValue: "cs",
    long: { command: "c", login: "l", shell: "s" },
  });
  const script = values.get("c");
  if (script === undefined) return call.fail("needs -c in a build step");
  return runProgram(call, [values.get("s") ?? "/bin/sh", "-c", script]);
};

export const PROCESSES: Readonly<Record<string, CommandRunner>> = {
  env,
  xargs,
  su,
  timeout: prefix((args) => optionCount(args, "ks") + 1),
  nohup: prefix((args) => optionCount(args, "")),
  nice: prefix((args) => optionCount(args, "n")),
  setsid: prefix((args) => optionCount(args, "")),
  stdbuf: prefix((args) => optionCount(args, "ioe")),
};
