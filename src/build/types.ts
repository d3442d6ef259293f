import type { OutputFormat } from "../component/types.ts";
import type { Lint } from "../dockerfile/types.ts";
import type { SourceRange } from "../errors/index.ts";
import type { Digest } from "../filesystem/types.ts";

export type ContextInput =
  | { readonly kind: "directory"; readonly path: string }
  /** A tar, compressed or not. */
  | { readonly kind: "archive"; readonly chunks: AsyncIterable<Uint8Array> }
  /** A git repository (`https://….git#ref:directory`), or the HTTP address of a tar archive or of a Dockerfile. */
  | { readonly kind: "remote"; readonly address: string }
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

/** Where steps that were executed elsewhere are taken from. */
export type CacheSource =
  /** An OCI layout; without a digest its entry named `tag` (default `latest`). */
  | {
      readonly kind: "local";
      readonly directory: string;
      readonly tag?: string;
      readonly digest?: Digest;
    }
  /** A cache, or an image with an inline cache. */
  | { readonly kind: "registry"; readonly reference: string; readonly plainHttp?: boolean };

/** Where a build's steps go, for other builds. "min": with the result's layers; "max": with those of all steps. */
export type CacheTarget =
  | (CacheTargetOptions & { readonly kind: "local"; readonly directory: string; readonly tag?: string })
  | (CacheTargetOptions & {
      readonly kind: "registry";
      readonly reference: string;
      readonly plainHttp?: boolean;
    })
  /** In the manifest of the image layout that is built. */
  | { readonly kind: "inline" };

interface CacheTargetOptions {
  readonly mode: "min" | "max";
  /** A failure is a warning. */
  readonly ignoreError?: boolean;
}

/** A file, which appears whole or not at all, or a stream such as standard output, which is not ended. */
export type OutputSink =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stream"; readonly stream: NodeJS.WritableStream };

export interface OutputDirectory {
  readonly kind: "directory";
  readonly path: string;
}

/** An image: for other tools. */
export interface ImageOutput {
  readonly kind: "oci" | "docker";
  /** A sink gets a tar. */
  readonly destination: OutputSink | OutputDirectory;
  /** Of the layers; default gzip. */
  readonly compression?: "none" | "gzip" | "zstd";
  /** In place of the build's tags. */
  readonly names?: readonly string[];
  /** On top of the build's. */
  readonly annotations?: readonly Annotation[];
}

/** What a build gives. */
export type Output =
  /** Without a destination it stays in the local store. */
  | { readonly kind: OutputFormat; readonly destination?: OutputSink }
  /** An OCI image layout. */
  | (ImageOutput & { readonly kind: "oci" })
  /** A tar for `docker load`. */
  | (ImageOutput & { readonly kind: "docker"; readonly destination: OutputSink })
  /** The image's files as one tar. */
  | { readonly kind: "tar"; readonly destination: OutputSink }
  /** The image's files in a directory of the host. */
  | { readonly kind: "local"; readonly destination: OutputDirectory };

/** Of an image's manifest, or of what names it in index.json. A component keeps those of the manifest for `push`. */
export interface Annotation {
  readonly level: "manifest" | "manifest-descriptor";
  readonly key: string;
  readonly value: string;
}

export interface BuildOptions {
  readonly context: ContextInput;
  readonly dockerfile?: DockerfileInput;
  /** A stage's name or number; default the last stage. */
  readonly target?: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Name → directory, git repository, address of a tar archive, `oci-layout://DIR[:TAG]`, `docker-image://REFERENCE`. */
  readonly buildContexts?: Readonly<Record<string, string>>;
  readonly secrets?: readonly SecretSource[];
  /** What `TARGETPLATFORM` says and which image of a registry is taken; default linux/amd64. */
  readonly platform?: string;
  readonly noCache?: boolean;
  /** Stages by name or number whose steps are executed again. */
  readonly noCacheFilter?: readonly string[];
  readonly cacheFrom?: readonly CacheSource[];
  readonly cacheTo?: readonly CacheTarget[];
  /** Whether embedded runtimes stand in for the images that they claim (default), or registries are asked. */
  readonly base?: "embedded" | "registry";
  readonly format?: OutputFormat | "oci";
  /** A file (component, module) or a directory (oci). `outputs` is there for all else. */
  readonly output?: string;
  /** All that is to be written; then `format` and `output` say nothing. */
  readonly outputs?: readonly Output[];
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: readonly Annotation[];
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
  /** `canceled`: because of something else. */
  | {
      readonly kind: "failed";
      readonly step: StepName;
      readonly seconds: number;
      readonly canceled?: boolean;
    }
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

export interface WrittenOutput {
  readonly kind: Output["kind"];
  /** Of the file, for an image of its manifest, for "local" of the image's configuration. */
  readonly digest: Digest;
  /** Bytes: of the file, of a directory's files. */
  readonly size: number;
  /** Undefined for a stream, and for what stays in the store. */
  readonly file: string | undefined;
  /** Of an image's manifest. */
  readonly descriptor?: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
}

/** Digest, format, size and file are the component's where there is one, else the first output's. */
export interface BuildResult {
  readonly digest: Digest;
  readonly format: Output["kind"];
  readonly size: number;
  /** Where the result lies: the output that was asked for, else the store's copy; undefined for a stream. */
  readonly file: string | undefined;
  readonly outputs: readonly WrittenOutput[];
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
