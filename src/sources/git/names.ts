import { gitChecksumInvalid, gitRefInvalid, gitSubdirOutside } from "../../errors/sources.ts";

/** A whole object id, of SHA-1 or of SHA-256. */
export const isObjectId = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);

/**
 * The rules of git-check-ref-format, and no leading dash: a name that passes is neither an option, nor a
 * refspec, nor a pattern, nor an expression such as `a^{tree}`. Throws GIT_REF_INVALID.
 */
export function checkRef(ref: string): string {
  const bad =
    ref === "" ||
    ref.length > 1000 ||
    /[\x00-\x20\x7f~^:?*[\\]/.test(ref) ||
    /\.\.|@\{|\/\/|^[-/]|[/.]$/.test(ref) ||
    ref === "@" ||
    ref.split("/").some((part) => part.startsWith(".") || part.endsWith(".lock"));
  if (bad || !ref.isWellFormed()) throw gitRefInvalid(ref);
  return /^[0-9A-F]+$/i.test(ref) && isObjectId(ref.toLowerCase()) ? ref.toLowerCase() : ref;
}

/** Throws GIT_CHECKSUM_INVALID. */
export function checkChecksum(checksum: string): string {
  if (!/^[0-9a-f]{1,64}$/i.test(checksum)) throw gitChecksumInvalid(checksum);
  return checksum.toLowerCase();
}

/** Normalised and relative to the repository; undefined for its root. Throws GIT_SUBDIR_OUTSIDE. */
export function normaliseSubdir(subdir: string): string | undefined {
  if (subdir.includes("\0")) throw gitSubdirOutside(subdir);
  const parts: string[] = [];
  for (const part of subdir.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw gitSubdirOutside(subdir);
  }
  return parts.length === 0 ? undefined : parts.join("/");
}
