import { badResponse, RegistryError } from "../errors/registry.ts";
import { isDigest } from "../store/index.ts";
import type { BlobSource } from "./blob-source.ts";
import type { Repository } from "./connection.ts";
import { sendChunks } from "./push-chunks.ts";
import { withRetries } from "./retry.ts";
import { mergeScopes, repositoryScope, type Scopes } from "./scopes.ts";
import { UploadSession } from "./upload-session.ts";

export interface PushBlobOptions {
  /** Another repository of the same registry that has the blob: it is mounted instead of sent. */
  readonly mountFrom?: string;
  /**
   * Bytes of each PATCH. Without it the blob goes in one PUT, which every registry takes, unless the
   * registry finds that too large (413).
   */
  readonly chunkSize?: number;
}

export type PushBlobResult = "present" | "mounted" | "pushed";

/** What a blob is cut into when a registry refuses it whole: below the limits of usual proxies. */
const fallbackChunk = 16 * 1024 * 1024;

/**
 * Puts a blob into a repository, unless it is there (HEAD) or can be mounted (distribution-spec, "Pushing
 * blobs"). An upload that fails is deleted on the registry.
 */
export async function pushBlob(
  repository: Repository,
  source: BlobSource,
  options: PushBlobOptions = {},
): Promise<PushBlobResult> {
  const scopes = scopesOf(repository, options);
  const attempt = async (): Promise<PushBlobResult> => {
    // Asked anew at each try: the answer to a finished upload may have been what was lost.
    if (await isPresent(repository, source, scopes)) return "present";
    return upload(repository, source, options, scopes);
  };
  const result = await withRetries(attempt, {
    signal: repository.signal,
    wait: repository.wait,
    onRetry: (error, milliseconds) => repository.onProgress({ kind: "retry", error, milliseconds }),
  });
  if (result === "present") {
    repository.onProgress({ kind: "present", direction: "push", digest: source.digest });
  }
  return result;
}

/** Whether a repository that is to be pushed to has a blob. */
export function hasBlob(repository: Repository, blob: Pick<BlobSource, "digest">): Promise<boolean> {
  return withRetries(() => isPresent(repository, blob, scopesOf(repository, {})), {
    signal: repository.signal,
    wait: repository.wait,
    onRetry: (error, milliseconds) => repository.onProgress({ kind: "retry", error, milliseconds }),
  });
}

function scopesOf(repository: Repository, options: PushBlobOptions): Scopes {
  const own = repositoryScope(repository.name, "pull", "push");
  return options.mountFrom === undefined ? own : mergeScopes(own, repositoryScope(options.mountFrom, "pull"));
}

async function isPresent(
  repository: Repository,
  source: Pick<BlobSource, "digest">,
  scopes: Scopes,
): Promise<boolean> {
  const answer = await repository.request({
    method: "HEAD",
    target: repository.path(`blobs/${source.digest}`),
    scopes,
    accept: [200, 404],
    retry: false,
  });
  answer.discard();
  return answer.status === 200;
}

async function upload(
  repository: Repository,
  source: BlobSource,
  options: PushBlobOptions,
  scopes: Scopes,
): Promise<PushBlobResult> {
  const session = await openSession(repository, source, options, scopes);
  if (session === "mounted") {
    repository.onProgress({ kind: "mounted", digest: source.digest, from: options.mountFrom ?? "" });
    return "mounted";
  }
  try {
    if (options.chunkSize === undefined) await session.finish(source, true);
    else await sendChunks(repository, session, source, options.chunkSize);
    return "pushed";
  } catch (error) {
    await session.abandon();
    if (options.chunkSize !== undefined || !isTooLarge(error)) throw error;
    return upload(repository, source, { ...options, chunkSize: fallbackChunk }, scopes);
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RegistryError && error.exchange?.status === 413;
}

async function openSession(
  repository: Repository,
  source: BlobSource,
  options: PushBlobOptions,
  scopes: Scopes,
): Promise<UploadSession | "mounted"> {
  const { mountFrom } = options;
  const mount =
    mountFrom === undefined
      ? ""
      : `?mount=${encodeURIComponent(source.digest)}&from=${encodeURIComponent(mountFrom)}`;
  const answer = await repository.request({
    method: "POST",
    target: `${repository.path("blobs/uploads/")}${mount}`,
    scopes,
    accept: mount === "" ? [202] : [201, 202],
    retry: false,
  });
  answer.discard();
  if (answer.status === 202) return new UploadSession(repository, scopes, answer);
  const digest = answer.headers["docker-content-digest"];
  if (isDigest(digest) && digest !== source.digest) {
    throw badResponse(answer.exchange, "it mounted another blob than the one asked for");
  }
  return "mounted";
}
