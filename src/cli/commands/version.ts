import type { Command } from "commander";
import { version } from "../../build/version.ts";

export function define(command: Command): void {
  command.option("--json", "one JSON document", false).action(execute);
}

async function execute(flags: { readonly json: boolean }): Promise<void> {
  const { listRuntimes } = await import("../../runtimes/index.ts");
  const runtimes = (await listRuntimes()).map(({ manifest }) => ({
    name: manifest.name,
    version: manifest.version,
    kernel: manifest.kernelVersion,
  }));
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ boxwright: version, node: process.versions.node, runtimes }, undefined, 2)}\n`,
    );
    return;
  }
  process.stdout.write(`boxwright ${version}\nnode ${process.versions.node}\n`);
  for (const runtime of runtimes) {
    process.stdout.write(`runtime ${runtime.name} ${runtime.version}, kernel ${runtime.kernel}\n`);
  }
}
