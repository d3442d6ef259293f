import type { Command } from "commander";
import { usageError } from "../../errors/cli.ts";
import { interruptSignal } from "../state.ts";

interface Flags {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly passwordStdin: boolean;
  readonly plainHttp: boolean;
}

export function define(command: Command): void {
  command
    .argument("[registry]", "default docker.io")
    .option("-u, --username <name>")
    .option("-p, --password <password>", "visible to other users of this machine; prefer --password-stdin")
    .option("--password-stdin", "read the password from standard input", false)
    .option("--plain-http", "talk HTTP, not TLS", false)
    .action(execute);
}

async function execute(registry: string | undefined, flags: Flags): Promise<void> {
  const { login, parseRegistry } = await import("../../registry/index.ts");
  const { username, password } = await readCredentials(flags);
  const result = await login(
    { registry: parseRegistry(registry ?? "docker.io"), username, password },
    { signal: interruptSignal(), ...(flags.plainHttp ? { plainHttp: true } : {}) },
  );
  if (result.helper === undefined) {
    process.stderr.write(
      `WARNING: the password is stored unencrypted in ${result.file}; a credential helper avoids that\n`,
    );
  }
  process.stderr.write("Login Succeeded\n");
}

async function readCredentials(
  flags: Flags,
): Promise<{ readonly username: string; readonly password: string }> {
  if (flags.passwordStdin && flags.password !== undefined) {
    throw usageError("--password and --password-stdin exclude each other");
  }
  if (flags.username === undefined)
    throw usageError("login needs --username", "add --username NAME --password-stdin");
  if (flags.password !== undefined) return { username: flags.username, password: flags.password };
  if (!flags.passwordStdin) {
    throw usageError(
      "login needs a password",
      "pipe it in: `boxwright login -u NAME --password-stdin REGISTRY < FILE`",
    );
  }
  const { text } = await import("node:stream/consumers");
  return { username: flags.username, password: (await text(process.stdin)).replace(/\r?\n$/, "") };
}
