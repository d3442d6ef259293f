import type { FailedExchange } from "../errors/registry.ts";
import { unsupportedChallenge } from "../errors/registry.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials/types.ts";
import { coversScopes, mergeScopes, noScopes, parseScopes, type Scopes } from "./scopes.ts";
import { basicAuthorization, type Token } from "./token.ts";

export interface AuthorizerOptions {
  /** How errors call the registry. */
  readonly name: string;
  /** Called once, at the first challenge: helpers may ask the user. */
  readonly loadCredentials: () => Promise<Credentials | undefined>;
  readonly fetchToken: (
    challenge: Challenge,
    scopes: Scopes,
    credentials: Credentials | undefined,
  ) => Promise<Token>;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

interface GrantedToken {
  readonly value: string;
  readonly scopes: Scopes;
  readonly expires: number;
}

/**
 * What to put into Authorization for one registry. Learns from its challenges; a token's scopes only grow,
 * so that a push after a pull asks once more and keeps what it had.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #credentials: Promise<Credentials | undefined> | undefined;
  #challenge: Challenge | undefined;
  #token: GrantedToken | undefined;
  /** Requests at the same time wait for one token instead of each fetching its own. */
  #pending: Promise<unknown> = Promise.resolve();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header for a request that needs `scopes`, or undefined as long as nothing was asked for. */
  async header(scopes: Scopes): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const credentials = await this.#load();
    if (challenge.scheme === "basic") {
      return credentials?.kind === "password" ? basicAuthorization(credentials) : undefined;
    }
    if (credentials?.kind === "registry-token") return `Bearer ${credentials.token}`;
    return `Bearer ${await this.#tokenFor(challenge, scopes, credentials)}`;
  }

  /**
   * Takes in a 401. Returns whether it is worth asking again: false if the same answer would be given.
   * `used` is the header that was refused.
   */
  async answer(
    exchange: FailedExchange,
    header: string | undefined,
    scopes: Scopes,
    used: string | undefined,
  ): Promise<boolean> {
    const challenges = parseChallenges(header ?? "");
    const credentials = await this.#load();
    const challenge =
      challenges.find(({ scheme }) => scheme === "bearer") ??
      challenges.find(({ scheme }) => scheme === "basic");
    if (challenge === undefined) {
      const schemes = challenges.map(({ scheme }) => scheme);
      throw unsupportedChallenge(this.#options.name, exchange, schemes);
    }
    this.#challenge = challenge;
    if (challenge.scheme === "bearer" && credentials?.kind !== "registry-token") {
      const asked = parseScopes(challenge.parameters.get("scope") ?? "");
      // The refused token is of no use: it has run out, or lacks what the challenge names.
      if (this.#token !== undefined && used === `Bearer ${this.#token.value}`) {
        this.#token = { ...this.#token, expires: Number.NEGATIVE_INFINITY };
      }
      await this.#tokenFor(challenge, mergeScopes(scopes, asked), credentials);
    }
    return (await this.header(scopes)) !== used;
  }

  async hasCredentials(): Promise<boolean> {
    return (await this.#load()) !== undefined;
  }

  #load(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#options.loadCredentials();
    return this.#credentials;
  }

  #tokenFor(challenge: Challenge, scopes: Scopes, credentials: Credentials | undefined): Promise<string> {
    const next = this.#pending.then(async () => {
      const held = this.#token;
      const fresh = held !== undefined && held.expires > this.#options.now();
      if (fresh && coversScopes(held.scopes, scopes)) return held.value;
      const wanted = mergeScopes(held?.scopes ?? noScopes, scopes);
      const started = this.#options.now();
      const token = await this.#options.fetchToken(challenge, wanted, credentials);
      this.#token = { value: token.value, scopes: wanted, expires: started + token.lifetime };
      return token.value;
    });
    this.#pending = next.catch(() => undefined);
    return next;
  }
}
