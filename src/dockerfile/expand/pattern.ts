/**
 * Patterns of `${name#pattern}`, `%` and `/`: `*` and `?` only (no brackets), as BuildKit takes them
 * (POSIX 2.14.1 without bracket expressions). Neither crosses a line break. Matching is a simulation of all
 * alternatives at once, so that no pattern makes it slow.
 */

type Token = { readonly kind: "literal"; readonly character: string } | { readonly kind: "one" | "many" };

export type Pattern = readonly Token[];

/** Characters of pattern × value that one match may look at. */
const WORK_LIMIT = 1 << 26;

/** Returns undefined where an escape is followed by something that cannot be escaped. */
export function parsePattern(text: string): Pattern | undefined {
  const tokens: Token[] = [];
  const characters = [...text];
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at]!;
    if (character === "*") {
      // Consecutive stars match what one does.
      if (tokens.at(-1)?.kind !== "many") tokens.push({ kind: "many" });
      continue;
    }
    if (character === "?") {
      tokens.push({ kind: "one" });
      continue;
    }
    if (character === "\\") {
      const next = characters[at + 1];
      // `}` and `/` had to be escaped to get into the pattern; the escape is not part of it.
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") return undefined;
      character = next;
      at++;
    }
    tokens.push({ kind: "literal", character });
  }
  return tokens;
}

export const reversePattern = (pattern: Pattern): Pattern => pattern.toReversed();

export interface Match {
  readonly start: number;
  readonly end: number;
}

/**
 * The first match in `value` (code points) at or after `from`; of those that start there the longest, or the
 * shortest. Throws RangeError where the work would be out of proportion.
 */
export function findMatch(
  pattern: Pattern,
  value: readonly string[],
  options: { readonly from: number; readonly anchored: boolean; readonly longest: boolean },
): Match | undefined {
  if (pattern.length * value.length > WORK_LIMIT) throw new RangeError("pattern and value are too long");
  // starts[s]: the earliest start of a match that has come to token s, or -1.
  let starts = new Int32Array(pattern.length + 1).fill(-1);
  let best: Match | undefined;
  const enter = (states: Int32Array, token: number, start: number): void => {
    for (let s = token; s <= pattern.length; s++) {
      if (states[s]! === -1 || states[s]! > start) states[s] = start;
      if (pattern[s]?.kind !== "many") break;
    }
  };
  for (let at = options.from; at <= value.length; at++) {
    if (best === undefined && (at === options.from || !options.anchored)) enter(starts, 0, at);
    const complete = starts[pattern.length]!;
    // The earliest start wins; of one start, a later completion is the longer match.
    if (complete !== -1 && (best === undefined || complete <= best.start)) {
      best = { start: complete, end: at };
      if (!options.longest) return best;
    }
    if (at === value.length) break;
    const next = new Int32Array(pattern.length + 1).fill(-1);
    let alive = false;
    for (let s = 0; s < pattern.length; s++) {
      const start = starts[s]!;
      if (start === -1 || (best !== undefined && start > best.start)) continue;
      const target = step(pattern[s]!, value[at]!, s);
      if (target === undefined) continue;
      enter(next, target, start);
      alive = true;
    }
    if (!alive && (best !== undefined || options.anchored)) return best;
    starts = next;
  }
  return best;
}

/** The token that follows when `token` (number `s`) takes `character`. */
function step(token: Token, character: string, s: number): number | undefined {
  switch (token.kind) {
    case "literal":
      return token.character === character ? s + 1 : undefined;
    case "one":
      return character === "\n" ? undefined : s + 1;
    case "many":
      return character === "\n" ? undefined : s;
  }
}
