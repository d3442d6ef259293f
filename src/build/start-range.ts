import type { CmdInstruction, Dockerfile, EntrypointInstruction, Stage } from "../dockerfile/types.ts";
import { BoxwrightError } from "../errors/index.ts";
import { resolveBase } from "./references.ts";

/**
 * Failures of the image's command appear only when the component is made; this places them at the instruction
 * that wrote the command. ENTRYPOINT comes before CMD: it is what is executed.
 */
export function placeStartFailure(error: unknown, dockerfile: Dockerfile, target: Stage): unknown {
  if (!(error instanceof BoxwrightError) || !error.code.startsWith("START_")) return error;
  const instruction = findCommand(dockerfile, target, "ENTRYPOINT") ?? findCommand(dockerfile, target, "CMD");
  return instruction === undefined ? error : error.at(instruction.range);
}

function findCommand(
  dockerfile: Dockerfile,
  stage: Stage,
  kind: "CMD" | "ENTRYPOINT",
): CmdInstruction | EntrypointInstruction | undefined {
  const own = stage.instructions.findLast((instruction) => instruction.kind === kind);
  if (own !== undefined) return own as CmdInstruction | EntrypointInstruction;
  const base = resolveBase(stage.from.image, dockerfile.stages, stage.index, {});
  const parent = base.kind === "stage" ? dockerfile.stages[base.index] : undefined;
  return parent === undefined ? undefined : findCommand(dockerfile, parent, kind);
}
