import type { OutputFormat } from "../component/types.ts";
import type { Lint } from "../dockerfile/types.ts";
import type { SourceRange } from "../errors/index.ts";
import type { Digest } from "../filesystem/types.ts";

export type ContextInput =
  | { readonly kind: "directory"; readonly path: string }
  /** A tar, compressed or not. */
  | { readonly kind: "archive"; readonly chunks: AsyncIterable<Uint8Array> }
  /** No files: only a Dockerfile. */
  | { readonly kind: "empty" };

export type DockerfileInput =
  /** A file of the host; relative names are relative to the process. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "text"; readonly text: string }
  /** A path in the build context; what a missing input means is `Dockerfile`. */
  | { readonly kind: "context"; readonly path: string };

export type SecretSource =
  | { readonly id: string; readonly kind: "file"; readonly path: string }
  | { readonly id: string; readonly kind: "bytes"; readonly bytes: Uint8Array };

export interface BuildOptions {
  readonly context: ContextInput;
  readonly dockerfile?: DockerfileInput;
  /** A stage's name or number; default the last stage. */
  readonly target?: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Name → directory, `oci-layout://DIR[:TAG]` or `docker-image://REFERENCE`. */
  readonly buildContexts?: Readonly<Record<string, string>>;
  readonly secrets?: readonly SecretSource[];
  /** What `TARGETPLATFORM` says and which image of a registry is taken; default linux/amd64. */
  readonly platform?: string;
  readonly noCache?: boolean;
  /** Whether embedded runtimes stand in for the images that they claim (default), or registries are asked. */
  readonly base?: "embedded" | "registry";
  readonly format?: OutputFormat | "oci";
  /** A file (component, module) or a directory (oci). */
  readonly output?: string;
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** "fixed" (default): nothing of the build context's times reaches the output. */
  readonly timestamps?: "fixed" | "keep";
  /** Seconds since 1970; default SOURCE_DATE_EPOCH of the environment, else 2000-01-01. */
  readonly epoch?: number;
  /** Where state is kept; default `$BOXWRIGHT_HOME`, else the platform's cache directory. */
  readonly home?: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: BuildEvent) => void;
}

/** One step of the build, as progress shows it. */
export interface StepName {
  /** Unique in the build. */
  readonly id: string;
  /** `[stage 2/5] COPY . .` */
  readonly name: string;
}

export type BuildEvent =
  | { readonly kind: "start"; readonly step: StepName }
  | { readonly kind: "cached"; readonly step: StepName }
  | { readonly kind: "done"; readonly step: StepName; readonly seconds: number }
  | { readonly kind: "failed"; readonly step: StepName; readonly seconds: number }
  | {
      readonly kind: "log";
      readonly step: StepName;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
    }
  | { readonly kind: "warning"; readonly warning: Warning };

export interface Warning {
  /** A lint rule's name, or a code such as BASE_SUBSTITUTED. */
  readonly code: string;
  readonly message: string;
  readonly range?: SourceRange;
}

export interface BuildResult {
  /** Of the component, or of the OCI manifest. */
  readonly digest: Digest;
  readonly format: OutputFormat | "oci";
  readonly size: number;
  /** Where the result lies: the output that was asked for, else the store's copy. */
  readonly file: string;
  /** Of the image's configuration. */
  readonly imageId: Digest;
  readonly names: readonly string[];
  readonly runtime: string | undefined;
  readonly warnings: readonly Warning[];
}

export interface CheckResult {
  readonly lints: readonly Lint[];
  /** `# check=error=true` makes findings fatal. */
  readonly fails: boolean;
}
