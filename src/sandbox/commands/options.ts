import { ShellError } from "../shell/signals.ts";

export interface ParsedOptions {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/**
 * GNU-style options: clusters, `--long`, `--long=value`, `--`; operands may stand between them.
 * `takesValue` and `boolean` list the names, short ones of one letter; aliases map long to short.
 */
export function parseOptions(
  command: string,
  args: readonly string[],
  known: {
    readonly boolean: string;
    readonly takesValue?: string;
    readonly long?: Readonly<Record<string, string>>;
  },
): ParsedOptions {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const operands: string[] = [];
  const unknown = (option: string): never => {
    throw new ShellError(`${command}: unrecognized option '${option}'`, 1);
  };
  const takes = (letter: string) => known.takesValue?.includes(letter) === true;
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    const next = (option: string): string => {
      const value = args[++at];
      if (value === undefined) throw new ShellError(`${command}: option '${option}' requires an argument`, 1);
      return value;
    };
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (long !== null) {
      const letter = known.long?.[long[1]!] ?? unknown(word);
      if (takes(letter)) values.set(letter, long[2] ?? next(word));
      else flags.add(letter);
    } else if (/^-./.test(word)) {
      for (let index = 1; index < word.length; index++) {
        const letter = word[index]!;
        if (takes(letter)) {
          values.set(letter, index + 1 < word.length ? word.slice(index + 1) : next(`-${letter}`));
          break;
        }
        if (!known.boolean.includes(letter)) unknown(`-${letter}`);
        flags.add(letter);
      }
    } else operands.push(word);
  }
  return { flags, values, operands };
}

/** A mode in octal, or symbolic as chmod(1) has it, applied to `current`. */
export function parseMode(
  command: string,
  text: string,
  current: number,
  directory: boolean,
  umask: number,
): number {
  if (/^[0-7]{1,5}$/.test(text)) return Number.parseInt(text, 8) & 0o7777;
  let mode = current;
  for (const clause of text.split(",")) {
    const match = /^([ugoa]*)([-+=][rwxXst]*|[-+=][ugo])+$/.exec(clause);
    if (match === null) throw new ShellError(`${command}: invalid mode: '${text}'`, 1);
    const who = match[1] === "" || match[1]!.includes("a") ? "ugo" : match[1]!;
    const masked = match[1] === "" ? umask : 0;
    for (const [, operator, permissions] of clause
      .slice(match[1]!.length)
      .matchAll(/([-+=])([rwxXstugo]*)/g)) {
      mode = applyClause(mode, who, operator!, permissions!, directory, masked);
    }
  }
  return mode;
}

const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

function applyClause(
  mode: number,
  who: string,
  operator: string,
  permissions: string,
  directory: boolean,
  masked: number,
): number {
  let bits = 0;
  let cleared = 0;
  for (const target of who) {
    const shift = SHIFT[target]!;
    cleared |= 0o7 << shift;
    for (const letter of permissions) {
      if (letter in SHIFT) bits |= ((mode >> SHIFT[letter]!) & 7) << shift;
      else if (letter === "r") bits |= 4 << shift;
      else if (letter === "w") bits |= 2 << shift;
      else if (letter === "x" || (letter === "X" && (directory || (mode & 0o111) !== 0))) bits |= 1 << shift;
      else if (letter === "s" && target !== "o") bits |= target === "u" ? 0o4000 : 0o2000;
      else if (letter === "t") bits |= 0o1000;
    }
  }
  bits &= ~masked;
  if (operator === "+") return mode | bits;
  if (operator === "-") return mode & ~bits;
  return (mode & ~cleared) | bits;
}
