/** A registry in this process: a correct one, whose tests replace single answers by hostile ones. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { after } from "node:test";

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  body: Buffer;
}

/** Answers the request itself and returns true, or leaves it to the correct registry. */
export type Intercept = (
  request: RecordedRequest,
  response: ServerResponse,
  incoming: IncomingMessage,
) => boolean | Promise<boolean>;

export interface FakeRegistry {
  /** `127.0.0.1:port`: a registry's name in references. */
  readonly host: string;
  readonly origin: string;
  readonly requests: RecordedRequest[];
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
  /** Uploads that are open. */
  readonly uploads: Map<string, Buffer>;
  /** Requests of that method whose path matches. */
  seen(method: string, path?: RegExp): readonly RecordedRequest[];
}

export const sha256 = (bytes: Uint8Array | string): `sha256:${string}` =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export const readBody = async (incoming: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

export interface FakeOptions {
  readonly intercept?: Intercept;
  /** Called before the body is read: for answers that do not wait for it. Returns true if it answered. */
  readonly early?: (request: RecordedRequest, response: ServerResponse, incoming: IncomingMessage) => boolean;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startFakeRegistry(options: FakeOptions = {}): Promise<FakeRegistry> {
  const registry = new Registry();
  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    serve(registry, options, incoming, response).catch((error) => {
      // A client that goes away in the middle of a body is a part of some tests.
      if (error?.code !== "ECONNRESET") throw error;
    });
  };
  const server: Server =
    options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return Object.assign(registry, {
    host,
    origin: `${options.tls === undefined ? "http" : "https"}://${host}`,
  });
}

async function serve(
  registry: Registry,
  options: FakeOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://fake");
  const request: RecordedRequest = {
    method: incoming.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: Buffer.alloc(0),
  };
  registry.requests.push(request);
  if (options.early?.(request, response, incoming) === true) return;
  request.body = await readBody(incoming);
  if ((await options.intercept?.(request, response, incoming)) === true) return;
  registry.answer(request, response);
}

class Registry {
  readonly requests: RecordedRequest[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  readonly uploads = new Map<string, Buffer>();
  #next = 1;

  seen(method: string, path = /^/): readonly RecordedRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  answer(request: RecordedRequest, response: ServerResponse): true {
    const { path } = request;
    if (path === "/v2/") return send(response, 200);
    const [, name = "", kind = "", rest = ""] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|referrers)\/(.*)$/.exec(path) ?? [];
    if (kind === "blobs/uploads") return this.#upload(request, response, name, rest);
    if (kind === "blobs") return this.#blob(request, response, rest);
    if (kind === "manifests") return this.#manifest(request, response, rest);
    return send(response, 404);
  }

  #blob(request: RecordedRequest, response: ServerResponse, digest: string): true {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) return send(response, 404, {}, errorBody("BLOB_UNKNOWN", "blob unknown"));
    const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    if (start === undefined) return send(response, 200, {}, request.method === "HEAD" ? undefined : bytes);
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return send(response, 206, { "content-range": range }, bytes.subarray(Number(start)));
  }

  #manifest(request: RecordedRequest, response: ServerResponse, key: string): true {
    if (request.method === "PUT") {
      const entry = { type: request.headers["content-type"] ?? "", bytes: request.body };
      this.manifests.set(key, entry);
      this.manifests.set(sha256(request.body), entry);
      return send(response, 201, { "docker-content-digest": sha256(request.body) });
    }
    const found = this.manifests.get(key);
    if (found === undefined)
      return send(response, 404, {}, errorBody("MANIFEST_UNKNOWN", "manifest unknown"));
    return send(response, 200, { "content-type": found.type, etag: `"${sha256(found.bytes)}"` }, found.bytes);
  }

  #upload(request: RecordedRequest, response: ServerResponse, name: string, id: string): true {
    if (request.method === "POST") return this.#open(request, response, name);
    const held = this.uploads.get(id);
    if (held === undefined) return send(response, 404, {}, errorBody("BLOB_UPLOAD_UNKNOWN", "unknown"));
    const location = `/v2/${name}/blobs/uploads/${id}?_state=a%2Bb~c`;
    const range = (size: number) => ({ location, range: `0-${Math.max(0, size - 1)}` });
    if (request.method === "DELETE") {
      this.uploads.delete(id);
      return send(response, 204);
    }
    if (request.method === "GET") return send(response, 204, range(held.length));
    const whole = Buffer.concat([held, request.body]);
    if (request.method === "PATCH") {
      const start = /^(\d+)-\d+$/.exec(request.headers["content-range"] ?? "")?.[1];
      if (Number(start) !== held.length) return send(response, 416, range(held.length));
      this.uploads.set(id, whole);
      return send(response, 202, range(whole.length));
    }
    const digest = request.query.get("digest") ?? "";
    if (digest !== sha256(whole)) return send(response, 400, {}, errorBody("DIGEST_INVALID", "not that"));
    this.uploads.delete(id);
    this.blobs.set(digest, whole);
    return send(response, 201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest });
  }

  #open(request: RecordedRequest, response: ServerResponse, name: string): true {
    const mount = request.query.get("mount") ?? "";
    if (this.blobs.has(mount)) return send(response, 201, { location: `/v2/${name}/blobs/${mount}` });
    const id = `upload-${this.#next}`;
    this.#next += 1;
    this.uploads.set(id, Buffer.alloc(0));
    return send(response, 202, { location: `/v2/${name}/blobs/uploads/${id}?_state=a%2Bb~c` });
  }
}

export const errorBody = (code: string, message: string): string =>
  JSON.stringify({ errors: [{ code, message }] });

/** Ends the answer; the body's length is told. Returns true, as an intercept that has answered does. */
export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array | string = "",
): true {
  const length = response.req.method === "HEAD" ? {} : { "content-length": String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...length, ...headers }).end(body);
  return true;
}

export function sendJson(response: ServerResponse, status: number, value: unknown): true {
  return send(response, status, { "content-type": "application/json" }, JSON.stringify(value));
}
