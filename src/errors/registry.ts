import { BoxwrightError, type ErrorDetails, type SourceRange } from "./index.ts";

/** What a registry says in the `errors` array of its answer (distribution-spec, "Error codes"); cleaned. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
}

/** What is told about the exchange that failed: never headers, query strings or user names. */
export interface FailedExchange {
  readonly method: string;
  /** Origin and path only: queries carry upload states and signatures. */
  readonly address: string;
  readonly status?: number;
  readonly reported?: readonly ReportedError[];
}

interface RegistryErrorDetails extends Omit<ErrorDetails, "exitCode" | "range"> {
  readonly temporary?: boolean;
  /** Milliseconds that the registry asked to wait for. */
  readonly retryAfter?: number;
  readonly exchange?: FailedExchange;
}

/** A failure of the network or of a registry. Redacted: it may be logged as it is. */
export class RegistryError extends BoxwrightError {
  /** Whether the same request may succeed later. */
  readonly temporary: boolean;
  readonly retryAfter: number | undefined;
  readonly exchange: FailedExchange | undefined;

  constructor(details: RegistryErrorDetails, range?: SourceRange) {
    super({ ...details, exitCode: 3, ...(range === undefined ? {} : { range }) });
    this.name = "RegistryError";
    this.temporary = details.temporary ?? false;
    this.retryAfter = details.retryAfter;
    this.exchange = details.exchange;
  }

  override at(range: SourceRange): RegistryError {
    if (this.range !== undefined) return this;
    return new RegistryError(
      {
        code: this.code,
        message: this.message,
        temporary: this.temporary,
        cause: this.cause,
        ...(this.hint === undefined ? {} : { hint: this.hint }),
        ...(this.retryAfter === undefined ? {} : { retryAfter: this.retryAfter }),
        ...(this.exchange === undefined ? {} : { exchange: this.exchange }),
      },
      range,
    );
  }
}

/** A name that is not an image reference: the command line's fault, unless it is placed in a Dockerfile. */
class InvalidReferenceError extends BoxwrightError {
  override at(range: SourceRange): BoxwrightError {
    return new BoxwrightError({
      code: this.code,
      message: this.message,
      range: this.range ?? range,
      exitCode: 1,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    });
  }
}

function shown(text: string): string {
  const cut = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return JSON.stringify(cut);
}

export const invalidReference = (text: string, why: string, hint?: string): BoxwrightError =>
  new InvalidReferenceError({
    code: "REFERENCE_INVALID",
    message: `${shown(text)} is not an image reference: ${why}`,
    hint:
      hint ??
      "a reference is [registry[:port]/]name[:tag][@sha256:digest], for example registry.example.com/me/app:1.0",
    exitCode: 2,
  });

export const unsupportedReferenceDigest = (text: string, algorithm: string): BoxwrightError =>
  new InvalidReferenceError({
    code: "REFERENCE_DIGEST_UNSUPPORTED",
    message: `${shown(text)} is pinned by a ${algorithm} digest, and only sha256 is supported`,
    hint: "pin it by its sha256 digest",
    exitCode: 2,
  });

const where = (exchange: FailedExchange): string => `${exchange.method} ${exchange.address}`;

export const unreachable = (exchange: FailedExchange, why: string, cause: unknown): RegistryError =>
  new RegistryError({
    code: "REGISTRY_UNREACHABLE",
    message: `cannot reach ${exchange.address}: ${why}`,
    hint: "check the registry's name and port, and the network (HTTPS_PROXY and NO_PROXY are honoured)",
    exchange,
    cause,
  });

export const connectionLost = (exchange: FailedExchange, why: string, cause?: unknown): RegistryError =>
  new RegistryError({
    code: "REGISTRY_CONNECTION_LOST",
    message: `the connection was lost during ${where(exchange)}: ${why}`,
    hint: "try again",
    temporary: true,
    exchange,
    cause,
  });

export const timedOut = (exchange: FailedExchange, milliseconds: number): RegistryError =>
  new RegistryError({
    code: "REGISTRY_TIMEOUT",
    message: `nothing came for ${milliseconds} ms during ${where(exchange)}`,
    hint: "try again, or check the network",
    temporary: true,
    exchange,
  });

