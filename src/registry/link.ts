/**
 * The target of the first `rel="next"` of a Link header (RFC 8288), as written; undefined if there is none.
 * Never throws.
 */
export function nextLink(header: string | undefined): string | undefined {
  // A target in angle brackets, then parameters; quoted values may hold commas and semicolons.
  const links = (header ?? "").matchAll(/<([^<>]*)>((?:[^",<]|"(?:[^"\\]|\\[\s\S])*")*)/g);
  for (const [, target, parameters] of links) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters ?? "");
    const names = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (names.includes("next")) return target;
  }
  return undefined;
}
