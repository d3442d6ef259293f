import { createHash } from "node:crypto";
import { refused } from "../../errors/registry.ts";
import {
  httpChecksumInvalid,
  httpChecksumMismatch,
  httpTooLarge,
  httpTooSlow,
} from "../../errors/sources.ts";
import type { Digest, FileContent } from "../../filesystem/types.ts";
import {
  createHttpClient,
  type HttpResponse,
  parseRetryAfter,
  redactedAddress,
  type Wait,
  waitForReal,
  withRetries,
} from "../../registry/index.ts";
import { isDigest, type Store } from "../../store/index.ts";
import type { FetchedFile, HttpRecord } from "../types.ts";
import { inOwnWords } from "./failures.ts";
import { follow } from "./follow.ts";
import { nameOf, parseAddress, parseHttpDate } from "./name.ts";

export interface FetchHttpOptions {
  readonly url: string;
  /** ADD --checksum: `sha256:…`. */
  readonly checksum?: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  /** What the last fetch of this address gave: the server is asked whether it is still right. */
  readonly cachedAs?: HttpRecord;
  /** Instead of what the address says; sent to its own origin only. */
  readonly authorization?: string;
  /** Proxies are taken from it (HTTPS_PROXY, HTTP_PROXY, NO_PROXY); default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** PEM certificates to trust beside none else. Default: those that Node trusts. */
  readonly certificateAuthority?: string;
  /** How many bytes have come so far. */
  readonly onProgress?: (bytes: number) => void;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds without a byte. */
  readonly idle: number;
  /** Milliseconds for all of it, with its redirects and second tries. */
  readonly total: number;
  readonly wait: Wait;
}

const defaults: HttpLimits = {
  size: 16 * 1024 * 1024 * 1024,
  idle: 60_000,
  total: 60 * 60 * 1000,
  wait: waitForReal,
};

/**
 * The file at an address, in the store: as its bytes were sent, never decoded or unpacked. Three tries in all if
 * the network or the server fails. A content that was cached and has the wanted checksum is not asked for again.
 * Throws HTTP_… errors (docs/sources.md lists them) and the store's.
 */
export async function fetchHttp(options: FetchHttpOptions): Promise<FetchedFile> {
  const checksum = parseChecksum(options.checksum);
  const url = parseAddress(options.url);
  const cached = await usable(options);
  if (cached !== undefined && cached.content.sha256 === checksum) return unchanged(url, cached);

  const limits = { ...defaults, ...options.limits };
  const address = redactedAddress(url);
  const deadline = AbortSignal.timeout(limits.total);
  const signal = AbortSignal.any([options.signal, deadline]);
  const client = await createHttpClient({
    environment: options.environment ?? process.env,
    idleTimeout: limits.idle,
    answerTimeout: limits.idle,
    ...(options.certificateAuthority === undefined
      ? {}
      : { certificateAuthority: options.certificateAuthority }),
  });
  try {
    const attempt = () => fetchOnce(url, cached, checksum, { ...options, signal, limits });
    return await withRetries(attempt, { signal, wait: limits.wait, onRetry: () => {} });
  } catch (error) {
    options.signal.throwIfAborted();
    throw deadline.aborted ? httpTooSlow(address, limits.total) : inOwnWords(address, error);
  } finally {
    client.close();
  }

  async function fetchOnce(
    from: URL,
    known: HttpRecord | undefined,
    wanted: Digest | undefined,
    work: FetchHttpOptions & { readonly limits: HttpLimits },
  ): Promise<FetchedFile> {
    const { bare, authorization } = credentialsOf(from, work.authorization);
    const answer = await follow(client, bare, conditions(known), authorization, work.signal);
    if (answer.status === 304 && known !== undefined) {
      answer.discard();
      return check(unchanged(from, known), wanted);
    }
    if (answer.status !== 200 && answer.status !== 203) {
      answer.discard();
      // Which statuses are worth another try is known there.
      throw refused(answer.exchange, parseRetryAfter(answer.headers["retry-after"], answer.headers.date));
    }
    const content = await save(answer, wanted, work);
    return fetched(from, content, {
      url: work.url,
      etag: answer.headers.etag,
      lastModified: answer.headers["last-modified"],
      content,
    });
  }

  function check(file: FetchedFile, wanted: Digest | undefined): FetchedFile {
    const actual = file.content.sha256;
    if (wanted !== undefined && actual !== wanted) throw httpChecksumMismatch(address, wanted, actual);
    return file;
  }
}

function parseChecksum(checksum: string | undefined): Digest | undefined {
  if (checksum !== undefined && !isDigest(checksum)) throw httpChecksumInvalid(checksum);
  return checksum;
}

/** A record of this very address whose content is still in the store. */
async function usable({ cachedAs, url, store }: FetchHttpOptions): Promise<HttpRecord | undefined> {
  if (cachedAs === undefined || cachedAs.url !== url) return undefined;
  return (await store.hasBlob(cachedAs.content.blob)) ? cachedAs : undefined;
}

/** If-None-Match wins over If-Modified-Since where both are understood (RFC 9110, section 13.2.2). */
function conditions(record: HttpRecord | undefined): Record<string, string> {
  return {
    ...(record?.etag === undefined ? {} : { "if-none-match": record.etag }),
    ...(record?.lastModified === undefined ? {} : { "if-modified-since": record.lastModified }),
  };
}

function credentialsOf(url: URL, given: string | undefined) {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  if (given !== undefined || (url.username === "" && url.password === ""))
    return { bare, authorization: given };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { bare, authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** A content that is not the wanted one does not get into the store. */
async function save(
  answer: HttpResponse,
  wanted: Digest | undefined,
  { store, limits, onProgress }: FetchHttpOptions & { readonly limits: HttpLimits },
): Promise<FileContent> {
  const { address } = answer.exchange;
  const hash = createHash("sha256");
  let position = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (Number(answer.headers["content-length"] ?? 0) > limits.size) throw httpTooLarge(address, limits.size);
    for await (const chunk of answer.body()) {
      position += chunk.length;
      if (position > limits.size) throw httpTooLarge(address, limits.size);
      if (wanted !== undefined) hash.update(chunk);
      onProgress?.(position);
      yield chunk;
    }
    const actual = wanted === undefined ? undefined : `sha256:${hash.digest("hex")}`;
    if (wanted !== undefined && actual !== wanted) throw httpChecksumMismatch(address, wanted, `${actual}`);
  }
  try {
    const { digest, size } = await store.writeBlob(chunks());
    return { blob: digest, offset: 0, size, sha256: digest };
  } catch (error) {
    answer.discard();
    throw error;
  }
}

const fetched = (url: URL, content: FileContent, record: HttpRecord): FetchedFile => ({
  content,
  name: nameOf(url),
  mtime: parseHttpDate(record.lastModified),
  mode: 0o600,
  unchanged: false,
  record,
});

const unchanged = (url: URL, record: HttpRecord): FetchedFile => ({
  ...fetched(url, record.content, record),
  unchanged: true,
});
