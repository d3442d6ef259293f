import type { Command } from "commander";
import { columns, formatAge, formatSize } from "../sizes.ts";
import { withStore } from "../state.ts";

export function define(command: Command): void {
  command
    .option("-q, --quiet", "only digests", false)
    .option("--no-trunc", "whole digests")
    .option("--json", "one JSON document", false)
    .action(execute);
}

async function execute(flags: {
  readonly quiet: boolean;
  readonly trunc: boolean;
  readonly json: boolean;
}): Promise<void> {
  const { listResults } = await import("../../results/index.ts");
  const results = await withStore(listResults);
  const shown = (digest: string) =>
    flags.trunc ? digest.slice("sha256:".length, "sha256:".length + 12) : digest;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  } else if (flags.quiet) {
    process.stdout.write(results.map(({ digest }) => `${shown(digest)}\n`).join(""));
  } else {
    const rows = results.map(({ name, digest, format, named, size }) => {
      const colon = name.lastIndexOf(":");
      return [
        name.slice(0, colon),
        name.slice(colon + 1),
        shown(digest),
        format,
        formatAge(named, Date.now()),
        formatSize(size),
      ];
    });
    process.stdout.write(
      `${columns([["REPOSITORY", "TAG", "DIGEST", "FORMAT", "CREATED", "SIZE"], ...rows])}\n`,
    );
  }
}
