import { badResponse, invalidManifest } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import type { Repository } from "./connection.ts";
import { limits } from "./limits.ts";
import { nextLink } from "./link.ts";
import { type Descriptor, parseManifest } from "./manifest-format.ts";
import { pushManifest } from "./manifests.ts";
import { addToFallback, listInFallback, type Referrer, referrerOf } from "./referrers-fallback.ts";
import { repositoryScope } from "./scopes.ts";

/**
 * Pushes a manifest that has a `subject`, under its own digest, and sees to it that it is found from there:
 * by the registry itself, or by the index under the fallback tag where the registry has no referrers API
 * (distribution-spec, "Pushing manifests with subject").
 */
export async function pushReferrer(
  repository: Repository,
  bytes: Uint8Array,
  mediaType: string,
): Promise<Descriptor> {
  const referrer = describeReferrer(repository, bytes, mediaType);
  const { subject, descriptor } = referrer;
  const pushed = await pushManifest(repository, descriptor.digest, bytes, { mediaType, subject });
  // Some registries send OCI-Subject without having the API.
  if (!pushed.subjectListed || (await listFromApi(repository, subject, undefined)) === undefined) {
    await addToFallback(repository, referrer);
  }
  return descriptor;
}

/** All manifests whose subject is `subject`; of one artifact type if given. */
export async function listReferrers(
  repository: Repository,
  subject: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const listed = await listFromApi(repository, subject, artifactType);
  const found = listed ?? (await listInFallback(repository, subject));
  // The registry need not filter, and the fallback cannot.
  return artifactType === undefined ? found : found.filter((entry) => entry.artifactType === artifactType);
}

function describeReferrer(repository: Repository, bytes: Uint8Array, mediaType: string): Referrer {
  const address = `${repository.registry}/${repository.name}`;
  const manifest = parseManifest(bytes, mediaType, address);
  const subject = manifest.kind === "image" ? manifest.subject : undefined;
  if (manifest.kind !== "image" || subject === undefined) {
    throw invalidManifest(address, "it has no subject");
  }
  return referrerOf(bytes, { ...manifest, subject });
}

/** Undefined if the registry has no such API. */
async function listFromApi(
  repository: Repository,
  subject: Digest,
  artifactType: string | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  let target: string | URL = `${repository.path(`referrers/${subject}`)}${query}`;
  const found: Descriptor[] = [];
  for (let page = 0; ; page += 1) {
    const answer = await repository.request({
      method: "GET",
      target,
      scopes: repositoryScope(repository.name, "pull"),
      accept: page === 0 ? [200, 404, 405] : [200],
    });
    if (answer.status !== 200) {
      answer.discard();
      return undefined;
    }
    const bytes = await answer.bytes(limits.manifest, "a list of referrers");
    const index = parseManifest(bytes, answer.headers["content-type"], answer.exchange.address);
    if (index.kind !== "index") throw badResponse(answer.exchange, "a list of referrers is an image index");
    found.push(...index.manifests);
    const next = nextLink(singleHeader(answer.headers["link"]));
    if (next === undefined) return found;
    if (page + 1 >= limits.pages) throw badResponse(answer.exchange, "its list of referrers has no end");
    if (!URL.canParse(next, answer.url.href))
      throw badResponse(answer.exchange, "its Link is not an address");
    target = new URL(next, answer.url);
    if (target.origin !== answer.url.origin) {
      throw badResponse(answer.exchange, "its next page lies elsewhere");
    }
  }
}

function singleHeader(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value.join(", ");
}
