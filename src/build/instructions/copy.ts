import { type FileMode, parseFileMode } from "../../dockerfile/index.ts";
import type { AddInstruction, CopyInstruction } from "../../dockerfile/types.ts";
import { resolveDestination } from "../copy/destination.ts";
import { openRemoteSources, type RemoteSource } from "../copy/remote.ts";
import { type CopyWork, contentKey, prepareWork, writeCopy } from "../copy/work.ts";
import { resolveFrom } from "../references.ts";
import { withoutCredentials } from "../remote/access.ts";
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

/**
 * COPY and ADD. The key is made of the contents that are copied: of a stage or an image by its layers at first,
 * so that an unchanged one need not be looked into; of a repository by its commit, which need not be fetched then.
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
  const checksum =
    instruction.kind === "ADD" && instruction.checksum !== undefined
      ? expand(instruction.checksum)
      : undefined;
  const remotes = await openRemoteSources(session, instruction, resolved.paths, checksum, start);
  const own = [
    instruction.kind,
    treeKey(state.layers),
    resolved.paths.map(withoutCredentials),
    [...remotes.values()].map(({ keepsTime, unpack }) => [keepsTime ?? null, unpack]),
    resolved.destination,
    resolved.chown ?? null,
    instruction.chmod === undefined ? null : expand(instruction.chmod),
    resolved.unpack,
    resolved.parents,
    instruction.exclude,
    session.epoch.seconds,
  ];
  const named = sourcesKey(resolved, source, remotes);
  const treeKeyed = named === undefined ? undefined : keyOf([...own, "tree", named]);
  const found = treeKeyed === undefined ? undefined : await session.steps.find(treeKeyed);
  const made = found ?? (await make(session, state, resolved, source, remotes, own, start));
  const isNew = treeKeyed !== undefined && found === undefined;
  const outcome = isNew ? await session.steps.alias(treeKeyed, made) : made;
  return { state: committed(state, `${describe(instruction, resolved)} # buildkit`, outcome.layer), outcome };
}

/** What names all sources together; undefined where only their contents tell. */
function sourcesKey(
  { instruction, paths }: ResolvedCopy,
  source: NamedSource,
  remotes: ReadonlyMap<string, RemoteSource>,
): string | undefined {
  if (instruction.sources.some(({ kind }) => kind === "heredoc")) return undefined;
  const keys = paths.map((path) => remotes.get(path)?.key ?? source.key);
  return keys.includes(undefined) ? undefined : keyOf(keys);
}

async function make(
  session: Session,
  state: StageState,
  resolved: ResolvedCopy,
  source: NamedSource,
  remotes: ReadonlyMap<string, RemoteSource>,
  own: readonly unknown[],
  start: () => void,
): Promise<StepOutcome> {
  const work: CopyWork = await prepareWork(session, resolved, { source, remotes }, state.variables);
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
  return [
    instruction.kind,
    ...flags,
    ...resolved.paths.map(withoutCredentials),
    ...names,
    instruction.destination,
  ].join(" ");
}
