import { httpRedirectRefused } from "../../errors/sources.ts";
import {
  classOfHost,
  type HttpClient,
  type HttpResponse,
  reachFrom,
  redactedAddress,
  resolveLocation,
} from "../../registry/index.ts";

const redirectLimit = 10;

/**
 * GET with redirects: at most ten, never from TLS to plain HTTP, never from a public address to a private one.
 * Credentials go to the first origin only; once away, they do not come back.
 */
export async function follow(
  client: HttpClient,
  start: URL,
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let url = start;
  let trusted = true;
  for (let hops = 0; ; hops += 1) {
    const foreign = url.origin !== start.origin;
    trusted &&= !foreign;
    const answer = await client.send(
      {
        method: "GET",
        url,
        headers: { ...headers, ...(trusted && authorization !== undefined ? { authorization } : {}) },
        ...(foreign ? { reach: reachFrom(await classOfHost(start.hostname)) } : {}),
      },
      signal,
    );
    if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    answer.discard();
    if (hops === redirectLimit) {
      throw httpRedirectRefused(redactedAddress(start), `more than ${redirectLimit} redirects in a row`);
    }
    const next = resolveLocation(answer);
    checkStep(url, next);
    url = next;
  }
}

function checkStep(from: URL, to: URL): void {
  if (to.protocol === "https:") return;
  if (to.protocol !== "http:")
    throw httpRedirectRefused(redactedAddress(from), "that address is not of HTTP");
  if (from.protocol === "https:") {
    throw httpRedirectRefused(redactedAddress(from), "that address is without TLS");
  }
}
