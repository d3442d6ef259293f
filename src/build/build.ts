import { parse, parsePlatform } from "../dockerfile/index.ts";
import type { Dockerfile, Lint } from "../dockerfile/types.ts";
import { buildAborted } from "../errors/build.ts";
import { BoxwrightError } from "../errors/index.ts";
import type { Timestamp } from "../filesystem/types.ts";
import { holdLease, openStore, type Store } from "../store/index.ts";
import { buildWithCaches } from "./attempts.ts";
import { defaultDockerfile, type OpenedContext, openContext } from "./context/open.ts";
import { checkEpoch, epochOfEnvironment } from "./epoch.ts";
import { homeDirectory } from "./home.ts";
import { lintBuild } from "./lint.ts";
import { findTarget } from "./references.ts";
import { remoteAccess } from "./remote/access.ts";
import { placeStartFailure } from "./start-range.ts";
import { checkTag } from "./tags.ts";
import type { BuildEvent, BuildOptions, BuildResult, CheckResult, Warning } from "./types.ts";

/** 2000-01-01: late enough for every tool, and the same everywhere. */
const defaultEpoch = 946_684_800;

/** A failed build knows the Dockerfile that it is about. */
export interface DockerfileSource {
  readonly name: string;
  readonly text: string;
}

/** The Dockerfile behind an error of `build` or `check`, for showing the lines. */
export function sourceOf(error: unknown): DockerfileSource | undefined {
  return error instanceof BoxwrightError ? sources.get(error) : undefined;
}

const sources = new WeakMap<BoxwrightError, DockerfileSource>();

/**
 * Builds a Dockerfile into a component, a module, or an OCI image layout. Every failure is a BoxwrightError
 * with the place in the Dockerfile where there is one; nothing half-written is left behind.
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const warnings: Warning[] = [];
  const onEvent: BuildOptions["onEvent"] = (event) => {
    if (event.kind === "warning") warnings.push(event.warning);
    options.onEvent?.(event);
  };
  return withDockerfile({ ...options, onEvent }, async (given, store, opened, dockerfile) => {
    for (const tag of given.tags ?? []) await checkTag(tag);
    const report = await lintBuild(dockerfile, given, opened);
    for (const { rule, message, range } of report.lints) {
      onEvent({ kind: "warning", warning: { code: rule, message, range } });
    }
    if (report.failure !== undefined) throw report.failure;
    const platform = parsePlatform(given.platform ?? "linux/amd64");
    const epoch = resolveEpoch(given.epoch);
    const signal = given.signal ?? new AbortController().signal;
    try {
      const input = { options: given, store, opened, dockerfile, platform, epoch };
      return { ...(await buildWithCaches(input, signal)), warnings };
    } catch (error) {
      throw placeStartFailure(error, dockerfile, findTarget(dockerfile, given.target));
    }
  });
}

/** Parses and lints only. Throws what would stop the build; findings are in the result. */
export async function check(
  options: BuildOptions,
): Promise<CheckResult & { readonly source: DockerfileSource }> {
  return withDockerfile(options, async (given, _store, opened, dockerfile) => {
    const report = await lintBuild(dockerfile, given, opened);
    const lints: readonly Lint[] = report.lints;
    const source = { name: opened.dockerfileName, text: opened.dockerfile };
    return { lints, fails: report.failure !== undefined, source };
  });
}

async function withDockerfile<T>(
  options: BuildOptions,
  work: (options: BuildOptions, store: Store, opened: OpenedContext, dockerfile: Dockerfile) => Promise<T>,
): Promise<T> {
  const since = Date.now();
  const store = await openStore(options.home ?? homeDirectory());
  const lease = await holdLease(store.directory, since);
  let opened: OpenedContext | undefined;
  try {
    options.signal?.throwIfAborted();
    const epoch = resolveEpoch(options.epoch);
    const time = options.timestamps === "keep" ? undefined : epoch;
    const signal = options.signal ?? new AbortController().signal;
    const dockerfile = options.dockerfile ?? { kind: "context", path: defaultDockerfile };
    const emit = (event: BuildEvent) => options.onEvent?.(event);
    const remote = remoteAccess(options, store, signal);
    opened = await openContext(options.context, dockerfile, { remote, time, emit });
    return await work(options, store, opened, parse(opened.dockerfile));
  } catch (error) {
    const failure =
      options.signal?.aborted === true && !(error instanceof BoxwrightError) ? buildAborted(error) : error;
    if (failure instanceof BoxwrightError && opened !== undefined) {
      sources.set(failure, { name: opened.dockerfileName, text: opened.dockerfile });
    }
    throw failure;
  } finally {
    await lease.release();
    await store.close();
  }
}

/** Throws INVALID_EPOCH. */
function resolveEpoch(given: number | undefined): Timestamp {
  const fromEnvironment = epochOfEnvironment();
  return { seconds: given === undefined ? (fromEnvironment ?? defaultEpoch) : checkEpoch(given), nanos: 0 };
}
