import { badResponse, redirectRefused, refused, unauthorized } from "../errors/registry.ts";
import { type AddressClass, classifyAddress, isLoopbackHost, reachFrom } from "./addresses.ts";
import { Authorizer } from "./authorizer.ts";
import { findCredentials } from "./credentials/lookup.ts";
import type { Credentials, Environment } from "./credentials/types.ts";
import { redactedAddress, reportedErrors } from "./failures.ts";
import { type Body, createHttpClient, type HttpClient, type HttpRequest, type HttpResponse } from "./http.ts";
import { limits } from "./limits.ts";
import type { RegistryProgress } from "./progress.ts";
import { parseRetryAfter, type Wait, waitForReal, withRetries } from "./retry.ts";
import type { Scopes } from "./scopes.ts";
import { fetchToken } from "./token.ts";

export interface RegistryOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: RegistryProgress) => void;
  /** Plain HTTP instead of TLS. Default: only where the registry's name is this machine's (localhost). */
  readonly plainHttp?: boolean;
  /** PEM certificates to trust beside none else. Default: those that Node trusts. */
  readonly certificateAuthority?: string;
  /** Instead of what the credentials files say; `anonymous` is never to log in. */
  readonly credentials?: Credentials | "anonymous";
  /** Where credentials files, helpers and proxies are looked for. Default: the process's. */
  readonly environment?: Environment;
  readonly timing?: Partial<Timing>;
}

export interface Timing {
  readonly wait: Wait;
  /** Milliseconds without a byte before an exchange is given up. */
  readonly idleTimeout: number;
  /** Milliseconds that a small answer may take in all. */
  readonly answerTimeout: number;
}

export interface RepositoryRequest {
  readonly method: HttpRequest["method"];
  /** Below the registry's address (`/v2/…`), or an address that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly scopes: Scopes;
  /** Statuses that are answers and not failures. */
  readonly accept: readonly number[];
  /** Three tries on temporary failures; default true. */
  readonly retry?: boolean;
  readonly signal?: AbortSignal;
}

/** One repository of a registry, and what was learnt about talking to it. Close it in the end. */
export interface Repository {
  readonly registry: string;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onProgress: (event: RegistryProgress) => void;
  readonly wait: Wait;
  /** `/v2/<name>/<rest>`. */
  path(rest: string): string;
  request(request: RepositoryRequest): Promise<HttpResponse>;
  close(): void;
}

/** Docker Hub's name in references is not its address. */
const hubHost = "registry-1.docker.io";

const defaultTiming: Timing = { wait: waitForReal, idleTimeout: 60_000, answerTimeout: 120_000 };

/** The address of a registry by its name in a reference. */
export function registryAddress(registry: string, plainHttp: boolean | undefined): URL {
  const host = registry === "docker.io" ? hubHost : registry;
  const plain = plainHttp ?? isLoopbackHost(new URL(`http://${host}/`).hostname);
  return new URL(`${plain ? "http" : "https"}://${host}/`);
}

/**
 * Opens a repository; nothing is sent yet. `name` may be empty for what concerns the registry itself.
 */
export async function openRepository(
  at: { readonly registry: string; readonly repository: string },
  options: RegistryOptions = {},
): Promise<Repository> {
  const timing = { ...defaultTiming, ...options.timing };
  const environment = options.environment ?? process.env;
  const client = await createHttpClient({
    environment,
    idleTimeout: timing.idleTimeout,
    answerTimeout: timing.answerTimeout,
    ...(options.certificateAuthority === undefined
      ? {}
      : { certificateAuthority: options.certificateAuthority }),
  });
  return new Connection(at.registry, at.repository, client, timing, environment, options);
}

class Connection implements Repository {
  readonly registry: string;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onProgress: (event: RegistryProgress) => void;
  readonly wait: Wait;
  readonly #base: URL;
  readonly #client: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #plainHttp: boolean;
  #reach: Promise<readonly AddressClass[]> | undefined;

