import { inlineCacheUnsupported } from "../errors/cache.ts";
import { exportCaches } from "./cache/export.ts";
import { CachedLayerLost, ImportedCaches, sourceName } from "./cache/imported.ts";
import { makesImage } from "./export/outputs.ts";
import { finish } from "./finish.ts";
import { isFiltered } from "./references.ts";
import { reportStep } from "./session.ts";
import { type SolveInput, solve } from "./solve.ts";
import type { BuildEvent, BuildOptions, BuildResult } from "./types.ts";

/**
 * Builds and writes the result. Where a cache does not give a layer after all, all begins anew without it: what was
 * executed until then is found in the store.
 */
export async function buildWithCaches(
  input: Omit<SolveInput, "caches">,
  signal: AbortSignal,
): Promise<Omit<BuildResult, "warnings">> {
  const { options, store, platform, dockerfile } = input;
  const { format = "component", cacheTo = [], noCacheFilter = [] } = options;
  if (!makesImage(options) && cacheTo.some(({ kind }) => kind === "inline"))
    throw inlineCacheUnsupported(format);
  const emit = (event: BuildEvent) => options.onEvent?.(event);
  for (const name of noCacheFilter) {
    if (!dockerfile.stages.some((stage) => isFiltered([name], stage))) {
      const message = `no stage is called ${JSON.stringify(name)}, which is to be executed again`;
      emit({ kind: "warning", warning: { code: "NO_CACHE_FILTER", message } });
    }
  }
  const caches = new ImportedCaches({
    store,
    signal,
    platform,
    warn: (warning) => emit({ kind: "warning", warning }),
  });
  try {
    const sources = options.noCache === true ? [] : (options.cacheFrom ?? []);
    for (const [index, source] of sources.entries()) {
      const step = { id: `cache-import-${index}`, name: `importing cache from ${sourceName(source)}` };
      await reportStep({ emit, signal }, step, async (start) => {
        start();
        return { value: await caches.add(source), cached: false };
      });
    }
    const onEvent = withoutRepetition(emit);
    for (;;) {
      try {
        const { state, session } = await solve({ ...input, options: { ...options, onEvent }, caches });
        const finished = await finish(session, state);
        await exportCaches(session, state);
        return finished;
      } catch (error) {
        // Each loss makes the caches promise less: at last nothing.
        if (!(error instanceof CachedLayerLost)) throw error;
      }
    }
  } finally {
    caches.close();
  }
}

/** A step is reported as cached once, however often the build begins anew. */
function withoutRepetition(emit: (event: BuildEvent) => void): NonNullable<BuildOptions["onEvent"]> {
  const cached = new Set<string>();
  return (event) => {
    if (event.kind === "cached") {
      if (cached.has(event.step.id)) return;
      cached.add(event.step.id);
    }
    emit(event);
  };
}
