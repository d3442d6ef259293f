/** One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower-cased. */
  readonly scheme: string;
  /** Names lower-cased, quotes and escapes resolved; the first of equal names wins. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const separators = /[ \t,]*/y;
const spaces = /[ \t]*/y;
const parameterStart = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?=[^=, \t])/y;
const quotedValue = /"((?:[^"\\]|\\[\s\S])*)"/y;
/** More than a token: some servers leave the quotes of addresses out. */
const bareValue = /[^", \t]+/y;
const untilComma = /[^,]*/y;

/**
 * Reads the header's challenges in order. Never throws: what cannot be read ends the list, and a challenge
 * without the parameters that its scheme needs is for the caller to refuse.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const scanner = new Scanner(header);
  const challenges: Challenge[] = [];
  for (;;) {
    scanner.take(separators);
    const scheme = scanner.take(token)?.[0];
    if (scheme === undefined) return challenges;
    scanner.take(spaces);
    challenges.push({ scheme: scheme.toLowerCase(), parameters: readParameters(scanner) });
  }
}

function readParameters(scanner: Scanner): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (!scanner.sees(parameterStart)) {
    // Nothing, the next challenge, or credentials in the token68 form (Negotiate).
    scanner.take(untilComma);
    return parameters;
  }
  for (;;) {
    const name = scanner.take(parameterStart)?.[1]?.toLowerCase();
    if (name === undefined) return parameters;
    const quoted = scanner.take(quotedValue)?.[1]?.replace(/\\([\s\S])/g, "$1");
    const value = quoted ?? scanner.take(bareValue)?.[0];
    if (value === undefined) return parameters;
    if (!parameters.has(name)) parameters.set(name, value);
    scanner.take(separators);
  }
}

class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position;
    return pattern.test(this.#text);
  }

  /** What `pattern` (sticky) matches here; moves behind it. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#position += match[0].length;
    return match;
  }
}
