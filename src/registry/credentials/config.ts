import { invalidCredentialsFile } from "../../errors/registry.ts";
import { isObject, type JsonObject, own, ownString, parseJsonObject } from "../json.ts";
import { limits } from "../limits.ts";
import type { Credentials } from "./types.ts";

/** What a credentials file says: Docker's config.json and Podman's auth.json have the same form. */
export interface CredentialsFile {
  readonly path: string;
  readonly content: JsonObject;
}

export async function readCredentialsFile(path: string): Promise<CredentialsFile | undefined> {
  const bytes = await readBounded(path);
  if (bytes === undefined) return undefined;
  // Docker takes an empty file for one that says nothing.
  if (bytes.length === 0) return { path, content: {} };
  try {
    return { path, content: parseJsonObject(bytes) };
  } catch (cause) {
    throw invalidCredentialsFile(path, cause instanceof Error ? cause.message : "it cannot be read", cause);
  }
}

async function readBounded(path: string): Promise<Uint8Array | undefined> {
  const { readFile, stat } = await import("node:fs/promises");
  try {
    const { size } = await stat(path);
    if (size <= limits.credentialsFile) return await readFile(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    throw invalidCredentialsFile(path, `it cannot be read${code}`, cause);
  }
  throw invalidCredentialsFile(path, `it is larger than ${limits.credentialsFile} bytes`);
}

function isMissing(cause: unknown): boolean {
  if (!(cause instanceof Error) || !("code" in cause)) return false;
  return cause.code === "ENOENT" || cause.code === "ENOTDIR";
}

/** The helper that a file names for a registry: credHelpers before credsStore. */
export function helperFor(file: CredentialsFile, keys: readonly string[]): string | undefined {
  const helpers = own(file.content, "credHelpers");
  const named = isObject(helpers)
    ? keys.map((key) => ownString(helpers, key)).find((name) => name !== undefined && name !== "")
    : undefined;
  return named ?? (ownString(file.content, "credsStore") || undefined);
}

/** The entry of `auths` for the first of `keys` that has one with something in it. */
export function storedCredentials(file: CredentialsFile, keys: readonly string[]): Credentials | undefined {
  const auths = own(file.content, "auths");
  if (!isObject(auths)) return undefined;
  const names = Object.keys(auths);
  for (const key of keys) {
    // Old clients stored addresses; the exact key comes first, as in Docker.
    const matching = [key, ...names.filter((name) => name !== key && hostOf(name) === key)];
    for (const name of matching) {
      const found = readEntry(file.path, name, own(auths, name));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** `https://host/v1/` and `host/v1/` to `host`; a namespace (`host/me`) stays. */
export function hostOf(name: string): string {
  const bare = name.replace(/^https?:\/\//, "");
  return bare === name ? bare.replace(/\/v[12]\/?$/, "") : bare.replace(/\/.*$/, "");
}

function readEntry(path: string, name: string, entry: unknown): Credentials | undefined {
  if (!isObject(entry)) return undefined;
  const identity = ownString(entry, "identitytoken") ?? "";
  if (identity !== "") return { kind: "identity-token", token: identity };
  const registry = ownString(entry, "registrytoken") ?? "";
  if (registry !== "") return { kind: "registry-token", token: registry };
  const encoded = ownString(entry, "auth") ?? "";
  if (encoded === "") {
    return credentialsFrom(ownString(entry, "username") ?? "", ownString(entry, "password") ?? "");
  }
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 1) throw invalidCredentialsFile(path, `the entry of ${JSON.stringify(name)} cannot be decoded`);
  // Docker pads the pair with NUL.
  return credentialsFrom(pair.slice(0, colon), pair.slice(colon + 1).replace(/\0+$/, ""));
}

/** A user named `<token>` is how helpers say that the secret is a refresh token. */
export function credentialsFrom(username: string, secret: string): Credentials | undefined {
  if (username === "" || secret === "") return undefined;
  if (username === "<token>") return { kind: "identity-token", token: secret };
  return { kind: "password", username, password: secret };
}