  constructor(
    registry: string,
    name: string,
    client: HttpClient,
    timing: Timing,
    environment: Environment,
    options: RegistryOptions,
  ) {
    this.registry = registry;
    this.name = name;
    this.signal = options.signal ?? new AbortController().signal;
    this.onProgress = options.onProgress ?? (() => {});
    this.wait = timing.wait;
    this.#base = registryAddress(registry, options.plainHttp);
    this.#client = client;
    this.#plainHttp = options.plainHttp === true;
    const given = options.credentials;
    this.#authorizer = new Authorizer({
      name: registry,
      now: () => performance.now(),
      loadCredentials: async () => {
        if (given === "anonymous") return undefined;
        return given ?? findCredentials(registry, name, environment, this.signal);
      },
      fetchToken: async (challenge, scopes, credentials) =>
        fetchToken(
          client,
          {
            challenge,
            scopes,
            credentials,
            registry: this.#base,
            name: registry,
            plainHttp: this.#plainHttp,
            reach: await this.#reachable(),
          },
          this.signal,
        ),
    });
  }

  path(rest: string): string {
    return this.name === "" ? "/v2/" : `/v2/${this.name}/${rest}`;
  }

  request(request: RepositoryRequest): Promise<HttpResponse> {
    const attempt = () => this.#attempt(request);
    if (request.retry === false) return attempt();
    return withRetries(attempt, {
      signal: request.signal ?? this.signal,
      wait: this.wait,
      onRetry: (error, milliseconds) => this.onProgress({ kind: "retry", error, milliseconds }),
    });
  }

  close(): void {
    this.#client.close();
  }

  async #attempt(request: RepositoryRequest): Promise<HttpResponse> {
    let used = await this.#authorizer.header(request.scopes);
    let answer = await this.#follow(request, used);
    if (answer.status === 401 && answer.url.origin === this.#base.origin) {
      const challenge = answer.headers["www-authenticate"];
      const failed = await describe(answer);
      if (await this.#authorizer.answer(failed, challenge, request.scopes, used)) {
        used = await this.#authorizer.header(request.scopes);
        answer = await this.#follow(request, used);
      } else {
        throw unauthorized(this.registry, failed, await this.#authorizer.hasCredentials());
      }
    }
    if (request.accept.includes(answer.status)) return answer;
    const failed = await describe(answer);
    if (answer.status === 401) {
      throw unauthorized(this.registry, failed, await this.#authorizer.hasCredentials());
    }
    throw refused(failed, parseRetryAfter(answer.headers["retry-after"], answer.headers.date));
  }

  /** The redirect policy: reads may be sent elsewhere, and credentials never leave the registry's origin. */
  async #follow(request: RepositoryRequest, authorization: string | undefined): Promise<HttpResponse> {
    const signal = request.signal ?? this.signal;
    let url = new URL(request.target, this.#base);
    let trusted = true;
    for (let hops = 0; ; hops += 1) {
      // Once away, always away: a way back through a foreign server does not bring the trust back.
      trusted &&= url.origin === this.#base.origin;
      if (url.origin !== this.#base.origin) this.#checkForeign(request, url);
      const answer = await this.#client.send(
        {
          method: request.method,
          url,
          headers: {
            ...request.headers,
            ...(trusted && authorization !== undefined ? { authorization } : {}),
          },
          ...(request.body === undefined ? {} : { body: request.body }),
          ...(url.origin === this.#base.origin ? {} : { reach: await this.#reachable() }),
        },
        signal,
      );
      if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
      answer.discard();
      url = this.#redirected(request, answer, hops);
    }
  }

  #redirected(request: RepositoryRequest, answer: HttpResponse, hops: number): URL {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw redirectRefused(answer.exchange, "only reads may be redirected");
    }
    if (hops >= limits.redirects) {
      throw redirectRefused(answer.exchange, `more than ${limits.redirects} redirects in a row`);
    }
    return resolveLocation(answer);
  }

  #checkForeign(request: RepositoryRequest, url: URL): void {
    const exchange = { method: request.method, address: redactedAddress(url) };
    const plainAllowed = this.#base.protocol === "http:" && (this.#plainHttp || isLoopbackHost(url.hostname));
    if (url.protocol === "https:" || (url.protocol === "http:" && plainAllowed)) return;
    throw redirectRefused(exchange, "that address is without TLS");
  }

  #reachable(): Promise<readonly AddressClass[]> {
    this.#reach ??= classOfHost(this.#base.hostname).then(reachFrom);
    return this.#reach;
  }
}

/** The address in a Location header, which may be relative (RFC 9110, section 10.2.2). */
export function resolveLocation(answer: HttpResponse): URL {
  const location = answer.headers.location;
  if (location === undefined) throw badResponse(answer.exchange, "it has no Location");
  if (!URL.canParse(location, answer.url.href)) {
    throw badResponse(answer.exchange, "its Location is not an address");
  }
  const url = new URL(location, answer.url);
  if (url.username !== "" || url.password !== "") {
    throw badResponse(answer.exchange, "its Location holds a user name");
  }
  return url;
}

async function describe(answer: HttpResponse) {
  return { ...answer.exchange, reported: reportedErrors(await answer.start(limits.errorBody)) };
}

/** A name that does not resolve is behind a proxy, or about to fail: the strictest class. */
export async function classOfHost(hostname: string): Promise<AddressClass> {
  const literal = classifyAddress(hostname);
  if (literal !== undefined) return literal;
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(hostname, { all: true }).catch(() => []);
  const classes = found.map(({ address }) => classifyAddress(address) ?? "public");
  return classes.find((kind) => kind === "public") ?? classes[0] ?? "public";
}