export const certificateRefused = (exchange: FailedExchange, why: string, cause: unknown): RegistryError =>
  new RegistryError({
    code: "REGISTRY_TLS",
    message: `no trusted TLS connection to ${exchange.address}: ${why}`,
    hint: "add its certificate authority with NODE_EXTRA_CA_CERTS; a registry without TLS must be asked for as such",
    exchange,
    cause,
  });

export const badResponse = (exchange: FailedExchange, what: string, cause?: unknown): RegistryError =>
  new RegistryError({
    code: "REGISTRY_BAD_RESPONSE",
    message: `the answer to ${where(exchange)} breaks the protocol: ${what}`,
    hint: "check that this address is a registry (an OCI distribution server)",
    exchange,
    cause,
  });

export const tooLarge = (exchange: FailedExchange, what: string, limit: number): RegistryError =>
  new RegistryError({
    code: "REGISTRY_TOO_LARGE",
    message: `${what} from ${exchange.address} is larger than ${limit} bytes`,
    exchange,
  });

export const redirectRefused = (exchange: FailedExchange, why: string): RegistryError =>
  new RegistryError({
    code: "REGISTRY_REDIRECT_REFUSED",
    message: `${where(exchange)} sends us elsewhere, which is refused: ${why}`,
    hint: "a registry behind a TLS proxy must know its public address (X-Forwarded-Proto, or its own setting)",
    exchange,
  });

export const privateAddressRefused = (name: string, kind: string): RegistryError =>
  new RegistryError({
    code: "REGISTRY_PRIVATE_ADDRESS",
    message: `the registry sends us to ${name}, a ${kind} address on which it does not live itself`,
    hint: "a registry may name private addresses only if it is on the private network itself",
  });

export const digestMismatch = (address: string, expected: string, actual: string): RegistryError =>
  new RegistryError({
    code: "REGISTRY_DIGEST_MISMATCH",
    message: `${address} has other content than it should: expected ${expected}, got ${actual}`,
    hint: "the content was damaged or replaced on its way; nothing of it was kept",
  });

export const sizeMismatch = (address: string, expected: number, actual: number | string): RegistryError =>
  new RegistryError({
    code: "REGISTRY_SIZE_MISMATCH",
    message: `${address} should have ${expected} bytes, and has ${actual}`,
    hint: "the content was damaged or replaced on its way; nothing of it was kept",
  });

export const contentChanged = (what: string): RegistryError =>
  new RegistryError({
    code: "PUSH_CONTENT_CHANGED",
    message: `${what} changed while it was being pushed`,
    hint: "push it again once it is complete",
  });

export const invalidManifest = (address: string, what: string, cause?: unknown): RegistryError =>
  new RegistryError({
    code: "MANIFEST_INVALID",
    message: `the manifest of ${address} is not valid: ${what}`,
    cause,
  });

export const unsupportedManifest = (address: string, what: string): RegistryError =>
  new RegistryError({
    code: "MANIFEST_UNSUPPORTED",
    message: `the manifest of ${address} cannot be used: ${what}`,
  });

export const platformNotFound = (
  address: string,
  wanted: string,
  offered: readonly string[],
): RegistryError =>
  new RegistryError({
    code: "PLATFORM_NOT_FOUND",
    message: `${address} has no image for ${wanted}`,
    hint: offered.length === 0 ? "its index lists no platform" : `it has ${offered.join(", ")}`,
  });

export const invalidPlatform = (text: string): BoxwrightError =>
  new BoxwrightError({
    code: "PLATFORM_INVALID",
    message: `${shown(text)} is not a platform`,
    hint: "a platform is os/architecture[/variant], for example linux/amd64 or linux/arm64/v8",
  });

export const pushNeedsTag = (address: string): BoxwrightError =>
  new BoxwrightError({
    code: "PUSH_NEEDS_TAG",
    message: `${address} names a digest, and what is pushed gets its digest only then`,
    hint: "push to a name with a tag, for example registry.example.com/me/app:1.0",
    exitCode: 2,
  });

