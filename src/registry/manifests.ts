import { badResponse, digestMismatch } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import { digestOf, isDigest } from "../store/index.ts";
import { blobFromBytes, bodyOf } from "./blob-source.ts";
import type { Repository } from "./connection.ts";
import type { HttpResponse } from "./http.ts";
import { limits } from "./limits.ts";
import { type Manifest, mediaTypes, parseManifest } from "./manifest-format.ts";
import { repositoryScope } from "./scopes.ts";

export interface PulledManifest {
  readonly digest: Digest;
  /** What the digest names, byte for byte. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  /** The registry's ETag, for a conditional replacement. */
  readonly etag: string | undefined;
}

export interface PushedManifest {
  readonly digest: Digest;
  /** Whether the registry itself lists the manifest under its subject (`OCI-Subject`). */
  readonly subjectListed: boolean;
}

const accepted = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
].join(", ");

/** Fetches and verifies a manifest by tag or digest. A missing one is REGISTRY_NOT_FOUND. */
export async function pullManifest(repository: Repository, key: string): Promise<PulledManifest> {
  const answer = await getManifest(repository, key, [200]);
  return readManifest(repository, key, answer);
}

/** The same, and undefined if there is none. */
export async function pullManifestIfPresent(
  repository: Repository,
  key: string,
): Promise<PulledManifest | undefined> {
  const answer = await getManifest(repository, key, [200, 404]);
  if (answer.status === 200) return readManifest(repository, key, answer);
  answer.discard();
  return undefined;
}

function getManifest(repository: Repository, key: string, accept: readonly number[]): Promise<HttpResponse> {
  return repository.request({
    method: "GET",
    target: repository.path(`manifests/${key}`),
    headers: { accept: accepted },
    scopes: repositoryScope(repository.name, "pull"),
    accept,
  });
}

async function readManifest(
  repository: Repository,
  key: string,
  answer: HttpResponse,
): Promise<PulledManifest> {
  const address = `${repository.registry}/${repository.name}${isDigest(key) ? "@" : ":"}${key}`;
  const bytes = await answer.bytes(limits.manifest, "a manifest");
  const digest = digestOf(bytes);
  if (isDigest(key) && digest !== key) throw digestMismatch(address, key, digest);
  checkDigestHeader(answer, digest);
  const manifest = parseManifest(bytes, answer.headers["content-type"], address);
  return { digest, bytes, manifest, etag: answer.headers.etag };
}

/** Docker-Content-Digest is optional, and of an algorithm of the registry's choice. */
function checkDigestHeader(answer: HttpResponse, digest: Digest): void {
  const header = answer.headers["docker-content-digest"];
  if (isDigest(header) && header !== digest) throw digestMismatch(answer.exchange.address, header, digest);
}

/** Puts a manifest (or index) under a tag, or under its own digest. */
export async function pushManifest(
  repository: Repository,
  key: string,
  bytes: Uint8Array,
  options: { readonly mediaType: string; readonly subject?: Digest },
): Promise<PushedManifest> {
  const answer = await putManifest(repository, key, bytes, { "content-type": options.mediaType }, []);
  return { digest: digestOf(bytes), subjectListed: subjectListed(answer, options.subject) };
}

/** Puts a manifest only if what is there still has that ETag; returns whether it was put. */
export async function replaceManifest(
  repository: Repository,
  key: string,
  bytes: Uint8Array,
  options: { readonly mediaType: string; readonly etag: string | undefined },
): Promise<boolean> {
  const headers: Record<string, string> = { "content-type": options.mediaType };
  if (options.etag !== undefined) headers["if-match"] = options.etag;
  return (await putManifest(repository, key, bytes, headers, [412])).status !== 412;
}

async function putManifest(
  repository: Repository,
  key: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>>,
  alsoAccept: readonly number[],
): Promise<HttpResponse> {
  const answer = await repository.request({
    method: "PUT",
    target: repository.path(`manifests/${key}`),
    headers,
    body: bodyOf(blobFromBytes(bytes), 0, bytes.length),
    scopes: repositoryScope(repository.name, "pull", "push"),
    // 201 by the specification; some registries say 200 or 202.
    accept: [200, 201, 202, ...alsoAccept],
  });
  answer.discard();
  if (answer.status < 300) checkDigestHeader(answer, digestOf(bytes));
  return answer;
}

function subjectListed(answer: HttpResponse, subject: Digest | undefined): boolean {
  const header = answer.headers["oci-subject"];
  if (header === undefined || subject === undefined) return false;
  if (header !== subject) throw badResponse(answer.exchange, "its OCI-Subject is not the manifest's subject");
  return true;
}
