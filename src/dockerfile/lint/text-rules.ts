/** Rules about how the Dockerfile is written: no variable is looked at. */
import type { Dockerfile, FromInstruction, Instruction, Stage } from "../types.ts";
import type { Reporter } from "./reporter.ts";
import { RULES } from "./rules.ts";

const RESERVED_NAMES: readonly string[] = ["context", "scratch"];

export function checkText(dockerfile: Dockerfile, reporter: Reporter): void {
  for (const line of dockerfile.emptyContinuations) {
    const place = { line, column: 0 };
    reporter.report(RULES.noEmptyContinuation, { start: place, end: place }, "Empty continuation line");
  }
  const stages = dockerfile.stages;
  const all = [
    ...dockerfile.globalArguments,
    ...stages.flatMap((stage) => [stage.from, ...stage.instructions]),
  ];
  for (const instruction of all) checkInstruction(instruction, reporter.within(instruction.comments));
  checkStageNames(stages, reporter);
  checkCasing(stages, reporter);
}

/** The instruction's name as it is written. */
export const keywordOf = (instruction: Instruction) => instruction.source.split(/[\t\v\f\r ]/, 1)[0] ?? "";

function checkInstruction(instruction: Instruction, reporter: Reporter): void {
  switch (instruction.kind) {
    case "MAINTAINER":
      reporter.report(
        RULES.maintainerDeprecated,
        instruction.range,
        "Maintainer instruction is deprecated in favor of using label",
      );
      return;
    case "FROM":
      checkFrom(instruction, reporter);
      if (instruction.stageName !== undefined)
        checkDescription(instruction, [instruction.stageName], reporter);
      return;
    case "ARG":
      checkDescription(
        instruction,
        instruction.arguments.map((argument) => argument.name),
        reporter,
      );
      return;
  }
}

function checkFrom(from: FromInstruction, reporter: Reporter): void {
  if (from.stageName === undefined) return;
  const [keyword, ...words] = from.source.split(/[\t\v\f\r ]+/);
  const name = words.at(-1) ?? "";
  const as = words.at(-2) ?? "";
  if (name !== name.toLowerCase()) {
    reporter.report(RULES.stageNameCasing, from.range, `Stage name '${name}' should be lowercase`);
  }
  const isLower = keyword === keyword?.toLowerCase();
  const isUpper = keyword === keyword?.toUpperCase();
  // A keyword of mixed case is another rule's.
  if ((isLower && as !== as.toLowerCase()) || (!isLower && isUpper && as !== as.toUpperCase())) {
    reporter.report(RULES.fromAsCasing, from.range, `'${as}' and '${keyword}' keywords' casing do not match`);
  }
}

function checkDescription(instruction: Instruction, names: readonly string[], reporter: Reporter): void {
  const last = instruction.comments.at(-1);
  if (last === undefined || names.includes(last.split(" ", 1)[0] ?? "")) return;
  const example = names.length > 1 ? "<arg_key>" : names[0];
  reporter.report(
    RULES.invalidDefinitionDescription,
    instruction.range,
    `Comment for ${instruction.kind} should follow the format: \`# ${example} <description>\``,
  );
}

function checkStageNames(stages: readonly Stage[], reporter: Reporter): void {
  const seen = new Set<string>();
  for (const { name, from } of stages) {
    if (name === undefined) continue;
    if (RESERVED_NAMES.includes(name)) {
      reporter.report(
        RULES.reservedStageName,
        from.range,
        `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`,
      );
    }
    if (seen.has(name)) {
      reporter.report(
        RULES.duplicateStageName,
        from.range,
        `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`,
      );
    }
    seen.add(name);
  }
}

/** Every keyword should be cased as most of those are that are of one case. */
function checkCasing(stages: readonly Stage[], reporter: Reporter): void {
  const instructions = stages.flatMap((stage): Instruction[] => [stage.from, ...stage.instructions]);
  const keywords = instructions.map(keywordOf);
  const lower = keywords.filter((keyword) => keyword === keyword.toLowerCase()).length;
  const upper = keywords.filter((keyword) => keyword === keyword.toUpperCase()).length;
  for (const [index, keyword] of keywords.entries()) {
    const expected = lower > upper ? keyword.toLowerCase() : keyword.toUpperCase();
    if (keyword === expected) continue;
    reporter.report(
      RULES.consistentInstructionCasing,
      instructions[index]!.range,
      `Command '${keyword}' should match the case of the command majority (${lower > upper ? "lowercase" : "uppercase"})`,
    );
  }
}
