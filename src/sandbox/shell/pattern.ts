/** Shell patterns (POSIX 2.13): `*`, `?`, `[…]`; a backslash makes the next character literal. */

const CLASSES: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: "\\s",
  blank: " \\t",
  punct: "!-\\/:-@\\[-`{-~",
  xdigit: "0-9A-Fa-f",
  cntrl: "\\x00-\\x1f\\x7f",
  print: "\\x20-\\x7e",
  graph: "\\x21-\\x7e",
};

export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}

export function unescapePattern(pattern: string): string {
  return pattern.replace(/\\([\s\S])/g, "$1");
}

export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern.replace(/\\[\s\S]/g, ""));
}

const escapeForRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** The bracket expression that starts at `start`, as a regular expression, or undefined if it is not closed. */
function bracket(pattern: string, start: number): { source: string; end: number } | undefined {
  let at = start + 1;
  const negated = pattern[at] === "!" || pattern[at] === "^";
  if (negated) at++;
  let source = "";
  for (let first = true; ; first = false) {
    const character = pattern[at];
    if (character === undefined) return undefined;
    if (character === "]" && !first) break;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at));
    if (named !== null && CLASSES[named[1]!] !== undefined) {
      source += CLASSES[named[1]!];
      at += named[0].length;
    } else if (character === "\\" && at + 1 < pattern.length) {
      source += escapeForRegExp(pattern[at + 1]!);
      at += 2;
    } else {
      source += character === "-" ? "-" : escapeForRegExp(character);
      at++;
    }
  }
  return { source: `[${negated ? "^" : ""}${source}]`, end: at + 1 };
}

/** The source of a regular expression (not anchored). `lazy` makes `*` take as little as it can. */
export function patternSource(pattern: string, lazy = false): string {
  let source = "";
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at]!;
    if (character === "*") {
      source += lazy ? "[\\s\\S]*?" : "[\\s\\S]*";
      while (pattern[at] === "*") at++;
      continue;
    }
    if (character === "[") {
      const found = bracket(pattern, at);
      if (found !== undefined) {
        source += found.source;
        at = found.end;
        continue;
      }
    }
    if (character === "\\" && at + 1 < pattern.length) {
      source += escapeForRegExp(pattern[at + 1]!);
      at += 2;
      continue;
    }
    source += character === "?" ? "[\\s\\S]" : escapeForRegExp(character);
    at++;
  }
  return source;
}

/** A range that is upside down makes an invalid expression: it then matches nothing, as in the shell. */
export function compilePattern(source: string, flags = ""): RegExp {
  try {
    return new RegExp(source, flags);
  } catch {
    return /(?!)/g;
  }
}

export function matchesPattern(pattern: string, text: string): boolean {
  return compilePattern(`^${patternSource(pattern)}$`).test(text);
}
