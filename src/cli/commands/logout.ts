import type { Command } from "commander";

export function define(command: Command): void {
  command.argument("[registry]", "default docker.io").action(execute);
}

async function execute(registry: string | undefined): Promise<void> {
  const { logout, parseRegistry } = await import("../../registry/index.ts");
  const name = parseRegistry(registry ?? "docker.io");
  const known = await logout(name);
  process.stderr.write(known ? `Removed login credentials for ${name}\n` : `Not logged in to ${name}\n`);
}
