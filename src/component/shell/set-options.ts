/** The options of `set` (and of the shell's command line) that matter to the reducer. */
export interface ShellOptions {
  readonly exitOnError: boolean;
  readonly unsetIsError: boolean;
  readonly trace: boolean;
  readonly exportAll: boolean;
  readonly noGlobbing: boolean;
}

export const NO_OPTIONS: ShellOptions = {
  exitOnError: false,
  unsetIsError: false,
  trace: false,
  exportAll: false,
  noGlobbing: false,
};

const BY_LETTER: Readonly<Record<string, keyof ShellOptions>> = {
  e: "exitOnError",
  u: "unsetIsError",
  x: "trace",
  a: "exportAll",
  f: "noGlobbing",
};

/** pipefail changes nothing where there are no pipes. */
const BY_NAME: Readonly<Record<string, keyof ShellOptions | "none">> = {
  errexit: "exitOnError",
  nounset: "unsetIsError",
  xtrace: "trace",
  allexport: "exportAll",
  noglob: "noGlobbing",
  pipefail: "none",
};

/** Applies flags such as `-eu`, `-o pipefail`, `+x`; undefined where one is not known (or no plain word). */
export function applySetOptions(
  options: ShellOptions,
  flags: readonly (string | undefined)[],
): ShellOptions | undefined {
  const changed: { -readonly [Key in keyof ShellOptions]: boolean } = { ...options };
  const pending = [...flags];
  while (pending.length > 0) {
    const match = /^([-+])([a-z]+)$/.exec(pending.shift() ?? "");
    if (match === null) return undefined;
    for (const letter of match[2] ?? "") {
      const key = letter === "o" ? ownValue(BY_NAME, pending.shift() ?? "") : ownValue(BY_LETTER, letter);
      if (key === undefined) return undefined;
      if (key !== "none") changed[key] = match[1] === "-";
    }
  }
  return changed;
}

function ownValue<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
