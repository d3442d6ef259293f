import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Digest } from "../../filesystem/types.ts";
import type { Store } from "../../store/types.ts";
import { explain, failedRequirement, normalizeName, type UnusablePackage } from "./diagnosis.ts";
import { readHostConfiguration } from "./host-configuration.ts";
import { type GetResponse, get } from "./http.ts";
import { type IndexFile, isIndexPage, parseIndexPage } from "./index-page.ts";
import type { PackageReply, PackageRequest } from "./types.ts";

/** What fetches packages for one build step, on the thread that has the network. */
export interface PackageProvider {
  readonly configuration: () => Promise<string>;
  readonly fetch: (request: PackageRequest, signal: AbortSignal) => Promise<PackageReply>;
  /** Why pip, which printed this, could not install; undefined where it is not for want of a wheel. */
  readonly diagnose: (output: string) => UnusablePackage | undefined;
  /** The first request that failed for another reason than the server's answer, and that reason. */
  readonly failure: () => { readonly url: string; readonly reason: unknown } | undefined;
}

const MAX_PAGE = 64 * 1024 * 1024;
const MAX_FILE = 2 * 1024 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
const RETRIES = 2;
/** A page is not asked for again for this long at most, however long its server would allow. */
const MAX_FRESH_SECONDS = 600;
const PAGE_RECORD = "package-page";

interface CachedPage {
  readonly url: string;
  readonly contentType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly etag: string | undefined;
  /** Milliseconds since 1970. */
  readonly freshUntil: number;
}

function parseCachedPage(value: unknown): CachedPage | undefined {
  const { url, contentType, digest, size, etag, freshUntil } = (value ?? {}) as Record<string, unknown>;
  if (typeof url !== "string" || typeof contentType !== "string") return undefined;
  if (typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined;
  if (typeof size !== "number" || typeof freshUntil !== "number") return undefined;
  return {
    url,
    contentType,
    digest: digest as Digest,
    size,
    freshUntil,
    etag: typeof etag === "string" ? etag : undefined,
  };
}

async function* limited(body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    yield chunk;
  }
}

const unreachable = (message: string): PackageReply => ({ kind: "unreachable", message });

