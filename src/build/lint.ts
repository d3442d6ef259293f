import { lint, lintError } from "../dockerfile/index.ts";
import type { Dockerfile, Lint } from "../dockerfile/types.ts";
import type { BoxwrightError } from "../errors/index.ts";
import { findRuntime } from "../runtimes/index.ts";
import type { OpenedContext } from "./context/open.ts";
import type { BuildOptions } from "./types.ts";

export interface BuildLints {
  readonly lints: readonly Lint[];
  /** Findings stop the build: `# check=error=true`. */
  readonly failure: BoxwrightError | undefined;
}

/** Lints a Dockerfile with what the build knows of bases and of .dockerignore. */
export async function lintBuild(
  dockerfile: Dockerfile,
  options: BuildOptions,
  opened: OpenedContext,
): Promise<BuildLints> {
  const known = new Map<string, boolean>();
  const asked = new Set<string>();
  const { ignore } = opened;
  const run = () =>
    lint(dockerfile, {
      ...(options.buildArguments === undefined ? {} : { buildArguments: options.buildArguments }),
      ...(options.platform === undefined ? {} : { platform: options.platform }),
      ...(options.target === undefined ? {} : { target: options.target }),
      hasRuntime: (image) => {
        asked.add(image);
        return known.get(image) ?? Object.hasOwn(options.buildContexts ?? {}, image);
      },
      ...(ignore === undefined
        ? {}
        : { ignore: { patterns: ignore.patterns, excludes: (path: string) => ignore.ignores(path) } }),
    });
  // Which images are asked for depends on variables: the first run tells them, the second has the answers.
  run();
  for (const image of asked) if (await hasRuntime(image, options)) known.set(image, true);
  const report = run();
  return { lints: report.lints, failure: report.fails ? lintError(report) : undefined };
}

async function hasRuntime(image: string, options: BuildOptions): Promise<boolean> {
  return options.base !== "registry" && (await findRuntime(image)) !== undefined;
}
