/** Lint: BuildKit's rules, and what will not run in WebAssembly. */
import { invalidCheckDirective, lintViolation } from "../../errors/dockerfile.ts";
import { BoxwrightError, type SourceRange } from "../../errors/index.ts";
import type { Dockerfile, Lint, Stage } from "../types.ts";
import { parsePlatform } from "../values/platform.ts";
import type { LintOptions, LintReport } from "./context.ts";
import { type CheckOptions, parseCheckOptions } from "./options.ts";
import { Reporter } from "./reporter.ts";
import { checkDefaultBases, checkFrom, globalEnvironment, predefinedArguments } from "./stages.ts";
import { checkText } from "./text-rules.ts";
import { type StageState, StageWalk } from "./walk.ts";
import { checkWasm, checkWasmBase } from "./wasm-rules.ts";

export type { KnownBase, LintOptions, LintReport } from "./context.ts";
export { type LintRule, lintRules } from "./rules.ts";

/**
 * Looks for what a Dockerfile should not do. Nothing is built or fetched: what the caller knows of base images
 * and of .dockerignore comes through the options. Throws INVALID_CHECK_DIRECTIVE and INVALID_PLATFORM (of the
 * options) only; a fault that would stop the build is in the report.
 */
export function lint(dockerfile: Dockerfile, options: LintOptions = {}): LintReport {
  const check = checkOptions(dockerfile, options);
  const reporter = new Reporter(check);
  let error: BoxwrightError | undefined;
  const onError = (thrown: unknown, range: SourceRange) => {
    if (!(thrown instanceof BoxwrightError)) throw thrown;
    error ??= thrown.at(range);
  };
  checkText(dockerfile, reporter);
  const last = dockerfile.stages.at(-1);
  const target = findTarget(dockerfile, options.target);
  const predefined = predefinedArguments(
    parsePlatform(options.platform ?? "linux/amd64"),
    options.target ?? last?.name ?? "default",
  );
  checkDefaultBases(dockerfile, predefined, reporter);
  const globals = globalEnvironment(dockerfile, predefined, options.buildArguments ?? {}, onError);
  // What instructions do matters only where they are built.
  const reachable = target === undefined ? dockerfile.stages : needed(target, dockerfile.stages);
  const unheard = new Reporter(check);
  const states: { readonly stage: Stage; readonly state: StageState }[] = [];
  for (const stage of dockerfile.stages) {
    try {
      const within = reporter.within(stage.from.comments);
      const image = checkFrom(stage, dockerfile, globals, options, within);
      const parent = states.findLast((earlier) => earlier.stage.name === image)?.state;
      const isFinal = stage === (target ?? last);
      if (parent === undefined) checkWasmBase(stage, image, isFinal, options, within);
      const state = startState(parent, image, options);
      states.push({ stage, state });
      const walk = new StageWalk(state, globals, options, dockerfile.escape);
      if (reachable.includes(stage)) walkStage(stage, walk, options, reporter, onError);
      else walkStage(stage, walk, options, unheard, () => undefined);
    } catch (thrown) {
      onError(thrown, stage.from.range);
    }
  }
  const lints = inPlace(reporter.found);
  return { lints, fails: check.error && lints.length > 0, error };
}

/** The error that a report with `fails` comes to. */
export function lintError(report: LintReport): BoxwrightError {
  return lintViolation([...new Set(report.lints.map((found) => found.rule))]);
}

function walkStage(
  stage: Stage,
  walk: StageWalk,
  options: LintOptions,
  reporter: Reporter,
  onError: (thrown: unknown, range: SourceRange) => void,
): void {
  for (const instruction of stage.instructions) {
    const within = reporter.within(instruction.comments);
    try {
      walk.visit(instruction, within);
    } catch (thrown) {
      onError(thrown, instruction.range);
    }
    checkWasm(instruction, options, within);
  }
}

function checkOptions(dockerfile: Dockerfile, options: LintOptions): CheckOptions {
  const directive = dockerfile.directives.find(({ name }) => name === "check");
  const parsed = parseCheckOptions(options.check ?? directive?.value ?? "");
  if (typeof parsed !== "string") return parsed;
  const start = { line: 1, column: 0 };
  throw invalidCheckDirective(parsed, directive?.range ?? { start, end: start });
}

/** PATH is set in every stage, whatever the base. */
function startState(parent: StageState | undefined, image: string, options: LintOptions): StageState {
  if (parent !== undefined) {
    return {
      environment: new Map(parent.environment),
      declared: new Set(parent.declared),
      hasWorkdir: parent.hasWorkdir,
      hasShell: parent.hasShell,
    };
  }
  const base = image === "scratch" ? undefined : options.baseImage?.(image);
  const environment = new Map([["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]]);
  for (const pair of base?.environment ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0) environment.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return { environment, declared: new Set(), hasWorkdir: false, hasShell: base?.hasShell ?? false };
}

function findTarget(dockerfile: Dockerfile, target: string | undefined): Stage | undefined {
  if (target === undefined) return undefined;
  const name = target.toLowerCase();
  return (
    dockerfile.stages.findLast((stage) => stage.name === name) ??
    (/^[0-9]{1,6}$/.test(target) ? dockerfile.stages[Number(target)] : undefined)
  );
}

/** The stage and those before it that it copies, mounts or starts from; variables in FROM count for all. */
function needed(target: Stage, stages: readonly Stage[]): readonly Stage[] {
  const found = new Set([target]);
  for (const stage of found) {
    const names = stage.instructions.flatMap((instruction) => {
      if (instruction.kind === "COPY") return [instruction.from];
      return instruction.kind === "RUN" ? instruction.mounts.map((mount) => mount.from) : [];
    });
    for (const earlier of stages.slice(0, stage.index)) {
      const isBase = stage.from.image === earlier.name || stage.from.image.includes("$");
      const isNamed = names.some(
        (name) =>
          name !== undefined && (name.toLowerCase() === earlier.name || name === String(earlier.index)),
      );
      if (isBase || isNamed) found.add(earlier);
    }
  }
  return [...found];
}

const inPlace = (lints: readonly Lint[]): Lint[] =>
  lints.toSorted(
    (a, b) => a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column,
  );
