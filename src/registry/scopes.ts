import { limits } from "./limits.ts";

/**
 * What a token allows: actions by resource (`repository:me/app` → pull, push), as in the token
 * authentication specification of distribution.
 */
export type Scopes = ReadonlyMap<string, ReadonlySet<string>>;

export const noScopes: Scopes = new Map();

export function repositoryScope(repository: string, ...actions: readonly string[]): Scopes {
  return new Map([[`repository:${repository}`, new Set(actions)]]);
}

/** Reads a challenge's `scope`: `type:name:action,action`, divided by spaces. Ill-formed ones are left out. */
export function parseScopes(text: string): Scopes {
  const words = text.split(" ").filter((word) => word !== "" && word.length <= limits.scopeLength);
  return words.slice(0, limits.scopes).reduce<Scopes>((scopes, word) => {
    // A name may hold colons (a host with a port): the actions are what follows the last one.
    const colon = word.lastIndexOf(":");
    if (colon <= word.indexOf(":")) return scopes;
    const actions = word
      .slice(colon + 1)
      .split(",")
      .filter((action) => action !== "");
    return mergeScopes(scopes, new Map([[word.slice(0, colon), new Set(actions)]]));
  }, noScopes);
}

export function mergeScopes(left: Scopes, right: Scopes): Scopes {
  const merged = new Map(left);
  for (const [resource, actions] of right) {
    merged.set(resource, new Set([...(merged.get(resource) ?? []), ...actions]));
  }
  return merged;
}

export function coversScopes(granted: Scopes, wanted: Scopes): boolean {
  return [...wanted].every(([resource, actions]) => {
    const have = granted.get(resource);
    return have?.has("*") === true || [...actions].every((action) => have?.has(action) === true);
  });
}

/** In a fixed order. */
export function formatScopes(scopes: Scopes): readonly string[] {
  return [...scopes].map(([resource, actions]) => `${resource}:${[...actions].sort().join(",")}`).sort();
}
