import type { IncomingMessage } from "node:http";
import type { SecureContextOptions } from "node:tls";

/** GETs over https with the limits and the redirect policy of package downloads. */

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Extra certificate authorities (PEM), beside those that Node trusts. */
  readonly certificates: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface GetResponse {
  readonly status: number;
  /** After redirects. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_REDIRECTS = 10;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** https everywhere; plain http to this machine only, for an index that runs on it. */
export function isAllowed(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
}

function parse(text: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw new Error(`not a URL: ${text.slice(0, 200)}`);
  }
  if (!isAllowed(url)) throw new Error(`${url.protocol}//${url.host}: only https is allowed`);
  return url;
}

async function once(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: GetOptions,
): Promise<IncomingMessage> {
  const secure = url.protocol === "https:";
  const { request, Agent } = secure ? await import("node:https") : await import("node:http");
  const { rootCertificates } = await import("node:tls");
  const trust: SecureContextOptions =
    options.certificates === undefined ? {} : { ca: [...rootCertificates, options.certificates] };
  // Node reads HTTPS_PROXY and NO_PROXY itself where it is given the environment.
  const agent = new Agent({ ...(secure ? trust : {}), proxyEnv: process.env } as ConstructorParameters<
    typeof Agent
  >[0]);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { headers, agent, signal: options.signal, timeout: options.timeoutMs },
      resolve,
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${options.timeoutMs / 1000} s`)));
    sent.on("error", reject);
    sent.end();
  });
}

/** Follows redirects itself: credentials stay with the origin that they are for. Throws on a lost connection. */
export async function get(text: string, options: GetOptions): Promise<GetResponse> {
  let url = parse(text);
  let headers = options.headers;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await once(url, headers, options);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status < 300 || status >= 400 || location === undefined) {
      const flat = Object.entries(response.headers).flatMap(([name, value]) =>
        typeof value === "string" ? [[name, value]] : [],
      );
      return {
        status,
        url: url.href,
        headers: Object.fromEntries(flat) as Record<string, string>,
        body: response,
      };
    }
    response.resume();
    const next = parse(location, url);
    if (next.origin !== url.origin) {
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
      );
    }
    url = next;
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
}
