import type { Snapshot, TreeDraft } from "../filesystem/types.ts";

export type RunCommand =
  /** `/bin/sh -c script` for the default shell; `shell` is SHELL's value. */
  | { readonly kind: "shell"; readonly shell: readonly string[]; readonly script: string }
  | { readonly kind: "exec"; readonly words: readonly string[] };

/** A mount with everything resolved to plain data. */
export type RunMount =
  | {
      readonly kind: "tree";
      readonly target: string;
      readonly snapshot: Snapshot;
      readonly readOnly: boolean;
      readonly key: string | undefined;
    }
  | { readonly kind: "tmpfs"; readonly target: string }
  | {
      readonly kind: "secret";
      readonly target: string | undefined;
      readonly environmentVariable: string | undefined;
      readonly bytes: Uint8Array;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

export interface RunRequest {
  readonly snapshot: Snapshot;
  /** Name of the embedded runtime (runtimes/<name>) whose binaries are real commands. */
  readonly runtime: string;
  readonly command: RunCommand;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** USER's value, or "" for root. */
  readonly user: string;
  readonly mounts: readonly RunMount[];
  readonly network: "default" | "none";
  /** What files created by the step get as mtime, and where its clock starts: seconds since 1970. */
  readonly epoch: number;
}

export type RunEvent = {
  readonly kind: "output";
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
};

export interface RunResult {
  readonly exitCode: number;
  readonly changes: TreeDraft;
  /** For each "tree" mount that has a key: what it holds now. */
  readonly mountChanges: ReadonlyMap<string, TreeDraft>;
}

/** What runs a RUN step over a filesystem. */
export interface Executor {
  readonly name: string;
  /**
   * Runs the step to its end. A non-zero exit code is a result, not an error; what cannot be run at all
   * (a command that isn't there, a package that needs a compiler) throws a BoxwrightError that says so.
   */
  run(
    request: RunRequest,
    options: { readonly signal: AbortSignal; readonly onEvent: (event: RunEvent) => void },
  ): Promise<RunResult>;
  close(): Promise<void>;
}
