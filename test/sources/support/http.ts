import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";
import { type FetchHttpOptions, fetchHttp } from "../../../src/sources/index.ts";
import { never, temporaryStore } from "./index.ts";

export interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

export interface HttpServer {
  readonly origin: string;
  readonly port: number;
  readonly seen: Seen[];
}

/** `answer` is called for each request, with the number of those before it. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<HttpServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", headers: request.headers });
    answer(request, response, seen.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, seen };
}

/** No pause is waited for, and nothing of this machine's environment is seen. */
export async function get(url: string, extra: Partial<FetchHttpOptions> = {}) {
  const store = extra.store ?? (await temporaryStore());
  const limits = { wait: async () => {}, ...extra.limits };
  return fetchHttp({ url, signal: never(), environment: {}, ...extra, store, limits });
}
