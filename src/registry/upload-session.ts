import { badResponse } from "../errors/registry.ts";
import { isDigest } from "../store/index.ts";
import { type BlobSource, bodyOf } from "./blob-source.ts";
import { type Repository, resolveLocation } from "./connection.ts";
import type { Body, HttpResponse } from "./http.ts";
import type { Scopes } from "./scopes.ts";

/** Milliseconds for tidying up, which must not hold up the report of what went wrong. */
const abandonTimeout = 5000;

const binary = { "content-type": "application/octet-stream" };

/** An upload that the registry has opened (distribution-spec, "Pushing a blob in chunks"). */
export class UploadSession {
  readonly #repository: Repository;
  readonly #scopes: Scopes;
  /** Every answer may move it; used as given, with its query. */
  #location: URL;
  /** Bytes that every chunk but the last must have at least (`OCI-Chunk-Min-Length`). */
  readonly minimumChunk: number;

  /** `opened` is the 202 that answers the POST. */
  constructor(repository: Repository, scopes: Scopes, opened: HttpResponse) {
    this.#repository = repository;
    this.#scopes = scopes;
    this.#location = resolveLocation(opened);
    const minimum = opened.headers["oci-chunk-min-length"];
    this.minimumChunk = typeof minimum === "string" && /^\d{1,15}$/.test(minimum) ? Number(minimum) : 0;
  }

  /** Sends the bytes from `start` to `end`; returns how many the registry has now. */
  async patch(source: BlobSource, start: number, end: number): Promise<number> {
    const answer = await this.#send("PATCH", this.#location, [202, 204], this.#counted(source, start, end), {
      ...binary,
      "content-range": `${start}-${end - 1}`,
    });
    answer.discard();
    this.#location = resolveLocation(answer);
    const received = answer.headers["range"] === undefined ? end : receivedBytes(answer, start);
    if (received > end) throw badResponse(answer.exchange, "it says to have more bytes than were sent");
    return received;
  }

  /**
   * Asks how many bytes the registry has. `known` of them it has confirmed before, which tells the answers
   * for none and for one byte apart: distribution says `0-0` to both.
   */
  async received(known: number): Promise<number> {
    const answer = await this.#send("GET", this.#location, [204]);
    answer.discard();
    if (answer.headers.location !== undefined) this.#location = resolveLocation(answer);
    return receivedBytes(answer, known);
  }

  /** Closes the upload with a PUT: of the whole blob, or of nothing where chunks were sent. */
  async finish(source: BlobSource, whole: boolean): Promise<void> {
    const url = new URL(this.#location);
    // Not through searchParams, which would write the query anew.
    url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(source.digest)}`;
    const body = whole ? this.#counted(source, 0, source.size) : undefined;
    const answer = await this.#send("PUT", url, [201, 204], body, binary);
    answer.discard();
    const digest = answer.headers["docker-content-digest"];
    if (isDigest(digest) && digest !== source.digest) {
      throw badResponse(answer.exchange, "it took the blob for another one");
    }
  }

  /** Best effort: what went wrong before is what the user shall hear of. */
  async abandon(): Promise<void> {
    const signal = AbortSignal.timeout(abandonTimeout);
    const answer = await this.#send(
      "DELETE",
      this.#location,
      [200, 202, 204, 404],
      undefined,
      {},
      signal,
    ).catch(() => undefined);
    answer?.discard();
  }

  /** Nothing is tried again here: after a failure it is not known how much of a body has arrived. */
  #send(
    method: "GET" | "PATCH" | "PUT" | "DELETE",
    target: URL,
    accept: readonly number[],
    body?: Body,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    return this.#repository.request({
      method,
      target,
      accept,
      headers,
      scopes: this.#scopes,
      retry: false,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #counted(source: BlobSource, start: number, end: number): Body {
    return bodyOf(source, start, end, (done) =>
      this.#repository.onProgress({
        kind: "transfer",
        direction: "push",
        digest: source.digest,
        done,
        total: source.size,
      }),
    );
  }
}

/** `Range: 0-<last byte>`; the specification has no unit, and some registries write one. */
function receivedBytes(answer: HttpResponse, known: number): number {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(String(answer.headers["range"] ?? ""))?.[1];
  if (last === undefined) throw badResponse(answer.exchange, "it does not say how many bytes have arrived");
  return last === "0" && known === 0 ? 0 : Number(last) + 1;
}
