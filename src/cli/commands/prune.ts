import type { Command } from "commander";
import { formatSize } from "../sizes.ts";
import { withStore } from "../state.ts";

export function define(command: Command): void {
  command
    .option("-a, --all", "also what was written in the last hour, and the build cache", false)
    .action(execute);
}

async function execute(flags: { readonly all: boolean }): Promise<void> {
  const { prune } = await import("../../build/index.ts");
  const { blobs, bytes } = await withStore((store) => prune(store, flags));
  process.stdout.write(
    `Total reclaimed space: ${formatSize(bytes)} (${blobs} ${blobs === 1 ? "blob" : "blobs"})\n`,
  );
}
