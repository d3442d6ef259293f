import { badResponse, invalidToken, redirectRefused, refused, unauthorized } from "../errors/registry.ts";
import type { AddressClass } from "./addresses.ts";
import { isLoopbackHost } from "./addresses.ts";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials/types.ts";
import { reportedErrors } from "./failures.ts";
import type { Body, HttpClient, HttpRequest, HttpResponse } from "./http.ts";
import { own, ownString, parseJsonObject } from "./json.ts";
import { limits } from "./limits.ts";
import { parseRetryAfter } from "./retry.ts";
import { formatScopes, type Scopes } from "./scopes.ts";

export interface Token {
  readonly value: string;
  /** Milliseconds from when it was received. */
  readonly lifetime: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  readonly scopes: Scopes;
  readonly credentials: Credentials | undefined;
  /** The registry's own address, which decides where its realm may lie. */
  readonly registry: URL;
  readonly name: string;
  readonly plainHttp: boolean;
  readonly reach: readonly AddressClass[];
}

/** distribution's token specification: a token without `expires_in` lives 60 seconds. */
const defaultLifetime = 60;

/**
 * Asks the realm of a Bearer challenge for a token: GET with Basic or without credentials, or an OAuth2
 * POST where a refresh token is stored (distribution's token and oauth2 specifications).
 */
export async function fetchToken(
  client: HttpClient,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<Token> {
  const realm = checkedRealm(request);
  const answer = await sendWithinOrigin(client, tokenExchange(request, realm), signal);
  if (answer.status === 200) {
    return readToken(answer, await answer.bytes(limits.token, "a token"));
  }
  const exchange = { ...answer.exchange, reported: reportedErrors(await answer.start(limits.errorBody)) };
  if (answer.status === 401 || answer.status === 403) {
    throw unauthorized(request.name, exchange, request.credentials !== undefined);
  }
  throw refused(exchange, parseRetryAfter(answer.headers["retry-after"], answer.headers.date));
}

function checkedRealm(request: TokenRequest): URL {
  const text = request.challenge.parameters.get("realm") ?? "";
  const exchange = { method: "GET", address: request.registry.origin, status: 401 };
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (realm === undefined || (realm.protocol !== "https:" && realm.protocol !== "http:")) {
    throw badResponse(exchange, "its challenge names no address to get a token from");
  }
  if (realm.username !== "" || realm.password !== "") {
    throw badResponse(exchange, "the address of its token server holds a user name");
  }
  const plainAllowed =
    request.registry.protocol === "http:" && (request.plainHttp || isLoopbackHost(realm.hostname));
  if (realm.protocol === "http:" && !plainAllowed) {
    throw redirectRefused(exchange, `its token server ${realm.origin} is without TLS`);
  }
  return realm;
}

function tokenExchange(request: TokenRequest, realm: URL): HttpRequest {
  const { credentials, reach } = request;
  const service = request.challenge.parameters.get("service");
  const scopes = formatScopes(request.scopes);
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "boxwright",
      refresh_token: credentials.token,
      ...(service === undefined ? {} : { service }),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm, headers, body: textBody(form.toString()), reach };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials?.kind !== "password") return { method: "GET", url, headers: {}, reach };
  url.searchParams.set("account", credentials.username);
  return { method: "GET", url, headers: { authorization: basicAuthorization(credentials) }, reach };
}

export function basicAuthorization(credentials: { readonly username: string; readonly password: string }) {
  const pair = `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

function textBody(text: string): Body {
  const bytes = Buffer.from(text, "utf8");
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}

/** Credentials go along only within the realm's own origin, so other redirects end it. */
async function sendWithinOrigin(
  client: HttpClient,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let current = request;
  for (let hops = 0; ; hops += 1) {
    const answer = await client.send(current, signal);
    const location = answer.headers.location;
    if (answer.status < 300 || answer.status > 399 || location === undefined) return answer;
    answer.discard();
    const next = URL.canParse(location, current.url.href) ? new URL(location, current.url) : undefined;
    if (next?.origin !== request.url.origin || request.method !== "GET" || hops >= limits.redirects) {
      throw redirectRefused(answer.exchange, "a token server may redirect only within its own origin");
    }
    current = { ...current, url: next };
  }
}

function readToken(answer: HttpResponse, bytes: Uint8Array): Token {
  try {
    const body = parseJsonObject(bytes);
    // An empty `token` beside an `access_token` is seen in the wild.
    const value = ownString(body, "token") || ownString(body, "access_token") || "";
    if (!/^[\x21-\x7e]+$/.test(value)) throw new Error("it has no token of printable characters");
    const expires = own(body, "expires_in");
    const seconds = typeof expires === "number" && expires > 0 ? expires : defaultLifetime;
    return { value, lifetime: Math.max(seconds, defaultLifetime) * 1000 };
  } catch (cause) {
    throw invalidToken(answer.exchange, cause instanceof Error ? cause.message : "it cannot be read", cause);
  }
}
