import type { Command } from "commander";
import type { Pruned, PruneOptions } from "../../build/index.ts";
import { usageError } from "../../errors/cli.ts";
import { parseBytes, parseDuration } from "../quantities.ts";
import { columns, formatAge, formatSize } from "../sizes.ts";
import { withStore } from "../state.ts";

interface Flags {
  readonly all: boolean;
  readonly force: boolean;
  readonly filter: readonly string[];
  readonly keepStorage?: string;
  readonly maxUsedSpace?: string;
}

export function define(command: Command): void {
  command
    .option("-a, --all", "also what was used in the last hour, and all records of the build cache", false)
    .option(
      "--filter <FILTER>",
      "until=DURATION: only what was not used for so long, such as until=24h",
      (value, before: readonly string[]) => [...before, value],
      [],
    )
    .option("--keep-storage <SIZE>", "remove only until no more than this is left, such as 10GB")
    .option("--max-used-space <SIZE>", "the same")
    .option("-f, --force", "do not ask", false)
    .action(execute);
}

async function execute(flags: Flags): Promise<void> {
  const options = await readFlags(flags);
  if (!flags.force && process.stdin.isTTY && !(await confirm(flags.all))) return;
  const { prune } = await import("../../build/index.ts");
  process.stdout.write(describe(await withStore((store) => prune(store, options))));
}

async function readFlags({ all, filter, keepStorage, maxUsedSpace }: Flags): Promise<PruneOptions> {
  const limits = [
    ...(keepStorage === undefined ? [] : [parseBytes("--keep-storage", keepStorage)]),
    ...(maxUsedSpace === undefined ? [] : [parseBytes("--max-used-space", maxUsedSpace)]),
  ];
  const ages = await Promise.all(filter.map(readFilter));
  return {
    all,
    // What one of them wants to be kept is kept.
    ...(limits.length === 0 ? {} : { keep: Math.max(...limits) }),
    ...(ages.length === 0 ? {} : { unusedFor: Math.max(...ages) }),
  };
}

/** BuildKit knows `until` also as `unused-for`. */
async function readFilter(filter: string): Promise<number> {
  const [, value] = /^(?:until|unused-for)=(.*)$/s.exec(filter) ?? [];
  if (value === undefined)
    throw usageError(`--filter ${JSON.stringify(filter)} is not supported`, "--filter until=24h");
  return parseDuration("--filter until", value);
}

async function confirm(all: boolean): Promise<boolean> {
  const { createInterface } = await import("node:readline/promises");
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const what = all ? "the build cache and all components" : "all components and cached layers";
    const answer = await dialogue.question(
      `WARNING! This will remove ${what} that no name needs.\nAre you sure you want to continue? [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}

function describe({ blobs, bytes, held }: Pruned): string {
  const now = Date.now();
  const rows = blobs.map(({ digest, size, used }) => [
    digest.slice(0, "sha256:".length + 12),
    formatSize(size),
    formatAge(new Date(used * 1000).toISOString(), now),
  ]);
  const table = rows.length === 0 ? "" : `${columns([["DIGEST", "SIZE", "LAST USED"], ...rows])}\n\n`;
  const inUse = held === 0 ? "" : `In use by running builds: ${formatSize(held)}\n`;
  const count = `${blobs.length} ${blobs.length === 1 ? "blob" : "blobs"}`;
  return `${table}${inUse}Total reclaimed space: ${formatSize(bytes)} (${count})\n`;
}
