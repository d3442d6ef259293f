/** Names of images, as the distribution library reads them. Syntax only. */

const COMPONENT = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const DOMAIN_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const DOMAIN = new RegExp(`^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[0-9A-Fa-f:]+\\])(?::[0-9]+)?$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const NAME_LIMIT = 255;

/** True for `python`, `python:3.12`, `ghcr.io/a/b@sha256:…`. */
export function isImageReference(text: string): boolean {
  // A bare identifier is none: it could not be told from an image's id.
  if (text.length > 2048 || /^[a-f0-9]{64}$/.test(text)) return false;
  const at = text.indexOf("@");
  if (at !== -1 && !DIGEST.test(text.slice(at + 1))) return false;
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  if (tagged && !TAG.test(named.slice(colon + 1))) return false;
  const name = tagged ? named.slice(0, colon) : named;
  const { domain, path } = splitDomain(name);
  if (domain !== undefined && !DOMAIN.test(domain)) return false;
  return name.length <= NAME_LIMIT && PATH.test(path);
}

function splitDomain(name: string): { readonly domain: string | undefined; readonly path: string } {
  const slash = name.indexOf("/");
  const first = slash === -1 ? "" : name.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  return isDomain ? { domain: first, path: name.slice(slash + 1) } : { domain: undefined, path: name };
}
