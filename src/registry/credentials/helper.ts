import { credentialHelperFailed } from "../../errors/registry.ts";
import { clean } from "../failures.ts";
import { ownString, parseJsonObject } from "../json.ts";
import { limits } from "../limits.ts";
import { credentialsFrom } from "./config.ts";
import type { Credentials, Environment } from "./types.ts";

/** What the helpers' protocol (docker-credential-helpers) prints when it knows no such server. */
const notFound = "credentials not found in native keychain";

interface HelperContext {
  readonly helper: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** Asks `docker-credential-<helper>`; undefined if it has nothing for the server. */
export async function getFromHelper(
  context: HelperContext,
  server: string,
): Promise<Credentials | undefined> {
  const result = await runHelper(context, "get", server);
  if (result.exitCode !== 0) {
    if (result.output.includes(notFound)) return undefined;
    throw credentialHelperFailed(
      context.helper,
      clean(result.output.trim(), 300) || "it exited with an error",
    );
  }
  try {
    const answer = parseJsonObject(Buffer.from(result.output, "utf8"));
    return credentialsFrom(ownString(answer, "Username") ?? "", ownString(answer, "Secret") ?? "");
  } catch (cause) {
    throw credentialHelperFailed(context.helper, "what it printed is not JSON", cause);
  }
}

export async function storeInHelper(
  context: HelperContext,
  server: string,
  username: string,
  secret: string,
): Promise<void> {
  const entry = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
  const result = await runHelper(context, "store", entry);
  if (result.exitCode !== 0) {
    throw credentialHelperFailed(
      context.helper,
      clean(result.output.trim(), 300) || "it exited with an error",
    );
  }
}

/** Whether there was something to erase. */
export async function eraseFromHelper(context: HelperContext, server: string): Promise<boolean> {
  if ((await getFromHelper(context, server)) === undefined) return false;
  const result = await runHelper(context, "erase", server);
  if (result.exitCode === 0) return true;
  throw credentialHelperFailed(context.helper, clean(result.output.trim(), 300) || "it exited with an error");
}

async function runHelper(
  context: HelperContext,
  action: "get" | "store" | "erase",
  input: string,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const { helper, environment, signal } = context;
  // The name becomes a part of a command's name, which must not lead elsewhere.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) {
    throw credentialHelperFailed(clean(helper, 64), "its name is not a helper's name");
  }
  const { execa } = await import("execa");
  // A helper may ask its user, so no time limit: the signal ends it.
  const result = await execa(`docker-credential-${helper}`, [action], {
    input,
    env: { ...environment } as Record<string, string>,
    extendEnv: false,
    reject: false,
    cancelSignal: signal,
    maxBuffer: limits.helperOutput,
    stderr: "ignore",
  });
  signal.throwIfAborted();
  if (result.exitCode === undefined) {
    const why =
      result.code === "ENOENT" ? "it is not installed" : (result.code ?? result.signal ?? "no exit code");
    throw credentialHelperFailed(helper, why);
  }
  return { exitCode: result.exitCode, output: result.stdout };
}
