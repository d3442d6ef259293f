import { parse, parsePlatform } from "../dockerfile/index.ts";
import type { Dockerfile, Lint } from "../dockerfile/types.ts";
import { buildAborted, epochInvalid } from "../errors/build.ts";
import { BoxwrightError } from "../errors/index.ts";
import type { Timestamp } from "../filesystem/types.ts";
import { openStore, type Store } from "../store/index.ts";
import { type OpenedContext, openContext } from "./context/open.ts";
import { finish } from "./finish.ts";
import { homeDirectory } from "./home.ts";
import { lintBuild } from "./lint.ts";
import { findTarget } from "./references.ts";
import { solve } from "./solve.ts";
import { placeStartFailure } from "./start-range.ts";
import { checkTag } from "./tags.ts";
import type { BuildOptions, BuildResult, CheckResult, Warning } from "./types.ts";

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
    const { state, session } = await solve({ options: given, store, opened, dockerfile, platform, epoch });
    try {
      return { ...(await finish(session, state)), warnings };
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
  const store = await openStore(options.home ?? homeDirectory());
  let opened: OpenedContext | undefined;
  try {
    options.signal?.throwIfAborted();
    const time = options.timestamps === "keep" ? undefined : resolveEpoch(options.epoch);
    const signal = options.signal ?? new AbortController().signal;
    const dockerfile = options.dockerfile ?? { kind: "context", path: "Dockerfile" };
    opened = await openContext(options.context, dockerfile, { store, time, signal });
    return await work(options, store, opened, parse(opened.dockerfile));
  } catch (error) {
    const failure =
      options.signal?.aborted === true && !(error instanceof BoxwrightError) ? buildAborted(error) : error;
    if (failure instanceof BoxwrightError && opened !== undefined) {
      sources.set(failure, { name: opened.dockerfileName, text: opened.dockerfile });
    }
    throw failure;
  } finally {
    await store.close();
  }
}

/** Throws INVALID_EPOCH. */
function resolveEpoch(given: number | undefined): Timestamp {
  const text = process.env["SOURCE_DATE_EPOCH"];
  const value = given ?? (text === undefined || text === "" ? defaultEpoch : Number(text));
  if (!Number.isSafeInteger(value) || value < 0 || value > 253_402_300_799)
    throw epochInvalid(String(given ?? text));
  return { seconds: value, nanos: 0 };
}
