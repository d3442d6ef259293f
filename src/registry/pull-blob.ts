import { createHash } from "node:crypto";
import {
  badResponse,
  digestMismatch,
  type RegistryError,
  sizeMismatch,
  tooLarge,
} from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import type { Store } from "../store/types.ts";
import type { Repository } from "./connection.ts";
import type { HttpResponse } from "./http.ts";
import { limits } from "./limits.ts";
import { pauseAfter } from "./retry.ts";
import { repositoryScope } from "./scopes.ts";

export interface BlobAddress {
  readonly digest: Digest;
  readonly size: number;
}

/** Brings a blob into the store, verified, unless it is there. Nothing of a wrong blob is kept. */
export async function pullBlob(repository: Repository, blob: BlobAddress, store: Store): Promise<void> {
  const held = await store.blobSize(blob.digest);
  if (held !== undefined) {
    if (held !== blob.size) throw sizeMismatch(addressOf(repository, blob), blob.size, held);
    repository.onProgress({ kind: "present", direction: "pull", digest: blob.digest });
    return;
  }
  await store.writeBlob(streamBlob(repository, blob), { digest: blob.digest, size: blob.size });
}

/** A small blob as bytes, verified. */
export async function pullBlobBytes(
  repository: Repository,
  blob: BlobAddress,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  if (blob.size > limit) {
    throw tooLarge({ method: "GET", address: addressOf(repository, blob) }, what, limit);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamBlob(repository, blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The blob's bytes as they come. Ends with an error unless they are as many as, and what, the descriptor
 * says: a consumer must not keep what it got before the end. A lost connection is taken up where it broke.
 */
export async function* streamBlob(repository: Repository, blob: BlobAddress): AsyncGenerator<Uint8Array> {
  const address = addressOf(repository, blob);
  if (blob.size > limits.blob) throw tooLarge({ method: "GET", address }, "a blob", limits.blob);
  const hash = createHash("sha256");
  let position = 0;
  let failures = 0;
  for (;;) {
    try {
      for await (const chunk of openAt(repository, blob, position)) {
        if (position + chunk.length > blob.size) throw sizeMismatch(address, blob.size, "more");
        hash.update(chunk);
        position += chunk.length;
        // Progress earns new tries: a large blob over a poor line shall come through.
        failures = 0;
        yield chunk;
        repository.onProgress({
          kind: "transfer",
          direction: "pull",
          digest: blob.digest,
          done: position,
          total: blob.size,
        });
      }
      break;
    } catch (error) {
      if (!(error instanceof BodyLost)) throw error;
      failures += 1;
      await pauseBeforeResuming(repository, error.cause, failures);
    }
  }
  if (position !== blob.size) throw sizeMismatch(address, blob.size, position);
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest !== blob.digest) throw digestMismatch(address, blob.digest, digest);
}

async function pauseBeforeResuming(repository: Repository, error: unknown, failures: number): Promise<void> {
  const pause = pauseAfter(error, failures);
  if (pause === undefined) throw error;
  repository.onProgress({ kind: "retry", error: error as RegistryError, milliseconds: pause });
  await repository.wait(pause, repository.signal);
}

/** Marks a failure in the middle of a body, which `repository.request` has no tries for. */
class BodyLost extends Error {}

async function* openAt(
  repository: Repository,
  blob: BlobAddress,
  position: number,
): AsyncGenerator<Uint8Array> {
  const answer = await repository.request({
    method: "GET",
    target: repository.path(`blobs/${blob.digest}`),
    headers: position === 0 ? {} : { range: `bytes=${position}-` },
    scopes: repositoryScope(repository.name, "pull"),
    accept: position === 0 ? [200] : [200, 206],
  });
  let skip = checkStart(answer, blob, position);
  const body = answer.body();
  try {
    for (;;) {
      const next = await body.next().catch((cause: unknown) => {
        throw new BodyLost("lost", { cause });
      });
      if (next.done === true) return;
      const chunk = next.value.subarray(Math.min(skip, next.value.length));
      skip -= next.value.length - chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    await body.return(undefined);
  }
}

/** How many bytes of the answer to skip: a registry may ignore the range and begin anew. */
function checkStart(answer: HttpResponse, blob: BlobAddress, position: number): number {
  const length = answer.headers["content-length"];
  const expected = answer.status === 206 ? blob.size - position : blob.size;
  if (length !== undefined && Number(length) !== expected) {
    answer.discard();
    throw sizeMismatch(answer.exchange.address, expected, length);
  }
  if (answer.status !== 206) return position;
  const start = /^bytes (\d+)-/.exec(answer.headers["content-range"] ?? "")?.[1];
  if (Number(start) !== position) {
    answer.discard();
    throw badResponse(answer.exchange, "it has another range than the one asked for");
  }
  return 0;
}

function addressOf(repository: Repository, blob: BlobAddress): string {
  return `${repository.registry}/${repository.name}@${blob.digest}`;
}
