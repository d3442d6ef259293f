import type { WorkingTree } from "../../filesystem/types.ts";
import { BUILTINS } from "../shell/builtins/index.ts";
import { errnoName, messageOf } from "../shell/messages.ts";
import { absolutePath } from "../shell/paths.ts";
import type { Shell } from "../shell/shell.ts";
import { bashSubshell, write } from "../shell/shell.ts";
import { ShellError } from "../shell/signals.ts";
import { ACCOUNTS } from "./accounts.ts";
import { cp, install, mkdir, mktemp, mv, touch } from "./files.ts";
import { id, whoami } from "./identity.ts";
import { ls, stat } from "./listing.ts";
import { chgrp, chown } from "./ownership.ts";
import { PROCESSES } from "./processes.ts";
import { SMALL } from "./small.ts";
import type { CommandCall, CommandRunner } from "./types.ts";
import { loadUtilities, UTILITIES, type Utilities } from "./utilities.ts";

/** Commands of our own: what must be exact about modes, owners, times, or starts other programs. */
const OWN: ReadonlyMap<string, CommandRunner> = new Map(
  Object.entries({
    ...ACCOUNTS,
    ...PROCESSES,
    ...SMALL,
    chgrp,
    chown,
    cp,
    id,
    install,
    ls,
    mkdir,
    mktemp,
    mv,
    stat,
    touch,
    whoami,
  }),
);

/** Builtins of the shell that are programs too: in exec form, by their path, or called by another program. */
const PROGRAM_BUILTINS: ReadonlySet<string> = new Set([
  "echo",
  "printf",
  "test",
  "[",
  "true",
  "false",
  "pwd",
]);

export function isCommand(name: string): boolean {
  return OWN.has(name) || UTILITIES.has(name) || PROGRAM_BUILTINS.has(name);
}

const loaded = new WeakMap<WorkingTree, Promise<Utilities>>();

/** Runs a command of the build shell by its name; returns its exit code. */
export async function runCommandByName(
  shell: Shell,
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const { tree, state } = shell;
  const call: CommandCall = {
    shell,
    tree,
    name,
    args,
    environment,
    path: (operand) => absolutePath(state.workingDirectory, operand),
    out: (text) => write(shell, 1, text),
    fail(message) {
      write(shell, 2, `${name}: ${message}\n`);
      return 1;
    },
  };
  try {
    const own = OWN.get(name);
    if (own !== undefined) return await own(call);
    if (PROGRAM_BUILTINS.has(name)) return await BUILTINS.get(name)!.run(bashSubshell(shell), args);
    let utilities = loaded.get(tree);
    if (utilities === undefined) {
      utilities = loadUtilities(tree);
      loaded.set(tree, utilities);
    }
    return await (await utilities).run(call);
  } catch (error) {
    if (error instanceof ShellError && !error.fatal) {
      write(shell, 2, `${error.message}\n`);
      return error.status;
    }
    if (errnoName(error) === undefined) throw error;
    return call.fail(messageOf(error));
  }
}
