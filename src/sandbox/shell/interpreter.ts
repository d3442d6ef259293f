import { collector, inputFrom } from "../guest/channel.ts";
import { evaluateConditional } from "./conditional.ts";
import { expandArithmetic, expandFields, expandToPattern, expandToString } from "./expand.ts";
import { matchesPattern } from "./pattern.ts";
import { applyRedirections } from "./redirect.ts";
import { type Shell, say, subshell } from "./shell.ts";
import { LoopSignal, ShellError, ShellExit } from "./signals.ts";
import { runSimpleCommand } from "./simple-command.ts";
import { setVariable } from "./state.ts";
import type { Command, CommandOf, CompoundCommand, Pipeline, Redirection, Statement } from "./syntax.ts";

/** What one pipe or substitution may hold at a time: the commands of a pipeline run one after another. */
export const PIPE_LIMIT = 512 * 1024 * 1024;

export async function runStatements(shell: Shell, statements: readonly Statement[]): Promise<number> {
  let status = 0;
  for (const statement of statements) status = await runStatement(shell, statement);
  return status;
}

async function runStatement(shell: Shell, statement: Statement): Promise<number> {
  const { state } = shell;
  if (statement.deferredError !== undefined) {
    throw new ShellError(`syntax error: ${statement.deferredError.message}`, 2, true);
  }
  if (state.options.has("noexec")) return 0;
  // A job in the background: run at once, which differs from a real one only in when its output comes.
  if (statement.background) {
    await runIsolated(shell, (copy) => runList(copy, statement));
    state.status = 0;
    return 0;
  }
  return runList(shell, statement);
}

/** `a && b || c`. All but the last pipeline may fail without -e striking (POSIX, set -e). */
async function runList(shell: Shell, { pipelines, operators }: Statement): Promise<number> {
  const { state } = shell;
  let status = 0;
  for (const [index, pipeline] of pipelines.entries()) {
    const operator = index === 0 ? ";" : operators[index - 1];
    if ((operator === "&&" && status !== 0) || (operator === "||" && status === 0)) continue;
    const last = index === pipelines.length - 1;
    status = await (last && !pipeline.negated
      ? runPipeline(shell, pipeline)
      : suspendErrexit(shell, () => runPipeline(shell, pipeline)));
    state.status = status;
  }
  return status;
}

/** Runs what is tested: its failures do not end the shell. */
async function suspendErrexit(shell: Shell, run: () => Promise<number>): Promise<number> {
  shell.state.errexitSuspended++;
  try {
    return await run();
  } finally {
    shell.state.errexitSuspended--;
  }
}

/** Runs in a subshell environment and returns its exit status. */
export async function runIsolated(shell: Shell, run: (copy: Shell) => Promise<number>): Promise<number> {
  const copy = subshell(shell);
  try {
    const status = await run(copy);
    return await copy.runExitTrap(status);
  } catch (error) {
    if (error instanceof ShellExit) return copy.runExitTrap(error.status);
    if (error instanceof LoopSignal) return 0;
    if (error instanceof ShellError) {
      say(copy, `${error.message}\n`);
      return error.status;
    }
    throw error;
  }
}

async function runPipeline(shell: Shell, pipeline: Pipeline): Promise<number> {
  const { state } = shell;
  const { commands, negated } = pipeline;
  let status: number;
  if (commands.length === 1) status = await runCommand(shell, commands[0]!);
  else status = await runPiped(shell, pipeline);
  if (negated) return status === 0 ? 1 : 0;
  const compound = commands.length === 1 && exemptFromErrexit(commands[0]!);
  if (status !== 0 && !compound && state.options.has("errexit") && state.errexitSuspended === 0) {
    throw new ShellExit(status);
  }
  return status;
}

/** -e has already looked at what these ran (POSIX, set -e: compound commands other than subshells). */
function exemptFromErrexit({ type }: Command): boolean {
  return !["SimpleCommand", "Subshell", "ArithmeticCommand", "ConditionalCommand"].includes(type);
}

async function runPiped(shell: Shell, { commands, pipeStderr }: Pipeline): Promise<number> {
  const { state } = shell;
  const statuses: number[] = [];
  let input = state.descriptors.get(0);
  for (const [index, command] of commands.entries()) {
    const last = index === commands.length - 1;
    const pipe = last ? undefined : collector(PIPE_LIMIT);
    const status = await runIsolated(shell, (copy) => {
      if (input !== undefined) copy.state.descriptors.set(0, input);
      if (pipe !== undefined) {
        copy.state.descriptors.set(1, pipe);
        if (pipeStderr?.[index] === true) copy.state.descriptors.set(2, pipe);
      }
      return runCommand(copy, command);
    });
    statuses.push(status);
    if (pipe !== undefined) input = inputFrom(pipe.bytes());
  }
  if (state.options.has("pipefail")) return statuses.findLast((status) => status !== 0) ?? 0;
  return statuses.at(-1)!;
}

