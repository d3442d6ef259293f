/** image-spec, descriptor.md "Digests". */
const digestPattern = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/** Whether `text` is a digest of some algorithm; only sha256 ones can be verified here. */
export function isDigestOfAnyKind(text: unknown): text is string {
  return typeof text === "string" && text.length <= 256 && digestPattern.test(text);
}
