import { startNotExecutable, startNotReducible, startSyntax } from "../errors/component.ts";
import type { InodeNumber } from "../filesystem/types.ts";
import type { ImageSettings } from "../image/types.ts";
import type { ImageFiles } from "./image-files.ts";
import { resolveProgram } from "./resolve-program.ts";
import type { Argument } from "./shell/expand.ts";
import { parseShellInvocation } from "./shell/invocation.ts";
import { reduceShell } from "./shell/reduce.ts";
import { ShellRefusal } from "./shell/types.ts";
import { literalText } from "./shell/words.ts";
import type { Operation, StartProgram, Word } from "./start-program.ts";
import { evaluate, follow, type StaticState } from "./static-state.ts";
import { homeOf } from "./users.ts";

export interface StartInput {
  readonly settings: ImageSettings;
  readonly files: ImageFiles;
  readonly roles: ReadonlyMap<InodeNumber, number>;
  /** The image's environment at start, HOME included. */
  readonly environment: ReadonlyMap<string, string>;
  readonly workingDirectory: string;
}

export interface PlannedStart {
  /** For a run without arguments; empty where the image has no command. */
  readonly start: StartProgram;
  /** For a run with arguments, which take CMD's place. */
  readonly startArguments: StartProgram;
  readonly warnings: readonly string[];
}

/** A script that starts a script that starts …: more is a loop. */
const SHELL_LEVELS = 8;
const SCRIPT_LIMIT = 1024 * 1024;

/**
 * Works out what ENTRYPOINT and CMD come to. Exec forms are taken word by word; what a shell would run is
 * reduced to operations and one program, also where the shell is reached through a script's `#!` line.
 * Throws START_NOT_REDUCIBLE, START_SYNTAX, START_NOT_EXECUTABLE.
 */
export function planStart(input: StartInput): PlannedStart {
  const entrypoint = (input.settings.Entrypoint ?? []).map(asText);
  const command = (input.settings.Cmd ?? []).map(asText);
  const warnings = new Set<string>();
  const plan = (argv: readonly Argument[]) => planCommand(argv, input, (message) => warnings.add(message));
  return {
    start: plan([...entrypoint, ...command]),
    startArguments: plan([...entrypoint, { kind: "rest" }]),
    warnings: [...warnings],
  };
}

function planCommand(
  argv: readonly Argument[],
  input: StartInput,
  warn: (message: string) => void,
): StartProgram {
  const { environment, workingDirectory } = input;
  const initial: StaticState = { environment, workingDirectory };
  const operations: Operation[] = [];
  let words: readonly Word[] = argv.map(asWord);
  let where = "the image's command";
  for (let level = 0; words.length > 0; level++) {
    const known = knownArguments(words);
    const state = follow(initial, operations);
    const next = known === undefined ? stopAt(words, state, input) : shellAt(known, state, input, warn);
    if (next === undefined) return [...operations, { kind: "exec", words }];
    if (known === undefined || level === SHELL_LEVELS) {
      throw startNotReducible(where, "it starts a shell inside a shell", "start the program directly");
    }
    where = next.scriptPath ?? where;
    const reduction = reduce(next, where, state, input, warn);
    operations.push(...reduction.operations);
    if (reduction.exec === undefined) return operations;
    words = reduction.exec.words;
  }
  return operations;
}

interface ShellScript {
  readonly script: string;
  readonly scriptPath: string | undefined;
  readonly positional: readonly Argument[];
  readonly options: Parameters<typeof reduceShell>[0]["options"];
}

