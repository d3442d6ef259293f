import { tarInvalidName, tarPathEscapes } from "../../errors/filesystem.ts";

/**
 * A name in an archive as a normalised path below the root ("" is the root itself). A leading slash means the
 * root, as for other unpackers; ".." that leads out of it is refused.
 */
export function cleanPath(name: string): string {
  if (name.includes("\0") || Buffer.byteLength(name) > 4095) throw tarInvalidName(name);
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) throw tarPathEscapes(name);
    } else {
      // A whiteout's name is longer than what it removes, and never a file's.
      if (Buffer.byteLength(part) > (part.startsWith(".wh.") ? 259 : 255)) throw tarInvalidName(name);
      parts.push(part);
    }
  }
  return parts.join("/");
}
