import type { Operation } from "../start-program.ts";
import type { Argument } from "./expand.ts";
import type { ShellOptions } from "./set-options.ts";

/** What the reducer asks about the image. */
export interface ShellWorld {
  homeOf(user: string): string | undefined;
  /** Whether this `cd` or `mkdir -p` surely succeeds where the operations so far have led. */
  cannotFail(operation: Operation, before: readonly Operation[]): boolean;
  /** Whether the image's environment has the variable, so that the shell exports what is assigned to it. */
  isExported(name: string): boolean;
  warn(message: string): void;
}

/** What a script has come to so far; one per reduction, changed command by command. */
export interface ReducerState {
  readonly world: ShellWorld;
  readonly operations: Operation[];
  options: ShellOptions;
  /** `$0`, `$1`, … */
  positional: readonly Argument[];
}
