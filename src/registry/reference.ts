import { invalidReference, unsupportedReferenceDigest } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import { isDigest } from "../store/index.ts";

/** A normalised image reference, as Docker reads it. At least one of `tag` and `digest` is set. */
export interface Reference {
  /** Host, and port if one was written: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** Without the registry: `library/python`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

// The grammar of github.com/distribution/reference, which Docker's command line uses.
const domainPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
/** Docker reads a bare name of this form as an image's id. */
const imageIdPattern = /^[a-f0-9]{64}$/;

const hub = "docker.io";
const maxRepositoryLength = 255;
const maxReferenceLength = 1024;

/**
 * Reads a reference by Docker's grammar and with Docker's defaults: `python` is
 * `docker.io/library/python:latest`. Throws REFERENCE_INVALID or REFERENCE_DIGEST_UNSUPPORTED.
 */
export function parseReference(text: string): Reference {
  if (text === "") throw invalidReference(text, "it is empty");
  if (text.length > maxReferenceLength) throw invalidReference(text, "it is too long");
  if (imageIdPattern.test(text)) {
    throw invalidReference(text, "64 hexadecimal digits look like an image's id, which no registry knows");
  }
  const { rest, digest } = splitDigest(text);
  const { registry, remainder } = splitRegistry(rest);
  const { path, tag } = splitTag(text, remainder);
  const repository = registry === hub && !path.includes("/") ? `library/${path}` : path;
  checkRegistry(text, registry);
  checkRepository(text, repository, path);
  return {
    registry,
    repository,
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest,
  };
}

/** The whole form, which {@link parseReference} reads back to the same reference. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`;
}

/** As people write it: without `docker.io/` and `library/` where they are the default. */
export function familiarReference(reference: Reference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

/** The familiar form without tag and digest: `python`, `me/app`, `registry.example.com/me/app`. */
export function familiarName(reference: Pick<Reference, "registry" | "repository">): string {
  if (reference.registry !== hub) return `${reference.registry}/${reference.repository}`;
  const short = reference.repository.replace(/^library\//, "");
  // What would be read back as something else stays whole: `library/a/b`, `localhost/a`, an image's id.
  const name = short.includes("/") ? reference.repository : short;
  const ambiguous = splitRegistry(name).registry !== hub || imageIdPattern.test(name);
  return ambiguous ? `${hub}/${reference.repository}` : name;
}

/** The tag or, stronger, the digest: what a manifest's address ends in. */
export function manifestKey(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/**
 * Reads a registry's name as login takes it: a host with an optional port, also written as an address.
 * Throws REFERENCE_INVALID.
 */
export function parseRegistry(text: string): string {
  const host = text.replace(/^https:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  if (host === "" || host === "index.docker.io" || host === "registry-1.docker.io") return hub;
  checkRegistry(text, host);
  return host;
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

function splitDigest(text: string): { rest: string; digest: Digest | undefined } {
  const at = text.indexOf("@");
  if (at === -1) return { rest: text, digest: undefined };
  const digest = text.slice(at + 1);
  if (!digestPattern.test(digest)) throw invalidReference(text, "what follows the @ is not a digest");
  const algorithm = digest.slice(0, digest.indexOf(":"));
  if (algorithm !== "sha256") throw unsupportedReferenceDigest(text, algorithm);
  if (!isDigest(digest)) {
    throw invalidReference(text, "a sha256 digest has 64 lower-case hexadecimal digits");
  }
  return { rest: text.slice(0, at), digest };
}

/** Docker's rule: the first part is a registry if it has a dot, a colon or capitals, or is `localhost`. */
function splitRegistry(rest: string): { registry: string; remainder: string } {
  const slash = rest.indexOf("/");
  const first = slash === -1 ? "" : rest.slice(0, slash);
  const isRegistry = /[.:[]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  if (!isRegistry) return { registry: hub, remainder: rest };
  return { registry: first === "index.docker.io" ? hub : first, remainder: rest.slice(slash + 1) };
}

function splitTag(text: string, remainder: string): { path: string; tag: string | undefined } {
  const colon = remainder.indexOf(":");
  if (colon === -1) return { path: remainder, tag: undefined };
  const tag = remainder.slice(colon + 1);
  if (!tagPattern.test(tag)) {
    throw invalidReference(text, "a tag has 1 to 128 letters, digits, dots, dashes or underscores");
  }
  return { path: remainder.slice(0, colon), tag };
}

function checkRegistry(text: string, registry: string): void {
  if (registry.length > 255 || !domainPattern.test(registry)) {
    throw invalidReference(text, "the registry's name is not a host name");
  }
  const port = /:([0-9]+)$/.exec(registry.replace(/^\[.*\]/, ""))?.[1];
  if (port !== undefined && (port.length > 5 || Number(port) > 65535)) {
    throw invalidReference(text, "the port is not a port number");
  }
  if (!URL.canParse(`https://${registry}/`)) {
    throw invalidReference(text, "the registry's name is not a host name");
  }
}

function checkRepository(text: string, repository: string, path: string): void {
  if (path === "") throw invalidReference(text, "the name is missing");
  if (path.toLowerCase() !== path) {
    throw invalidReference(
      text,
      "the name must be in lower case",
      `did you mean ${text.replace(path, path.toLowerCase())}?`,
    );
  }
  if (!pathPattern.test(repository)) {
    throw invalidReference(
      text,
      "the name has a character, or an order of them, that names don't have",
      "names are lower-case letters and digits, divided by single dots, one or two underscores, or dashes",
    );
  }
  if (repository.length > maxRepositoryLength) {
    throw invalidReference(text, `the name is longer than ${maxRepositoryLength} characters`);
  }
}