export async function runCommand(shell: Shell, command: Command): Promise<number> {
  if ("line" in command && command.line !== undefined) shell.state.line = command.line;
  if (command.type === "SimpleCommand") return runSimpleCommand(shell, command);
  if (command.type === "FunctionDef") {
    shell.state.functions.set(command.name, command);
    return 0;
  }
  return withRedirections(shell, command.redirections, () => runCompound(shell, command));
}

/** Runs with redirections in force, and puts the descriptors back. A redirection that fails gives its status. */
export async function withRedirections(
  shell: Shell,
  redirections: readonly Redirection[],
  run: () => Promise<number>,
): Promise<number> {
  if (redirections.length === 0) return run();
  const { state } = shell;
  const saved = new Map(state.descriptors);
  const restore = () => {
    state.descriptors.clear();
    for (const [fd, channel] of saved) state.descriptors.set(fd, channel);
  };
  let opened: Awaited<ReturnType<typeof applyRedirections>>;
  try {
    opened = await applyRedirections(shell.expander, state.descriptors, redirections);
  } catch (error) {
    restore();
    if (!(error instanceof ShellError) || error.fatal) throw error;
    say(shell, `${error.message}\n`);
    return error.status;
  }
  try {
    return await run();
  } finally {
    restore();
    for (const channel of opened) channel.close();
  }
}

async function runCompound(shell: Shell, command: CompoundCommand): Promise<number> {
  switch (command.type) {
    case "Group":
      return runStatements(shell, command.body);
    case "Subshell":
      return runIsolated(shell, (copy) => runStatements(copy, command.body));
    case "If":
      return runIf(shell, command);
    case "While":
    case "Until":
      return runWhile(shell, command);
    case "For":
      return runFor(shell, command);
    case "CStyleFor":
      return runCStyleFor(shell, command);
    case "Case":
      return runCase(shell, command);
    case "ArithmeticCommand": {
      const value = await expandArithmetic(shell.expander, command.expression.originalText ?? "0");
      return value === "0" ? 1 : 0;
    }
    case "ConditionalCommand":
      if (shell.state.dialect === "sh") return shell.reportMissing("[[");
      return (await evaluateConditional(shell, command.expression)) ? 0 : 1;
  }
}

async function runIf(shell: Shell, { clauses, elseBody }: CommandOf<"If">): Promise<number> {
  for (const { condition, body } of clauses) {
    if ((await suspendErrexit(shell, () => runStatements(shell, condition))) === 0) {
      return runStatements(shell, body);
    }
  }
  return elseBody === null ? 0 : runStatements(shell, elseBody);
}

/** Runs a loop's body once. Returns false when `break` ends the loop. */
async function runBody(shell: Shell, body: readonly Statement[]): Promise<{ go: boolean; status: number }> {
  const { state } = shell;
  state.loopDepth++;
  try {
    return { go: true, status: await runStatements(shell, body) };
  } catch (error) {
    if (!(error instanceof LoopSignal)) throw error;
    if (error.levels > 1 && state.loopDepth > 1) throw new LoopSignal(error.action, error.levels - 1);
    return { go: error.action === "continue", status: 0 };
  } finally {
    state.loopDepth--;
  }
}

async function runWhile(shell: Shell, command: CommandOf<"While"> | CommandOf<"Until">): Promise<number> {
  let status = 0;
  for (;;) {
    const tested = await suspendErrexit(shell, () => runStatements(shell, command.condition));
    if ((tested === 0) !== (command.type === "While")) return status;
    const result = await runBody(shell, command.body);
    ({ status } = result);
    if (!result.go) return status;
    await shell.breathe();
  }
}

async function runFor(shell: Shell, { variable, words, body }: CommandOf<"For">): Promise<number> {
  const { state, expander } = shell;
  const values: string[] = words === null ? [...state.positional] : [];
  for (const word of words ?? []) values.push(...(await expandFields(expander, word)));
  let status = 0;
  for (const value of values) {
    setVariable(state, variable, value);
    const result = await runBody(shell, body);
    ({ status } = result);
    if (!result.go) break;
  }
  return status;
}

async function runCStyleFor(shell: Shell, command: CommandOf<"CStyleFor">): Promise<number> {
  const evaluate = (node: CommandOf<"CStyleFor">["init"]) =>
    node === null ? Promise.resolve("1") : expandArithmetic(shell.expander, node.originalText ?? "0");
  await evaluate(command.init);
  let status = 0;
  for (; (await evaluate(command.condition)) !== "0"; await evaluate(command.update)) {
    const result = await runBody(shell, command.body);
    ({ status } = result);
    if (!result.go) break;
    await shell.breathe();
  }
  return status;
}

async function runCase(shell: Shell, { word, items }: CommandOf<"Case">): Promise<number> {
  const { expander } = shell;
  const subject = await expandToString(expander, word);
  let status = 0;
  let fallThrough = false;
  for (const { patterns, body, terminator } of items) {
    let matches = fallThrough;
    for (const pattern of patterns) {
      matches ||= matchesPattern(await expandToPattern(expander, pattern), subject);
    }
    if (!matches) continue;
    status = await runStatements(shell, body);
    if (terminator === ";;") return status;
    fallThrough = terminator === ";&";
  }
  return status;
}
