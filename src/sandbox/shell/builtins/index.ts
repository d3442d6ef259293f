import { CONTROL } from "./control.ts";
import { DIRECTORIES } from "./directories.ts";
import { OUTPUT } from "./output.ts";
import { READING } from "./reading.ts";
import { testCommand } from "./test.ts";
import type { Builtin } from "./types.ts";
import { VARIABLES } from "./variables.ts";

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({
    ...CONTROL,
    ...DIRECTORIES,
    ...OUTPUT,
    ...READING,
    ...VARIABLES,
    test: { run: (shell, args) => testCommand(shell, args) },
    "[": { run: (shell, args) => testCommand(shell, args, true) },
  } satisfies Record<string, Builtin>),
);

/** POSIX 2.14. */
export const SPECIAL_BUILTINS: ReadonlySet<string> = new Set([
  ":",
  ".",
  "break",
  "continue",
  "eval",
  "exec",
  "exit",
  "export",
  "readonly",
  "return",
  "set",
  "shift",
  "times",
  "trap",
  "unset",
]);
