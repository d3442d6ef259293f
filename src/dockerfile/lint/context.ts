import type { BoxwrightError, SourceRange } from "../../errors/index.ts";
import type { Lint } from "../types.ts";

/** What is known of a base image without building. */
export interface KnownBase {
  /** `KEY=value`, as in the image's configuration. */
  readonly environment: readonly string[];
  /** SHELL is set. */
  readonly hasShell: boolean;
  /** `os/architecture[/variant]`, where it is known. */
  readonly platform: string | undefined;
}

export interface LintOptions {
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Of the build, `os/architecture[/variant]`; default linux/amd64. */
  readonly platform?: string;
  /** Only this stage and what it needs; default all stages. A name or an index. */
  readonly target?: string;
  /** In place of the Dockerfile's `# check=`. */
  readonly check?: string;
  /** What is known of an image that FROM names (variables resolved). */
  readonly baseImage?: (image: string) => KnownBase | undefined;
  /** Whether some WebAssembly runtime stands in for the image; without it that is not checked. */
  readonly hasRuntime?: (image: string) => boolean;
  /** Whether RUN steps have a command of that name; without it none that is not expected is there. */
  readonly hasCommand?: (name: string) => boolean;
  /** The .dockerignore in force: its patterns, and whether they exclude a path or a parent of it. */
  readonly ignore?: {
    readonly patterns: readonly string[];
    readonly excludes: (path: string) => boolean;
  };
}

export interface LintReport {
  /** By place in the file. */
  readonly lints: readonly Lint[];
  /** `error=true` is in force and something was found: the build fails with LINT_VIOLATION. */
  readonly fails: boolean;
  /** What would stop the build anyway: a variable that is required, say. */
  readonly error: BoxwrightError | undefined;
}

/** Called where expansion fails; the first call counts. */
export type OnError = (error: unknown, range: SourceRange) => void;
