import type { Store } from "../../store/index.ts";
import { readSecret } from "../run/secrets.ts";
import type { BuildOptions, SecretSource } from "../types.ts";

/** What fetching from elsewhere needs of a build. */
export interface RemoteAccess {
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Whether what was fetched by an earlier build counts. */
  readonly noCache: boolean;
  readonly secrets: readonly SecretSource[];
  /** Whether a repository as the build context comes with its `.git` directory. */
  readonly keepGitDir: boolean;
  /** Does work of that key once, so that a build sees one state of what may change while it runs. */
  readonly once: <T>(key: string, work: () => Promise<T>) => Promise<T>;
}

/** What may name a remote source, so that the modules that can tell for sure are not loaded for every COPY. */
export const mayBeRemote = (text: string): boolean => /^[a-z]+:\/\/|^[\w-]+@[\w.-]+:/i.test(text);

/** An address fit for messages, cache keys and histories: without the user name and password of HTTP. */
export const withoutCredentials = (text: string): string => text.replace(/^(https?:\/\/)[^/?#]*@/i, "$1");

const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
const bearer = (token: string) => `Bearer ${token}`;

/** The Authorization header for a git server, from the secrets that BuildKit takes it from. */
export const gitAuthorization = (access: RemoteAccess, host: string): Promise<string | undefined> =>
  fromSecrets(access, [
    [`GIT_AUTH_HEADER.${host}`, undefined],
    [`GIT_AUTH_TOKEN.${host}`, basic],
    ["GIT_AUTH_HEADER", undefined],
    ["GIT_AUTH_TOKEN", basic],
  ]);

/** The Authorization header for a file over HTTP, from the secrets that BuildKit takes it from. */
export const httpAuthorization = (access: RemoteAccess, host: string): Promise<string | undefined> =>
  fromSecrets(access, [
    [`HTTP_AUTH_HEADER_${host}`, undefined],
    [`HTTP_AUTH_TOKEN_${host}`, bearer],
  ]);

async function fromSecrets(
  { secrets }: RemoteAccess,
  names: readonly (readonly [id: string, header: ((token: string) => string) | undefined])[],
): Promise<string | undefined> {
  for (const [id, header] of names) {
    const secret = secrets.find((each) => each.id === id);
    if (secret === undefined) continue;
    const text = Buffer.from(await readSecret(secret))
      .toString("utf8")
      .trim();
    return header === undefined ? text : header(text);
  }
  return undefined;
}

export function remoteAccess(options: BuildOptions, store: Store, signal: AbortSignal): RemoteAccess {
  const done = new Map<string, Promise<unknown>>();
  const kept = options.buildArguments?.["BUILDKIT_CONTEXT_KEEP_GIT_DIR"] ?? "";
  return {
    store,
    signal,
    noCache: options.noCache === true,
    secrets: options.secrets ?? [],
    // Go's strconv.ParseBool, as BuildKit reads it.
    keepGitDir: /^(?:1|t|T|TRUE|true|True)$/.test(kept),
    once<T>(key: string, work: () => Promise<T>) {
      const known = done.get(key) as Promise<T> | undefined;
      if (known !== undefined) return known;
      const started = work();
      done.set(key, started);
      return started;
    },
  };
}
