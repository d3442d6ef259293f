import type { Dockerfile, Stage } from "../dockerfile/types.ts";
import { stageTooLate, targetUnknown, variableInFrom } from "../errors/build.ts";
import { BoxwrightError, type SourceRange } from "../errors/index.ts";

/** What FROM, COPY --from and RUN --mount=from name. */
export type SourceReference =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  /** `--build-context NAME=value`. */
  | { readonly kind: "named-context"; readonly name: string; readonly value: string }
  | { readonly kind: "image"; readonly reference: string };

type Contexts = Readonly<Record<string, string>>;

/** FROM: a named context, an earlier stage, scratch, or an image. Stage names are told apart by case. */
export function resolveBase(
  name: string,
  stages: readonly Stage[],
  before: number,
  contexts: Contexts,
): SourceReference {
  const value = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (value !== undefined) return { kind: "named-context", name, value };
  const stage = stages.findLast((each) => each.index < before && each.name === name);
  if (stage !== undefined) return { kind: "stage", index: stage.index };
  return name === "scratch" ? { kind: "scratch" } : { kind: "image", reference: name };
}

/**
 * `--from`: as FROM, but stage names ignore case, and a number is a stage's. Throws STAGE_NOT_DEFINED_YET for
 * this stage and later ones, FROM_VARIABLE.
 */
export function resolveFrom(
  name: string,
  stages: readonly Stage[],
  within: number,
  contexts: Contexts,
): SourceReference {
  if (name.includes("$")) throw variableInFrom(name);
  const value = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (value !== undefined) return { kind: "named-context", name, value };
  const wanted = name.toLowerCase();
  const stage = stages.findLast((each) => each.name === wanted && each.index < within);
  if (stage !== undefined) return { kind: "stage", index: stage.index };
  if (stages.some((each) => each.name === wanted)) throw stageTooLate(name);
  if (/^\d+$/.test(name)) {
    const index = Number(name);
    if (index >= within) throw stageTooLate(name);
    return { kind: "stage", index };
  }
  return wanted === "scratch" ? { kind: "scratch" } : { kind: "image", reference: name };
}

/** The stage that --target names or numbers; the last one by default. Throws TARGET_NOT_FOUND. */
export function findTarget(dockerfile: Dockerfile, target: string | undefined): Stage {
  const { stages } = dockerfile;
  const wanted = target?.toLowerCase();
  const found =
    wanted === undefined || wanted === ""
      ? stages.at(-1)
      : (stages.find((stage) => stage.name === wanted) ??
        (/^\d+$/.test(wanted) ? stages[Number(wanted)] : undefined));
  if (found === undefined) {
    throw targetUnknown(
      target ?? "",
      stages.flatMap((stage) => stage.name ?? []),
    );
  }
  return found;
}

/** Whether `--no-cache-filter` names a stage, by name (whatever its case) or number. */
export const isFiltered = (filter: readonly string[], { name, index }: Stage): boolean =>
  filter.some((each) => each.toLowerCase() === name || each === String(index));

/**
 * The stages that a stage's own text names, so that they can be built at the same time, and faults in those names
 * are found before anything is executed.
 */
export function dependencies(stage: Stage, stages: readonly Stage[], contexts: Contexts): readonly number[] {
  const found = new Set<number>();
  const add = (name: string | undefined, range: SourceRange) => {
    if (name === undefined) return;
    try {
      const reference = resolveFrom(name, stages, stage.index, contexts);
      if (reference.kind === "stage") found.add(reference.index);
    } catch (error) {
      throw error instanceof BoxwrightError ? error.at(range) : error;
    }
  };
  for (const instruction of stage.instructions) {
    if (instruction.kind === "COPY") add(instruction.from, instruction.range);
    if (instruction.kind === "RUN") for (const mount of instruction.mounts) add(mount.from, mount.range);
  }
  return [...found];
}
