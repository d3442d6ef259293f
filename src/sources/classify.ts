import { parseGitSource } from "./git/parse.ts";
import type { AddSource, ContextSource } from "./types.ts";

const isHttp = (text: string): boolean => /^https?:\/\//.test(text);

/**
 * What a source of ADD is, once its variables are expanded. As in BuildKit, `github.com/…` is a path here. Throws
 * what {@link parseGitSource} throws.
 */
export function classifyAddSource(text: string): AddSource {
  const source = parseGitSource(text);
  if (source !== undefined && !source.shorthand) return { kind: "git", source };
  return isHttp(text) ? { kind: "http", url: text } : { kind: "local" };
}

/**
 * What the CONTEXT of the command line (or the value of a named context) is. A directory that exists wins over an
 * address that reads the same; `file://….git` is a repository of this machine, which only its user can name.
 * Throws what {@link parseGitSource} throws.
 */
export function classifyContext(text: string, isDirectory: (path: string) => boolean): ContextSource {
  if (text === "-") return { kind: "stdin" };
  if (isDirectory(text)) return { kind: "directory", path: text };
  const source = parseGitSource(text, { local: true });
  if (source !== undefined) return { kind: "git", source };
  return isHttp(text) ? { kind: "http", url: text } : { kind: "directory", path: text };
}
