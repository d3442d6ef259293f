import { expansionLimit } from "../../errors/dockerfile.ts";
import { findMatch, type Match, type Pattern, parsePattern, reversePattern } from "./pattern.ts";

/** `${value#pattern}` or `%`; undefined where the pattern is invalid. */
export function trimPattern(
  value: string,
  pattern: string,
  side: "start" | "end",
  longest: boolean,
): string | undefined {
  const parsed = parsePattern(pattern);
  if (parsed === undefined) return undefined;
  const characters = [...value];
  const mirrored = side === "end";
  const match = search(
    mirrored ? reversePattern(parsed) : parsed,
    mirrored ? characters.toReversed() : characters,
    {
      from: 0,
      anchored: true,
      longest,
    },
  );
  if (match === undefined) return value;
  const kept = mirrored ? characters.slice(0, characters.length - match.end) : characters.slice(match.end);
  return kept.join("");
}

/** `${value/pattern/replacement}`, or `//` for all; undefined where the pattern is invalid. */
export function replacePattern(
  value: string,
  pattern: string,
  replacement: string,
  all: boolean,
): string | undefined {
  const parsed = parsePattern(pattern);
  if (parsed === undefined) return undefined;
  const characters = [...value];
  let result = "";
  let copied = 0;
  let from = 0;
  while (from <= characters.length) {
    const match = search(parsed, characters, { from, anchored: false, longest: true });
    if (match === undefined) break;
    const empty = match.end === match.start;
    // An empty match right after another match is none.
    if (!(empty && match.start === copied && copied > 0)) {
      result += characters.slice(copied, match.start).join("");
      result += all ? fillIn(replacement, characters.slice(match.start, match.end).join("")) : replacement;
      copied = match.end;
    }
    if (!all) break;
    from = empty ? match.end + 1 : match.end;
  }
  return result + characters.slice(copied).join("");
}

/** BuildKit replaces all through Go's regexp, whose replacement is a template: `$0` is the match, `$$` a dollar. */
function fillIn(template: string, match: string): string {
  return template.replace(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu, (whole, braced, bare) => {
    if (whole === "$$") return "$";
    return (braced ?? bare) === "0" ? match : "";
  });
}

function search(
  pattern: Pattern,
  value: readonly string[],
  options: { readonly from: number; readonly anchored: boolean; readonly longest: boolean },
): Match | undefined {
  try {
    return findMatch(pattern, value, options);
  } catch (error) {
    throw error instanceof RangeError ? expansionLimit(error.message) : error;
  }
}
