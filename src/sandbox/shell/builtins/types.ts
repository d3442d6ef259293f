import type { Shell } from "../shell.ts";
import type { Dialect } from "../state.ts";

export interface Builtin {
  readonly run: (shell: Shell, args: readonly string[]) => number | Promise<number>;
  /** Set where only this dialect has it. */
  readonly dialect?: Dialect;
}