/** The script, where a command line ends in a shell; undefined where it ends in something else. */
function shellAt(
  argv: readonly Argument[],
  state: StaticState,
  { files, roles }: StartInput,
  warn: (message: string) => void,
): ShellScript | undefined {
  // The arguments of the run stand at the end; what they are called as is nobody's to know.
  const hasRest = argv.at(-1)?.kind === "rest";
  const texts = argv.flatMap((argument) => (argument.kind === "text" ? [argument.text] : []));
  if (texts.length === 0) return undefined;
  const resolved = resolveProgram(texts, { files, roles, state });
  switch (resolved.kind) {
    case "guest":
    case "unknown":
      return undefined;
    case "missing":
      warn(`the image starts ${resolved.program}, which is not in the image`);
      return undefined;
    case "refused":
      throw startNotExecutable(resolved.program, resolved.why);
    case "shell":
  }
  const invocation = parseShellInvocation(resolved.argv);
  if (invocation.kind === "refused") {
    throw startNotReducible("the image's command", invocation.why, invocation.hint);
  }
  const rest: readonly Argument[] = hasRest ? [{ kind: "rest" }] : [];
  const positional = [...invocation.positional.map(asText), ...rest];
  const { options } = invocation;
  if (invocation.kind === "command") {
    const name = positional.length === 0 ? [asText(resolved.argv[0] ?? "sh")] : positional;
    return { script: invocation.script, scriptPath: resolved.scriptPath, positional: name, options };
  }
  const file = files.find(invocation.path, state.workingDirectory);
  if (file?.inode.kind !== "file") throw startNotExecutable(invocation.path, "it is not in the image");
  const script = new TextDecoder().decode(files.read(file, SCRIPT_LIMIT));
  return { script, scriptPath: invocation.path, positional, options };
}

/** A command line with variables: only whether it names a shell matters here. */
function stopAt(words: readonly Word[], state: StaticState, input: StartInput): ShellScript | undefined {
  const program = evaluate(words[0] ?? [], state.environment);
  if (program === undefined || program === "") return undefined;
  const { files, roles } = input;
  const resolved = resolveProgram([program], { files, roles, state });
  if (resolved.kind === "refused") throw startNotExecutable(resolved.program, resolved.why);
  if (resolved.kind !== "shell") return undefined;
  const hint = "give the script words that need no shell, or start the program directly";
  throw startNotReducible(
    resolved.scriptPath ?? "the image's command",
    "it starts a shell with variables",
    hint,
  );
}

function reduce(
  { script, positional, options, scriptPath }: ShellScript,
  where: string,
  state: StaticState,
  input: StartInput,
  warn: (message: string) => void,
) {
  try {
    return reduceShell(
      { script, positional, options },
      {
        homeOf: (user) => homeOf(user, input.files),
        isExported: (name) => state.environment.has(name),
        cannotFail: (operation, before) => cannotFail(operation, follow(state, before), input.files),
        warn,
      },
    );
  } catch (error) {
    if (!(error instanceof ShellRefusal)) throw error;
    const place = scriptPath === undefined && !script.includes("\n") ? where : `${where} line ${error.line}`;
    if (error.reason === "syntax") throw startSyntax(place, error.message);
    throw startNotReducible(place, error.message, error.hint);
  }
}

/** `cd` into a directory that the image has; `mkdir -p` of one that is there. */
function cannotFail(operation: Operation, state: StaticState, files: ImageFiles): boolean {
  if (operation.kind !== "chdir" && operation.kind !== "mkdir") return true;
  const directory = evaluate(operation.directory, new Map());
  const isLiteral = operation.directory.every(({ kind }) => kind === "literal");
  if (!isLiteral || directory === undefined || state.workingDirectory === undefined) return false;
  return files.find(directory, state.workingDirectory)?.inode.kind === "directory";
}

function knownArguments(words: readonly Word[]): readonly Argument[] | undefined {
  const known: Argument[] = [];
  for (const word of words) {
    const text = literalText(word);
    if (text !== undefined) known.push({ kind: "text", text });
    else if (word[0]?.kind === "arguments") known.push({ kind: "rest" });
    else return undefined;
  }
  // Arguments of the run in the middle leave what follows without a known place.
  return known.slice(0, -1).some(({ kind }) => kind === "rest") ? undefined : known;
}

function asText(text: string): Argument {
  return { kind: "text", text };
}

function asWord(argument: Argument): Word {
  return argument.kind === "rest" ? [{ kind: "arguments" }] : [{ kind: "literal", text: argument.text }];
}
