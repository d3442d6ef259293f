import type { SourceRange } from "../errors/index.ts";

/** A parsed Dockerfile: directives, then instructions in source order. Nothing is expanded yet. */
export interface Dockerfile {
  /** `\` or the backtick. */
  readonly escape: "\\" | "`";
  readonly directives: readonly Directive[];
  /** Instructions before the first FROM (only ARG is allowed there). */
  readonly globalArguments: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** The text as it was read, without a byte-order mark. */
  readonly text: string;
  /** Line numbers of instructions with a blank continuation line (the last line of each). */
  readonly emptyContinuations: readonly number[];
}

export interface Directive {
  readonly name: string;
  readonly value: string;
  readonly range: SourceRange;
}

export interface Stage {
  /** Position among the stages, from 0. */
  readonly index: number;
  /** The name after AS, lower-cased. */
  readonly name: string | undefined;
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

/** `--name=value` or `--name`, as written; quotes and escapes of the flag's lexing are resolved. */
export interface Flag {
  readonly name: string;
  readonly value: string | undefined;
  readonly range: SourceRange;
}

export interface Heredoc {
  /** The delimiter without quotes. */
  readonly name: string;
  /** The body as the instruction receives it (tabs stripped where `<<-`), ending in a newline unless empty. */
  readonly content: string;
  /** False where the delimiter was quoted. */
  readonly expand: boolean;
  /** True for `<<-`. */
  readonly chomp: boolean;
  readonly fileDescriptor: number;
}

interface InstructionBase {
  /** The whole instruction with its continuation lines and heredoc bodies. */
  readonly range: SourceRange;
  /** The instruction as one line: continuations joined, comments dropped, heredoc bodies not included. */
  readonly source: string;
  /** The comments right above, without `#`; an empty comment ends what came before it. */
  readonly comments: readonly string[];
}

/** RUN, CMD, ENTRYPOINT, SHELL's and HEALTHCHECK's command. */
export type Command =
  | { readonly form: "exec"; readonly words: readonly string[] }
  | { readonly form: "shell"; readonly script: string };

export interface KeyValue {
  readonly key: string;
  /** Unexpanded, quotes still in place: `expandWord` resolves both, in the key too. */
  readonly value: string;
  /** The old form `ENV name value`. */
  readonly isLegacy: boolean;
}

export interface FromInstruction extends InstructionBase {
  readonly kind: "FROM";
  /** Unexpanded image, stage or context name. */
  readonly image: string;
  readonly platform: string | undefined;
  readonly stageName: string | undefined;
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: "ARG";
  readonly arguments: readonly { readonly name: string; readonly defaultValue: string | undefined }[];
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: "ENV";
  readonly pairs: readonly KeyValue[];
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: "LABEL";
  readonly pairs: readonly KeyValue[];
}

/** One source of COPY or ADD: a path, or a heredoc that becomes a file of that name. */
export type CopySource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "heredoc"; readonly heredoc: Heredoc };

interface CopyBase extends InstructionBase {
  readonly sources: readonly CopySource[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends CopyBase {
  readonly kind: "COPY";
  readonly from: string | undefined;
  readonly parents: boolean;
}

export interface AddInstruction extends CopyBase {
  readonly kind: "ADD";
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  readonly unpack: boolean | undefined;
}

/**
 * One `RUN --mount`; defaults that depend on other fields are filled in. What the parser gives is not
 * expanded: an option that is not text and has a variable in its value counts as not given until `expandMount`.
 */
export interface Mount {
  readonly type: "bind" | "cache" | "tmpfs" | "secret" | "ssh";
  readonly target: string | undefined;
  readonly source: string | undefined;
  readonly from: string | undefined;
  readonly id: string | undefined;
  readonly readOnly: boolean;
  readonly required: boolean;
  readonly sharing: "shared" | "private" | "locked";
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** tmpfs, in bytes. */
  readonly sizeLimit: number | undefined;
  /** secret: the environment variable it appears in. */
  readonly environmentVariable: string | undefined;
  /** The flag's value as written; `expandMount` reads it again with its variables resolved. */
  readonly text: string;
  readonly range: SourceRange;
}

export interface RunInstruction extends InstructionBase {
  readonly kind: "RUN";
  /** With heredocs: what the shell is given; see `scriptFile`. */
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  /**
   * A lone heredoc that begins with `#!`: an executable file of that name, made for this step only and run
   * (BuildKit puts it at /dev/pipes/NAME) instead of `command`.
   */
  readonly scriptFile: Heredoc | undefined;
  readonly mounts: readonly Mount[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly string[];
}

export interface CmdInstruction extends InstructionBase {
  readonly kind: "CMD";
  readonly command: Command;
}

export interface EntrypointInstruction extends InstructionBase {
  readonly kind: "ENTRYPOINT";
  readonly command: Command;
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: "SHELL";
  readonly words: readonly string[];
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: "WORKDIR";
  readonly path: string;
}

export interface UserInstruction extends InstructionBase {
  readonly kind: "USER";
  readonly user: string;
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: "EXPOSE";
  readonly ports: readonly string[];
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: "VOLUME";
  readonly paths: readonly string[];
}

export interface StopsignalInstruction extends InstructionBase {
  readonly kind: "STOPSIGNAL";
  readonly signal: string;
}

/** Durations in nanoseconds, as in the OCI image configuration. */
export type HealthcheckInstruction = InstructionBase & {
  readonly kind: "HEALTHCHECK";
} & (
    | { readonly check: "none" }
    | {
        readonly check: "command";
        readonly command: Command;
        readonly interval: number | undefined;
        readonly timeout: number | undefined;
        readonly startPeriod: number | undefined;
        readonly startInterval: number | undefined;
        readonly retries: number | undefined;
      }
  );

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: "ONBUILD";
  /** The trigger's text, as the image configuration stores it (heredocs included). */
  readonly trigger: string;
  /** The trigger, parsed: a faulty trigger is an error where it is written. */
  readonly instruction: StageInstruction;
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: "MAINTAINER";
  readonly name: string;
}

export type StageInstruction =
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | CopyInstruction
  | AddInstruction
  | RunInstruction
  | CmdInstruction
  | EntrypointInstruction
  | ShellInstruction
  | WorkdirInstruction
  | UserInstruction
  | ExposeInstruction
  | VolumeInstruction
  | StopsignalInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | MaintainerInstruction;

export type Instruction = FromInstruction | StageInstruction;

/** Something that a lint rule found. Same names as BuildKit's rules; ours begin with `Wasm`. */
export interface Lint {
  readonly rule: string;
  readonly message: string;
  readonly range: SourceRange;
}
