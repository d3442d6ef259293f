import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from "node:http";
import type { LookupFunction } from "node:net";
import { pipeline, Readable } from "node:stream";
import { type FailedExchange, privateAddressRefused, timedOut, tooLarge } from "../errors/registry.ts";
import { type AddressClass, classifyAddress } from "./addresses.ts";
import { networkFailure, redactedAddress } from "./failures.ts";
import { limits } from "./limits.ts";

/** A request's body: of known size, and to be opened again for another try. */
export interface Body {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Classes of addresses that may be connected to; everything if undefined. */
  readonly reach?: readonly AddressClass[];
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly url: URL;
  /** What errors about this exchange tell. */
  readonly exchange: FailedExchange;
  /** Streams the body; a lost connection and a stall are coded errors. Must be consumed or discarded. */
  body(): AsyncGenerator<Uint8Array>;
  /** The whole body, or REGISTRY_TOO_LARGE. */
  bytes(limit: number, what: string): Promise<Uint8Array>;
  /** The body's first `limit` bytes; the rest is thrown away. */
  start(limit: number): Promise<Uint8Array>;
  discard(): void;
}

export interface HttpOptions {
  readonly certificateAuthority?: string;
  /** Proxies are taken from it (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds without a byte before an exchange is given up. */
  readonly idleTimeout: number;
  /** Milliseconds that a small answer (not a blob) may take in all. */
  readonly answerTimeout: number;
}

/** One HTTP exchange at a time: no redirects, no retries, no authentication, no decompression. */
export interface HttpClient {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  close(): void;
}

/** node:http and node:https are loaded here and not at start-up: most commands never need them. */
export async function createHttpClient(options: HttpOptions): Promise<HttpClient> {
  const [http, https] = await Promise.all([import("node:http"), import("node:https")]);
  const shared = { keepAlive: true, maxSockets: 8, proxyEnv: options.environment };
  const plainAgent = new http.Agent(shared);
  const authority = options.certificateAuthority;
  const secureAgent = new https.Agent({ ...shared, ...(authority === undefined ? {} : { ca: authority }) });

  const open = (url: URL, settings: RequestOptions): ClientRequest =>
    url.protocol === "https:"
      ? https.request(url, { ...settings, agent: secureAgent })
      : http.request(url, { ...settings, agent: plainAgent });

  return {
    send: (request, signal) => exchange(open, request, signal, options),
    close() {
      plainAgent.destroy();
      secureAgent.destroy();
    },
  };
}

function exchange(
  open: (url: URL, settings: RequestOptions) => ClientRequest,
  request: HttpRequest,
  signal: AbortSignal,
  options: HttpOptions,
): Promise<HttpResponse> {
  const { url, reach } = request;
  const failed: FailedExchange = { method: request.method, address: redactedAddress(url) };
  signal.throwIfAborted();
  if (reach !== undefined) checkLiteral(url, reach);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(failure(cause, failed, signal));
    const outgoing = open(url, {
      method: request.method,
      headers: requestHeaders(request),
      maxHeaderSize: limits.responseHeaders,
      timeout: options.idleTimeout,
      signal,
      ...(reach === undefined ? {} : { lookup: guardedLookup(url.hostname, reach) }),
    });
    outgoing.on("timeout", () => outgoing.destroy(timedOut(failed, options.idleTimeout)));
    outgoing.on("error", fail);
    outgoing.on("response", (incoming) => {
      resolve(
        response(
          request,
          outgoing,
          incoming,
          { ...failed, status: incoming.statusCode ?? 0 },
          signal,
          options,
        ),
      );
    });
    sendBody(request.body, outgoing, fail);
  });
}

function requestHeaders(request: HttpRequest): Record<string, string> {
  const needsLength = request.body !== undefined || ["POST", "PUT", "PATCH"].includes(request.method);
  return {
    "user-agent": "boxwright",
    // Bytes must be those that the digest names.
    "accept-encoding": "identity",
    ...request.headers,
    ...(needsLength ? { "content-length": String(request.body?.size ?? 0) } : {}),
  };
}

function sendBody(body: Body | undefined, outgoing: ClientRequest, fail: (cause: unknown) => void): void {
  if (body === undefined || body.size === 0) {
    outgoing.end();
    return;
  }
  // An answer may come before the body is sent whole (401, 413): then the request is torn down, which
  // ends the pipeline with an error that says nothing new (the promise is settled by then).
  pipeline(Readable.from(body.open()), outgoing, (cause) => {
    if (cause != null) fail(cause);
  });
}

function response(
  request: HttpRequest,
  outgoing: ClientRequest,
  incoming: IncomingMessage,
  failed: FailedExchange,
  signal: AbortSignal,
  options: HttpOptions,
): HttpResponse {
  let broken: unknown;
  // Also keeps an error that comes between the headers and the reading of the body from being unhandled.
  incoming.on("error", (cause) => {
    broken = cause;
  });
  outgoing.on("error", (cause) => {
    broken = cause;
    incoming.destroy(cause);
  });
  const discard = () => {
    // A short rest is read to its end, so that the connection can serve the next request.
    if (outgoing.writableFinished && isShort(request, incoming)) incoming.resume();
    else outgoing.destroy();
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of incoming) yield chunk as Uint8Array;
      if (!incoming.complete) throw broken ?? new Error("the answer ended early");
    } catch (cause) {
      throw failure(broken ?? cause, failed, signal);
    } finally {
      if (!incoming.complete || !outgoing.writableFinished) discard();
    }
  }
  const collect = async (limit: number, whole: string | undefined): Promise<Uint8Array> => {
    const deadline = setTimeout(
      () => outgoing.destroy(timedOut(failed, options.answerTimeout)),
      options.answerTimeout,
    );
    try {
      return await collectBytes(body(), limit, () => {
        if (whole !== undefined) throw tooLarge(failed, whole, limit);
      });
    } finally {
      clearTimeout(deadline);
    }
  };
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    url: request.url,
    exchange: failed,
    body,
    bytes: (limit, what) => collect(limit, what),
    start: (limit) => collect(limit, undefined),
    discard,
  };
}

function isShort(request: HttpRequest, incoming: IncomingMessage): boolean {
  if (request.method === "HEAD" || incoming.statusCode === 204) return true;
  return Number(incoming.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= limits.errorBody;
}

async function collectBytes(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  onMore: () => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > limit) {
      onMore();
      break;
    }
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

function failure(cause: unknown, failed: FailedExchange, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : networkFailure(failed, cause);
}

function checkLiteral(url: URL, reach: readonly AddressClass[]): void {
  const kind = classifyAddress(url.hostname);
  if (kind !== undefined && !reach.includes(kind)) throw privateAddressRefused(url.hostname, kind);
}

/**
 * Checks addresses as they are connected to, so that a name which changes its mind between a check and the
 * connection gains nothing. With a proxy the agent looks up the proxy's name, which is the user's own.
 */
function guardedLookup(guarded: string, reach: readonly AddressClass[]): LookupFunction {
  return async (hostname, lookupOptions, callback) => {
    const { lookup } = await import("node:dns");
    lookup(hostname, { ...lookupOptions, all: true }, (error, found) => {
      if (error !== null) return callback(error, "", 0);
      const refused = found
        .map(({ address }) => classifyAddress(address))
        .find((kind) => kind !== undefined && !reach.includes(kind));
      if (hostname === guarded && refused !== undefined) {
        return callback(privateAddressRefused(hostname, refused), "", 0);
      }
      if (lookupOptions.all === true) return callback(null, found);
      const first = found[0];
      return callback(null, first?.address ?? "", first?.family ?? 0);
    });
  };
}
