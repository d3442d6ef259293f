/** A target in angle brackets and its parameters, whose quoted values may hold commas and semicolons. */
const links = /<([^<>]*)>((?:[^",<]|"(?:[^"\\]|\\[\s\S])*")*)/g;
const parameters = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s;,"]+))/g;

/**
 * The target of the first `rel="next"` of a Link header (RFC 8288), as written; undefined if there is none.
 * Never throws.
 */
export function nextLink(header: string | undefined): string | undefined {
  for (const [, target, rest = ""] of (header ?? "").matchAll(links)) {
    const relation = [...rest.matchAll(parameters)].find(([, name]) => name?.toLowerCase() === "rel");
    const names = (relation?.[2] ?? relation?.[3] ?? "").toLowerCase().split(/\s+/);
    if (names.includes("next")) return target;
  }
  return undefined;
}
