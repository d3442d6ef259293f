import { helperFor, readCredentialsFile, storedCredentials } from "./config.ts";
import { getFromHelper } from "./helper.ts";
import { credentialsFiles } from "./places.ts";
import type { Credentials, Environment } from "./types.ts";

const hubKey = "https://index.docker.io/v1/";

/** The key that Docker stores a registry's credentials under. */
export function credentialsKey(registry: string): string {
  return registry === "docker.io" ? hubKey : registry;
}

/** All keys that may mean the registry itself, strongest first. */
export function registryKeys(registry: string): readonly string[] {
  return registry === "docker.io"
    ? [hubKey, "index.docker.io", "docker.io", "registry-1.docker.io"]
    : [registry];
}

/** Podman's namespaced keys, most specific first, then the registry's. */
function keysOf(registry: string, repository: string): readonly string[] {
  const parts = repository === "" ? [] : repository.split("/");
  const namespaces = parts.map((_, index) => [registry, ...parts.slice(0, parts.length - index)].join("/"));
  return [...namespaces, ...registryKeys(registry)];
}

/**
 * Looks through the credentials files in order; within each, credHelpers come before credsStore and that
 * before auths. A helper that has nothing does not end the search; one that fails does.
 */
export async function findCredentials(
  registry: string,
  repository: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  for (const path of credentialsFiles(environment)) {
    const file = await readCredentialsFile(path);
    if (file === undefined) continue;
    const helper = helperFor(file, registryKeys(registry));
    const held =
      helper === undefined
        ? undefined
        : await getFromHelper({ helper, environment, signal }, credentialsKey(registry));
    const found = held ?? storedCredentials(file, keysOf(registry, repository));
    if (found !== undefined) return found;
  }
  return undefined;
}
