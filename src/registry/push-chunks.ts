import { badResponse, RegistryError } from "../errors/registry.ts";
import type { BlobSource } from "./blob-source.ts";
import type { Repository } from "./connection.ts";
import { pauseAfter } from "./retry.ts";
import type { UploadSession } from "./upload-session.ts";

/** Tries that bring no byte forward, in a row. */
const maxFailures = 3;

/**
 * Sends a blob in chunks. After a lost connection, a temporary failure or a 416 the registry is asked how
 * much it has, and the upload goes on from there.
 */
export async function sendChunks(
  repository: Repository,
  session: UploadSession,
  source: BlobSource,
  chunkSize: number,
): Promise<void> {
  const step = Math.max(1, chunkSize, session.minimumChunk);
  let position = 0;
  let failures = 0;
  while (position < source.size) {
    const end = Math.min(position + step, source.size);
    const before = position;
    failures += 1;
    try {
      position = await session.patch(source, position, end);
    } catch (error) {
      await pauseBeforeResuming(repository, error, failures);
      position = await session.received(position).catch((lost: unknown) => {
        // distribution 2 forgets an upload whose chunk broke off: the reason for that begins it anew.
        throw isGone(lost) ? error : lost;
      });
    }
    if (position > source.size) {
      throw badResponse(uploadOf(repository), "it says to have more bytes than the blob has");
    }
    if (position > before) failures = 0;
    else if (failures >= maxFailures) {
      throw badResponse(uploadOf(repository), "it accepts chunks, and has no more bytes than before");
    }
  }
  await session.finish(source, false);
}

async function pauseBeforeResuming(repository: Repository, error: unknown, failures: number): Promise<void> {
  if (error instanceof RegistryError && error.exchange?.status === 416 && failures < maxFailures) return;
  const pause = pauseAfter(error, failures);
  if (pause === undefined) throw error;
  repository.onProgress({ kind: "retry", error: error as RegistryError, milliseconds: pause });
  await repository.wait(pause, repository.signal);
}

function isGone(error: unknown): boolean {
  return error instanceof RegistryError && error.exchange?.status === 404;
}

function uploadOf(repository: Repository) {
  return { method: "PATCH", address: `${repository.registry}/${repository.name}` };
}
