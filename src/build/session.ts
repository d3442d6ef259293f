import { availableParallelism } from "node:os";
import type { Dockerfile, Platform } from "../dockerfile/index.ts";
import type { SourceRange } from "../errors/index.ts";
import type { Layer, Timestamp, TreeDraft } from "../filesystem/types.ts";
import type { Executor } from "../sandbox/types.ts";
import type { Store } from "../store/index.ts";
import { CachedLayerLost, type ImportedCaches } from "./cache/imported.ts";
import type { Journal } from "./cache/journal.ts";
import type { ContentDigests } from "./context/digests.ts";
import type { SourceTree } from "./context/source-tree.ts";
import type { Layers } from "./layers.ts";
import type { SourceReference } from "./references.ts";
import type { RemoteAccess } from "./remote/access.ts";
import type { StageState } from "./state.ts";
import type { StepCache } from "./step-cache.ts";
import type { BuildEvent, BuildOptions, StepName, Warning } from "./types.ts";

/** A source of COPY --from or a mount: what names it in cache keys, and its files once they are needed. */
export interface NamedSource {
  /** Equal for equal trees; undefined where only the contents tell (host directories). */
  readonly key: string | undefined;
  readonly tree: () => Promise<SourceTree>;
}

/** Everything that the instructions of one build share. */
export interface Session {
  readonly options: BuildOptions;
  readonly dockerfile: Dockerfile;
  readonly platform: Platform;
  readonly store: Store;
  readonly layers: Layers;
  readonly steps: StepCache;
  readonly caches: ImportedCaches;
  readonly journal: Journal;
  readonly digests: ContentDigests;
  /** For what lies elsewhere. */
  readonly remote: RemoteAccess;
  /** The time that new files get. */
  readonly epoch: Timestamp;
  readonly globals: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  readonly emit: (event: BuildEvent) => void;
  readonly warn: (warning: Warning) => void;
  /** The build context, through .dockerignore. */
  readonly context: () => Promise<SourceTree>;
  /** A built stage or the state that an image begins with. */
  readonly base: (reference: SourceReference, platform: Platform) => Promise<StageState>;
  /** `range` places failures of what the reference names. */
  readonly source: (reference: SourceReference, range: SourceRange) => Promise<NamedSource>;
  /** Names the guest and the executor that RUN steps of a runtime depend on. */
  readonly runtimeKey: (runtime: string) => Promise<string>;
  readonly executor: () => Promise<Executor>;
  readonly writeDraft: (draft: TreeDraft) => Promise<Layer>;
  /** RUN steps are heavy: no more of them at once than there are processors. */
  readonly runs: Semaphore;
}

export interface Semaphore {
  use<T>(work: () => Promise<T>): Promise<T>;
}

export function createSemaphore(places = availableParallelism()): Semaphore {
  let free = places;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    async use(work) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}

/**
 * Reports a step from its start to its end. `work` says whether its result was cached; the step is shown as
 * started only when it must be executed, since cached ones take no time.
 */
export async function reportStep<T>(
  session: Pick<Session, "emit"> & { readonly signal?: AbortSignal },
  step: StepName,
  work: (start: () => void) => Promise<{ readonly value: T; readonly cached: boolean }>,
): Promise<T> {
  let startedAt: number | undefined;
  const start = () => {
    if (startedAt !== undefined) return;
    startedAt = performance.now();
    session.emit({ kind: "start", step });
  };
  const seconds = () => (performance.now() - (startedAt ?? performance.now())) / 1000;
  try {
    const { value, cached } = await work(start);
    if (cached && startedAt === undefined) {
      session.emit({ kind: "cached", step });
    } else {
      start();
      session.emit({ kind: "done", step, seconds: seconds() });
    }
    return value;
  } catch (error) {
    // The build begins anew: nothing has failed.
    if ([error, session.signal?.reason].some((each) => each instanceof CachedLayerLost)) throw error;
    start();
    // Something else failed before, or the user cancelled: not this step's fault.
    const canceled = session.signal?.aborted === true;
    session.emit({ kind: "failed", step, seconds: seconds(), ...(canceled ? { canceled } : {}) });
    throw error;
  }
}
