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
  // Names that may not be there: the sandbox is loaded only when there is one.
  const suspects = new Set<string>();
  let isCommand = (_name: string) => false;
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
      hasCommand: (name) => {
        suspects.add(name);
        return isCommand(name);
      },
      ...(ignore === undefined
        ? {}
        : { ignore: { patterns: ignore.patterns, excludes: (path: string) => ignore.ignores(path) } }),
    });
  // Which images and commands are asked for depends on variables: the first run tells them, the second has the answers.
  run();
  for (const image of asked) if (await hasRuntime(image, options)) known.set(image, true);
  if (suspects.size > 0) ({ isCommand } = await import("../sandbox/index.ts"));
  const report = run();
  return { lints: report.lints, failure: report.fails ? lintError(report) : undefined };
}

async function hasRuntime(image: string, options: BuildOptions): Promise<boolean> {
  return options.base !== "registry" && (await findRuntime(image)) !== undefined;
}
