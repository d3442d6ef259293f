import type { Dockerfile, Platform } from "../dockerfile/index.ts";
import { buildAborted } from "../errors/build.ts";
import { BoxwrightError, type SourceRange } from "../errors/index.ts";
import { writeLayer } from "../filesystem/index.ts";
import type { Timestamp } from "../filesystem/types.ts";
import { loadRuntime, runtimeFile } from "../runtimes/index.ts";
import type { Executor } from "../sandbox/types.ts";
import type { Store } from "../store/index.ts";
import { isFiles, resolveImage } from "./base.ts";
import type { ImportedCaches } from "./cache/imported.ts";
import { createJournal } from "./cache/journal.ts";
import { openContentDigests } from "./context/digests.ts";
import { openNamedContext } from "./context/named.ts";
import type { OpenedContext } from "./context/open.ts";
import { createSnapshotTree } from "./context/snapshot-tree.ts";
import { createLayers } from "./layers.ts";
import { dependencies, findTarget, type SourceReference } from "./references.ts";
import { remoteAccess } from "./remote/access.ts";
import { createSemaphore, type NamedSource, type Session } from "./session.ts";
import { buildStage } from "./stage.ts";
import { keyOf, type StageState, treeKey } from "./state.ts";
import { createStepCache } from "./step-cache.ts";
import type { BuildOptions } from "./types.ts";
import { globalVariables } from "./variables.ts";
import { version } from "./version.ts";

export interface SolveInput {
  readonly options: BuildOptions;
  readonly store: Store;
  readonly opened: OpenedContext;
  readonly dockerfile: Dockerfile;
  readonly platform: Platform;
  readonly epoch: Timestamp;
  readonly caches: ImportedCaches;
}

/** Builds the target stage and all that it needs, stages that do not need each other at the same time. */
export async function solve(
  input: SolveInput,
): Promise<{ readonly state: StageState; readonly session: Session }> {
  const { options, dockerfile } = input;
  const target = findTarget(dockerfile, options.target);
  const failed = new AbortController();
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const stages = new Map<number, Promise<StageState>>();
  let executor: Executor | undefined;

  const session = await createSession(input, {
    signal,
    target: target.name ?? "default",
    stage: solveStage,
    executor: async () => {
      if (executor === undefined) {
        const { createWasmExecutor } = await import("../sandbox/index.ts");
        executor ??= createWasmExecutor({ store: input.store, loadRuntime: sandboxRuntime });
      }
      return executor;
    },
  });

  function solveStage(index: number): Promise<StageState> {
    let state = stages.get(index);
    if (state === undefined) {
      state = startStage(index);
      stages.set(index, state);
      // The first failure ends all that still runs; it is met again where the stage is asked for.
      state.catch((error: unknown) => failed.abort(error));
    }
    return state;
  }

  async function startStage(index: number): Promise<StageState> {
    const stage = dockerfile.stages[index];
    if (stage === undefined) throw new RangeError(`no stage ${index}`);
    for (const needed of dependencies(stage, dockerfile.stages, options.buildContexts ?? {})) {
      solveStage(needed).catch(() => undefined);
    }
    return buildStage(session, stage);
  }

  try {
    return { state: await solveStage(target.index), session };
  } catch (error) {
    // The first failure is the cause of all others.
    const first = failed.signal.aborted ? failed.signal.reason : error;
    throw options.signal?.aborted === true && !(first instanceof BoxwrightError)
      ? buildAborted(first)
      : first;
  } finally {
    await Promise.allSettled(stages.values());
    await Promise.all([executor?.close(), session.digests.save()]);
  }
}

async function sandboxRuntime(name: string) {
  const runtime = await loadRuntime(name);
  const { guest, guestPaths } = runtime.manifest;
  return { guestFile: runtimeFile(runtime, guest.file), guestDigest: guest.sha256, guestPaths };
}

interface SessionParts {
  readonly signal: AbortSignal;
  readonly target: string;
  readonly stage: (index: number) => Promise<StageState>;
  readonly executor: Session["executor"];
}

async function createSession(input: SolveInput, parts: SessionParts): Promise<Session> {
  const { options, store, opened, dockerfile, platform, epoch, caches } = input;
  const { signal } = parts;
  const layers = createLayers(store, caches);
  const emit: Session["emit"] = (event) => options.onEvent?.(event);
  const warned = new Set<string>();
  const warn: Session["warn"] = (warning) => {
    if (warned.has(warning.message)) return;
    warned.add(warning.message);
    emit({ kind: "warning", warning });
  };
  const images = new Map<string, Promise<StageState>>();
  const contexts = new Map<string, Promise<NamedSource>>();
  const remote = remoteAccess(options, store, signal);
  const time = options.timestamps === "keep" ? undefined : epoch;

  const base: Session["base"] = (reference, wanted) => {
    if (reference.kind === "stage") return parts.stage(reference.index);
    const key = keyOf([reference, wanted]);
    let state = images.get(key);
    if (state === undefined) {
      state = resolveImage({ options, store, layers, signal, warn }, reference, wanted);
      images.set(key, state);
    }
    return state;
  };

  async function source(reference: SourceReference, range: SourceRange): Promise<NamedSource> {
    if (reference.kind === "named-context" && isFiles(reference.value)) return named(reference, range);
    const state = await base(reference, platform);
    return {
      key: treeKey(state.layers),
      tree: async () => createSnapshotTree(await layers.snapshot(state.layers)),
    };
  }

  function named(context: { name: string; value: string }, range: SourceRange): Promise<NamedSource> {
    let opened = contexts.get(context.name);
    if (opened === undefined) {
      opened = openNamedContext(remote, context, time).catch((error: unknown) => {
        throw error instanceof BoxwrightError ? error.at(range) : error;
      });
      contexts.set(context.name, opened);
    }
    return opened;
  }

  return {
    options,
    dockerfile,
    platform,
    store,
    remote,
    layers,
    steps: createStepCache(store, layers, { read: options.noCache !== true, caches }),
    caches,
    journal: createJournal(),
    digests: await openContentDigests(store, opened.key),
    epoch,
    globals: globalVariables(dockerfile, options.buildArguments ?? {}, platform, parts.target),
    signal,
    emit,
    warn,
    context: async () => opened.tree,
    base,
    source,
    runtimeKey: async (name) => `${version} ${(await loadRuntime(name)).manifest.guest.sha256}`,
    executor: parts.executor,
    writeDraft: (draft) => writeLayer(draft, store, { signal }),
    runs: createSemaphore(),
  };
}