export const notAComponent = (address: string, what: string): RegistryError =>
  new RegistryError({
    code: "NOT_A_COMPONENT",
    message: `${address} does not hold one WebAssembly file: ${what}`,
    hint: "pull takes artifacts with exactly one application/wasm layer",
  });

export const invalidToken = (exchange: FailedExchange, what: string, cause?: unknown): RegistryError =>
  new RegistryError({
    code: "REGISTRY_TOKEN_INVALID",
    message: `the token server ${exchange.address} gave no usable token: ${what}`,
    exchange,
    cause,
  });

export const unauthorized = (
  registry: string,
  exchange: FailedExchange,
  hasCredentials: boolean,
): RegistryError =>
  new RegistryError({
    code: "REGISTRY_UNAUTHORIZED",
    message: hasCredentials
      ? `${registry} does not accept the stored credentials for ${where(exchange)}${said(exchange)}`
      : `${registry} wants a login for ${where(exchange)}, or it does not exist${said(exchange)}`,
    hint: `boxwright login ${registry}`,
    exchange,
  });

export const unsupportedChallenge = (
  registry: string,
  exchange: FailedExchange,
  schemes: readonly string[],
): RegistryError =>
  new RegistryError({
    code: "REGISTRY_AUTH_UNSUPPORTED",
    message:
      schemes.length === 0
        ? `${registry} answers 401 to ${where(exchange)} without saying how to log in`
        : `${registry} wants authentication by ${schemes.join(", ")}, and only Basic and Bearer are supported`,
    exchange,
  });

/** An answer whose status is not among those that the protocol allows for the request. */
export function refused(exchange: FailedExchange, retryAfter?: number): RegistryError {
  const status = exchange.status ?? 0;
  const temporary = [408, 429, 500, 502, 503, 504].includes(status);
  return new RegistryError({
    ...describeStatus(status, exchange),
    temporary,
    exchange,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

function describeStatus(status: number, exchange: FailedExchange) {
  const tail = said(exchange);
  if (status === 403)
    return {
      code: "REGISTRY_FORBIDDEN",
      message: `no permission for ${where(exchange)}${tail}`,
      hint: "log in with an account that may do this",
    };
  if (status === 404)
    return {
      code: "REGISTRY_NOT_FOUND",
      message: `${exchange.address} does not exist${tail}`,
      hint: "check the name and the tag",
    };
  if (status === 429)
    return {
      code: "REGISTRY_RATE_LIMITED",
      message: `the registry refuses ${where(exchange)} for now: too many requests${tail}`,
      hint: "wait, or log in: anonymous limits are often lower",
    };
  if (status >= 500)
    return {
      code: "REGISTRY_SERVER_ERROR",
      message: `the registry failed ${where(exchange)} with status ${status}${tail}`,
      hint: "try again later",
    };
  return { code: "REGISTRY_REFUSED", message: `${where(exchange)} was refused with status ${status}${tail}` };
}

function said(exchange: FailedExchange): string {
  const reported = exchange.reported ?? [];
  if (reported.length === 0) return "";
  const texts = reported.slice(0, 3).map((error) => `${error.code}: ${error.message}`);
  return ` (${texts.join("; ")})`;
}

export const invalidCredentialsFile = (path: string, what: string, cause?: unknown): BoxwrightError =>
  new BoxwrightError({
    code: "CREDENTIALS_FILE_INVALID",
    message: `the credentials file ${path} cannot be used: ${what}`,
    hint: "mend or remove it; boxwright login writes a new one",
    cause,
  });

export const credentialHelperFailed = (helper: string, what: string, cause?: unknown): BoxwrightError =>
  new BoxwrightError({
    code: "CREDENTIAL_HELPER_FAILED",
    message: `the credential helper docker-credential-${helper} failed: ${what}`,
    hint: "install it, or take it out of credsStore and credHelpers in the credentials file",
    cause,
  });

export const invalidCredentials = (what: string): BoxwrightError =>
  new BoxwrightError({ code: "CREDENTIALS_INVALID", message: what, exitCode: 2 });