/** The network, through the store's cache. Pages live for a while, files for ever: they are named by their sha256. */
export function createPackageProvider(store: Store): PackageProvider {
  const files = new Map<string, IndexFile>();
  let failure: { readonly url: string; readonly reason: unknown } | undefined;
  const projects = new Map<string, readonly IndexFile[]>();
  let host: ReturnType<typeof readHostConfiguration> | undefined;
  let certificates: Promise<string | undefined> | undefined;
  const configuration = () => {
    host ??= readHostConfiguration();
    return host;
  };

  async function readCertificates(): Promise<string | undefined> {
    const { certificateFile } = await configuration();
    return certificateFile === undefined ? undefined : readFile(certificateFile, "utf8");
  }

  async function request(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<GetResponse> {
    certificates ??= readCertificates();
    const options = { headers, certificates: await certificates, timeoutMs: TIMEOUT_MS, signal };
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await get(url, options);
        if (attempt >= RETRIES || ![429, 500, 502, 503, 504].includes(response.status)) return response;
      } catch (error) {
        if (attempt >= RETRIES || signal.aborted) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000 * 3 ** attempt));
    }
  }

  async function remember(page: CachedPage): Promise<void> {
    const text = new TextDecoder().decode(await store.readBlob(page.digest, MAX_PAGE));
    const listed = await parseIndexPage(text, page.contentType, page.url);
    for (const file of listed) files.set(file.url, file);
    const project = /\/([^/]+)\/?$/.exec(new URL(page.url).pathname)?.[1];
    if (project !== undefined) projects.set(normalizeName(project), listed);
  }

  const reply = (page: CachedPage): PackageReply => ({
    kind: "response",
    status: 200,
    url: page.url,
    contentType: page.contentType,
    digest: page.digest,
    size: page.size,
  });

  async function fetchOther(wanted: PackageRequest, signal: AbortSignal): Promise<PackageReply> {
    const { url, accept, authorization } = wanted;
    const key = createHash("sha256")
      .update([url, accept, authorization ?? ""].join("\n"))
      .digest("hex");
    const cached = parseCachedPage(await store.readRecord(PAGE_RECORD, key));
    const usable = cached !== undefined && (await store.hasBlob(cached.digest)) ? cached : undefined;
    if (usable !== undefined && usable.freshUntil > Date.now()) {
      await remember(usable);
      return reply(usable);
    }
    const response = await request(
      url,
      {
        accept,
        "user-agent": "boxwright",
        "accept-encoding": "identity",
        ...(authorization === undefined ? {} : { authorization }),
        ...(usable?.etag === undefined ? {} : { "if-none-match": usable.etag }),
      },
      signal,
    );
    const freshUntil = Date.now() + freshSeconds(response.headers["cache-control"]) * 1000;
    if (response.status === 304 && usable !== undefined) {
      for await (const _ of limited(response.body, MAX_PAGE));
      const page = { ...usable, freshUntil };
      await store.writeRecord(PAGE_RECORD, key, page);
      await remember(page);
      return reply(page);
    }
    const contentType = response.headers["content-type"] ?? "application/octet-stream";
    const isPage = isIndexPage(contentType);
    const { digest, size } = await store.writeBlob(limited(response.body, isPage ? MAX_PAGE : MAX_FILE));
    const page: CachedPage = {
      url: response.url,
      contentType,
      digest,
      size,
      etag: response.headers["etag"],
      freshUntil,
    };
    if (response.status === 200 && isPage) {
      await store.writeRecord(PAGE_RECORD, key, page);
      await remember(page);
    }
    return { ...reply(page), status: response.status } as PackageReply;
  }

  async function fetchFile(
    file: IndexFile,
    sha256: string,
    wanted: PackageRequest,
    signal: AbortSignal,
  ): Promise<PackageReply> {
    const digest: Digest = `sha256:${sha256}`;
    const contentType = "application/octet-stream";
    const known = await store.blobSize(digest);
    if (known !== undefined)
      return { kind: "response", status: 200, url: file.url, contentType, digest, size: known };
    const { authorization } = wanted;
    const headers = {
      "user-agent": "boxwright",
      "accept-encoding": "identity",
      ...(authorization === undefined ? {} : { authorization }),
    };
    const response = await request(file.url, headers, signal);
    const body = limited(response.body, MAX_FILE);
    // writeBlob verifies the digest before the blob is there.
    const written = await store.writeBlob(body, response.status === 200 ? { digest } : undefined);
    return { kind: "response", status: response.status, url: file.url, contentType, ...written };
  }

  return {
    configuration: async () => (await configuration()).text,
    async fetch(wanted, signal) {
      try {
        const url = wanted.url.replace(/#.*$/s, "");
        const file = files.get(url);
        if (file?.sha256 !== undefined) return await fetchFile(file, file.sha256, wanted, signal);
        return await fetchOther({ ...wanted, url }, signal);
      } catch (error) {
        failure ??= { url: withoutCredentials(wanted.url), reason: error };
        return unreachable((error as Error).message);
      }
    },
    failure: () => failure,
    diagnose(output) {
      const requirement = failedRequirement(output);
      if (requirement === undefined) return undefined;
      const listed = projects.get(normalizeName(requirement.name));
      if (listed !== undefined) return explain(requirement, listed);
      // Of no index: a directory or an archive of the user's own.
      const { name, version } = requirement;
      return requirement.built ? { name, version, reason: "local", found: [] } : undefined;
    },
  };
}

/** For messages: the address without what a user may have put before the host or after the path. */
function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return "an address that is none";
  const { origin, pathname } = new URL(text);
  return origin + pathname;
}

function freshSeconds(cacheControl: string | undefined): number {
  if (cacheControl === undefined || /no-store|no-cache/.test(cacheControl)) return 0;
  return Math.min(Number(/max-age=(\d+)/.exec(cacheControl)?.[1] ?? 0), MAX_FRESH_SECONDS);
}
