import { type FileMode, parseFileMode } from "../../dockerfile/index.ts";
import type { AddInstruction, CopyInstruction } from "../../dockerfile/types.ts";
import { notImplemented } from "../../errors/build.ts";
import { resolveDestination } from "../copy/destination.ts";
import { type CopyWork, contentKey, prepareWork, writeCopy } from "../copy/work.ts";
import { resolveFrom } from "../references.ts";
import type { NamedSource, Session } from "../session.ts";
import { committed, keyOf, type StageState, treeKey } from "../state.ts";
import type { StepOutcome } from "../step-cache.ts";

/** An instruction with its variables resolved. */
export interface ResolvedCopy {
  readonly instruction: CopyInstruction | AddInstruction;
  readonly paths: readonly string[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly mode: FileMode | undefined;
  readonly unpack: boolean;
  readonly parents: boolean;
}

const remote = /^(?:https?|git|ssh):\/\/|^git@/i;

/**
 * COPY and ADD. The key is made of the contents that are copied: of a stage or an image by its layers at first,
 * so that an unchanged one need not be looked into.
 */
export async function applyCopy(
  session: Session,
  stageIndex: number,
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  expand: (word: string) => string,
  start: () => void,
): Promise<{ readonly state: StageState; readonly outcome: StepOutcome }> {
  const resolved = resolveWords(state, instruction, expand);
  const source = await copySource(session, stageIndex, instruction);
  const own = [
    instruction.kind,
    treeKey(state.layers),
    resolved.paths,
    resolved.destination,
    resolved.chown ?? null,
    instruction.chmod === undefined ? null : expand(instruction.chmod),
    resolved.unpack,
    resolved.parents,
    instruction.exclude,
    session.epoch.seconds,
  ];
  const treeKeyed = source.key === undefined ? undefined : keyOf([...own, "tree", source.key]);
  const found = treeKeyed === undefined ? undefined : await session.steps.find(treeKeyed);
  const outcome = found ?? (await make(session, state, resolved, source, own, start));
  if (treeKeyed !== undefined && found === undefined) await session.steps.alias(treeKeyed, outcome);
  return { state: committed(state, `${describe(instruction, resolved)} # buildkit`, outcome.layer), outcome };
}

async function make(
  session: Session,
  state: StageState,
  resolved: ResolvedCopy,
  source: NamedSource,
  own: readonly unknown[],
  start: () => void,
): Promise<StepOutcome> {
  const work: CopyWork = await prepareWork(session, resolved, await source.tree(), state.variables);
  const key = keyOf([...own, "content", await contentKey(session, work)]);
  return session.steps.resolve(key, async () => {
    start();
    return writeCopy(session, state, resolved, work);
  });
}

async function copySource(
  session: Session,
  stageIndex: number,
  instruction: CopyInstruction | AddInstruction,
): Promise<NamedSource> {
  const from = instruction.kind === "COPY" ? instruction.from : undefined;
  if (from === undefined) return { key: undefined, tree: session.context };
  const contexts = session.options.buildContexts ?? {};
  const reference = resolveFrom(from, session.dockerfile.stages, stageIndex, contexts);
  return session.source(reference, instruction.range);
}

function resolveWords(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  expand: (word: string) => string,
): ResolvedCopy {
  const paths = instruction.sources.flatMap((source) =>
    source.kind === "path" ? [expand(source.path)] : [],
  );
  if (instruction.kind === "ADD") refuseRemote(instruction, paths);
  return {
    instruction,
    paths,
    destination: resolveDestination(state.settings.WorkingDir ?? "/", expand(instruction.destination)),
    chown: instruction.chown === undefined ? undefined : expand(instruction.chown),
    mode: instruction.chmod === undefined ? undefined : parseFileMode(expand(instruction.chmod)),
    unpack: instruction.kind === "ADD" && instruction.unpack !== false,
    parents: instruction.kind === "COPY" && instruction.parents,
  };
}

function refuseRemote(instruction: AddInstruction, paths: readonly string[]): void {
  const address = paths.find((path) => remote.test(path));
  const hint = "fetch the file before the build and ADD or COPY it from the build context";
  if (address !== undefined) throw notImplemented(`ADD of a remote source (${address})`, hint);
  if (instruction.checksum !== undefined)
    throw notImplemented("ADD --checksum for files of the build context");
  if (instruction.keepGitDir !== undefined) throw notImplemented("ADD --keep-git-dir");
}

function describe(instruction: CopyInstruction | AddInstruction, resolved: ResolvedCopy): string {
  const flags = [
    ...(resolved.chown === undefined ? [] : [`--chown=${resolved.chown}`]),
    ...(instruction.chmod === undefined ? [] : [`--chmod=${instruction.chmod}`]),
    ...(instruction.kind === "COPY" && instruction.from !== undefined ? [`--from=${instruction.from}`] : []),
    ...(instruction.link ? ["--link"] : []),
  ];
  const names = instruction.sources.flatMap((source) =>
    source.kind === "heredoc" ? [`<<${source.heredoc.name}`] : [],
  );
  return [instruction.kind, ...flags, ...resolved.paths, ...names, instruction.destination].join(" ");
}
