import { parsePlatform, parseTrigger } from "../dockerfile/index.ts";
import type { Stage, StageInstruction } from "../dockerfile/types.ts";
import { emptyBaseName } from "../errors/build.ts";
import { BoxwrightError, type SourceRange } from "../errors/index.ts";
import { applyCopy } from "./instructions/copy.ts";
import { applyRun } from "./instructions/run.ts";
import { applySettings } from "./instructions/settings.ts";
import { applyWorkdir } from "./instructions/workdir.ts";
import { isFiltered, resolveBase, type SourceReference } from "./references.ts";
import { reportStep, type Session } from "./session.ts";
import type { StageState } from "./state.ts";
import type { StepName } from "./types.ts";
import { declareArguments, expand } from "./variables.ts";

interface PlannedInstruction {
  readonly instruction: StageInstruction;
  /** Where its failures are shown: for a trigger of the base image, at FROM. */
  readonly range: SourceRange;
  readonly isTrigger: boolean;
}

/** Builds a stage: FROM, the triggers of its base, then its own instructions. */
export async function buildStage(shared: Session, stage: Stage): Promise<StageState> {
  const filtered = isFiltered(shared.options.noCacheFilter ?? [], stage);
  const session = filtered ? { ...shared, steps: shared.steps.afresh() } : shared;
  const { from } = stage;
  const { reference, platform, image } = located(from.range, () => resolveFromInstruction(session, stage));
  const naming = createNaming(session, stage);
  const base = await placed(from.range, () =>
    reportStep(session, naming(0, `FROM ${image}`), async (start) => {
      const isReady = reference.kind === "stage" || reference.kind === "scratch";
      if (!isReady) start();
      return { value: await session.base(reference, platform), cached: isReady };
    }),
  );
  const triggers = (base.settings.OnBuild ?? []).map((text) => ({
    instruction: located(from.range, () => parseTrigger(text, session.dockerfile.escape)),
    range: from.range,
    isTrigger: true,
  }));
  const own = stage.instructions.map((instruction) => ({
    instruction,
    range: instruction.range,
    isTrigger: false,
  }));
  const { OnBuild: _, ...settings } = base.settings;
  let state: StageState = { ...base, settings, commandSet: false };
  const planned: readonly PlannedInstruction[] = [...triggers, ...own];
  const total = planned.filter(({ instruction }) => makesLayer(instruction)).length;
  let number = 0;
  for (const { instruction, range, isTrigger } of planned) {
    session.signal.throwIfAborted();
    if (makesLayer(instruction)) number++;
    const label = `${isTrigger ? "ONBUILD " : ""}${instruction.source}`;
    const step = naming(number, label, total);
    const before = state;
    state = await placed(range, () => applyInstruction(session, stage, before, instruction, step));
  }
  return state;
}

function resolveFromInstruction(session: Session, stage: Stage) {
  const { from } = stage;
  const image = expand(from.image, session.globals, session.dockerfile, from.range);
  if (image === "") throw emptyBaseName();
  const platformText =
    from.platform === undefined ? "" : expand(from.platform, session.globals, session.dockerfile, from.range);
  const platform = platformText === "" ? session.platform : parsePlatform(platformText);
  const contexts = session.options.buildContexts ?? {};
  const reference: SourceReference = resolveBase(image, session.dockerfile.stages, stage.index, contexts);
  return { reference, platform, image };
}

async function applyInstruction(
  session: Session,
  stage: Stage,
  state: StageState,
  instruction: StageInstruction,
  step: StepName,
): Promise<StageState> {
  const { dockerfile } = session;
  const expandWith = (word: string, variables: ReadonlyMap<string, string>) =>
    expand(word, variables, dockerfile, instruction.range);
  const expandHere = (word: string) => expandWith(word, state.variables);
  switch (instruction.kind) {
    case "ARG":
      return declareArguments(
        state,
        instruction,
        session.options.buildArguments ?? {},
        session.globals,
        expandWith,
      );
    case "WORKDIR":
    case "COPY":
    case "ADD":
    case "RUN":
      return reportStep(session, step, async (start) => {
        const { state: next, outcome } =
          instruction.kind === "WORKDIR"
            ? await applyWorkdir(session, state, instruction, expandHere, start)
            : instruction.kind === "RUN"
              ? await applyRun(session, stage.index, state, instruction, expandHere, {
                  start,
                  onOutput: (stream, text) => session.emit({ kind: "log", step, stream, text }),
                })
              : await applyCopy(session, stage.index, state, instruction, expandHere, start);
        session.journal.add(outcome);
        return { value: next, cached: outcome.cached };
      });
    default:
      return applySettings(state, instruction, expandHere);
  }
}

const makesLayer = ({ kind }: StageInstruction) =>
  kind === "RUN" || kind === "COPY" || kind === "ADD" || kind === "WORKDIR";

/** `[stage 2/5] COPY . .`, numbered as BuildKit does: FROM is the first of the steps that can make a layer. */
function createNaming(session: Session, stage: Stage) {
  const isOnly = session.dockerfile.stages.length === 1;
  const prefix = stage.name ?? (isOnly ? "" : `stage-${stage.index}`);
  const ownTotal = stage.instructions.filter(makesLayer).length;
  return (number: number, text: string, total = ownTotal): StepName => {
    const width = String(total + 1).length;
    const count = `${String(number + 1).padStart(width)}/${total + 1}`;
    return {
      id: `${stage.index}.${number}`,
      name: `[${prefix === "" ? "" : `${prefix} `}${count}] ${text}`,
    };
  };
}

/** Places an error that has no place in the Dockerfile yet. */
async function placed<T>(range: SourceRange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof BoxwrightError ? error.at(range) : error;
  }
}

function located<T>(range: SourceRange, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof BoxwrightError ? error.at(range) : error;
  }
}
