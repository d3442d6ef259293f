import type { Channel } from "../guest/channel.ts";
import { ShellError } from "./signals.ts";
import type { FunctionDefinition } from "./syntax.ts";

/** `sh` is dash, Debian's /bin/sh; `bash` adds what the grammar of bash adds. */
export type Dialect = "sh" | "bash";

export interface Variable {
  readonly value: string | readonly string[] | undefined;
  readonly exported: boolean;
  readonly readOnly: boolean;
}

export const OPTION_LETTERS = {
  e: "errexit",
  u: "nounset",
  x: "xtrace",
  f: "noglob",
  n: "noexec",
  a: "allexport",
  C: "noclobber",
  v: "verbose",
  h: "hashall",
  b: "notify",
  m: "monitor",
  i: "interactive",
} as const;

export type OptionName = (typeof OPTION_LETTERS)[keyof typeof OPTION_LETTERS] | "pipefail";

/** What a shell is, apart from the file tree. A subshell works on a copy. */
export interface ShellState {
  readonly dialect: Dialect;
  readonly variables: Map<string, Variable>;
  readonly functions: Map<string, FunctionDefinition>;
  readonly options: Set<OptionName>;
  readonly traps: Map<string, string>;
  readonly descriptors: Map<number, Channel>;
  /** One map of shadowed variables per running function. */
  readonly localFrames: Map<string, Variable | undefined>[];
  name: string;
  positional: readonly string[];
  workingDirectory: string;
  umask: number;
  status: number;
  /** Of the last command substitution of the command that is being expanded. */
  substitutionStatus: number;
  line: number;
  /** Above 0 a failing command does not end a shell that has -e. */
  errexitSuspended: number;
  loopDepth: number;
  callDepth: number;
  /** Where getopts is inside a cluster of options. */
  optionOffset: number;
}

export function copyState(state: ShellState): ShellState {
  return {
    ...state,
    variables: new Map(state.variables),
    functions: new Map(state.functions),
    options: new Set(state.options),
    // POSIX 2.12: traps that are not ignored are reset in a subshell.
    traps: new Map([...state.traps].filter(([, action]) => action === "")),
    descriptors: new Map(state.descriptors),
    localFrames: state.localFrames.map((frame) => new Map(frame)),
    loopDepth: 0,
  };
}

export function readVariable(state: ShellState, name: string): string | undefined {
  const value = state.variables.get(name)?.value;
  return value === undefined || typeof value === "string" ? value : value[0];
}

export function setVariable(
  state: ShellState,
  name: string,
  value: string | readonly string[],
  options: { readonly exported?: boolean } = {},
): void {
  const old = state.variables.get(name);
  if (old?.readOnly === true) throw new ShellError(`${name}: is read only`, 2, true);
  const exported = options.exported ?? (old?.exported === true || state.options.has("allexport"));
  state.variables.set(name, { value, exported, readOnly: false });
}

/** The environment of the commands that the shell starts. */
export function exportedVariables(state: ShellState): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, { value, exported }] of state.variables) {
    if (exported && typeof value === "string") environment[name] = value;
  }
  return environment;
}

export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}
