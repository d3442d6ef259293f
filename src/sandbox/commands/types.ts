import type { WorkingTree } from "../../filesystem/types.ts";
import type { Shell } from "../shell/shell.ts";

/** What a command of the build shell is called with. */
export interface CommandCall {
  readonly shell: Shell;
  readonly tree: WorkingTree;
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** An operand as an absolute path. */
  readonly path: (operand: string) => string;
  readonly out: (text: string) => void;
  /** A message on standard error with the command's name before it; returns 1. */
  readonly fail: (message: string) => number;
}

export type CommandRunner = (call: CommandCall) => number | Promise<number>;
