import type { Command } from "commander";
import { BoxwrightError } from "../../errors/index.ts";
import { reportError } from "../error-frame.ts";
import { withStore } from "../state.ts";

export function define(command: Command): void {
  command
    .argument("<names...>", "names of `boxwright images`, or starts of their digests")
    .option("-f, --force", "no error for names that are not there", false)
    .action(execute);
}

/** As docker rmi: what can be removed is, and the exit code tells of the rest. */
async function execute(names: readonly string[], flags: { readonly force: boolean }): Promise<void> {
  const { removeResult } = await import("../../results/index.ts");
  await withStore(async (store) => {
    for (const name of names) {
      try {
        const removed = await removeResult(store, name);
        process.stdout.write(`Untagged: ${removed.name}\n`);
      } catch (error) {
        const missing = error instanceof BoxwrightError && error.code === "RESULT_UNKNOWN";
        if (!(missing && flags.force)) process.exitCode = await reportError(error);
      }
    }
  });
}
