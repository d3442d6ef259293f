import { type Dockerfile, expandWord, type Platform } from "../dockerfile/index.ts";
import type { ArgInstruction } from "../dockerfile/types.ts";
import { BoxwrightError, type SourceRange } from "../errors/index.ts";
import type { StageState } from "./state.ts";

type Values = ReadonlyMap<string, string>;
type BuildArguments = Readonly<Record<string, string>>;

/** Proxy arguments reach RUN without ARG, and neither the cache key nor the image. */
const proxyNames = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];

export function proxyVariables(buildArguments: BuildArguments): Record<string, string> {
  const found = Object.entries(buildArguments).filter(([name]) => proxyNames.includes(name.toLowerCase()));
  return Object.fromEntries(
    found.flatMap(([name, value]) => [
      [name.toLowerCase(), value],
      [name.toUpperCase(), value],
    ]),
  );
}

/** What FROM and ARG without a default see: the platform's arguments, then the ARGs before the first FROM. */
export function globalVariables(
  dockerfile: Dockerfile,
  buildArguments: BuildArguments,
  platform: Platform,
  target: string,
): Values {
  const name = [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
  // Steps run where the result runs, so that the build platform is the target platform.
  const values = new Map<string, string>();
  for (const prefix of ["BUILD", "TARGET"]) {
    values.set(`${prefix}PLATFORM`, name);
    values.set(`${prefix}OS`, platform.os);
    values.set(`${prefix}OSVERSION`, "");
    values.set(`${prefix}ARCH`, platform.architecture);
    values.set(`${prefix}VARIANT`, platform.variant ?? "");
  }
  values.set("TARGETSTAGE", target);
  for (const [key, value] of Object.entries(buildArguments)) if (values.has(key)) values.set(key, value);
  for (const instruction of dockerfile.globalArguments) {
    for (const { name: key, defaultValue } of instruction.arguments) {
      const given = Object.hasOwn(buildArguments, key) ? buildArguments[key] : undefined;
      const value =
        given ??
        (defaultValue === undefined
          ? undefined
          : expand(defaultValue, values, dockerfile, instruction.range));
      if (value !== undefined) values.set(key, value);
    }
  }
  return values;
}

/** One ARG instruction: its pairs expand one after another, each seeing those before. */
export function declareArguments(
  state: StageState,
  instruction: ArgInstruction,
  buildArguments: BuildArguments,
  globals: Values,
  expandValue: (word: string, variables: Values) => string,
): StageState {
  const variables = new Map(state.variables);
  const declared = [...state.declared];
  for (const { name, defaultValue } of instruction.arguments) {
    const given = Object.hasOwn(buildArguments, name) ? buildArguments[name] : undefined;
    const fallback = defaultValue === undefined ? globals.get(name) : expandValue(defaultValue, variables);
    const value = given ?? fallback;
    if (value !== undefined) variables.set(name, value);
    declared.push({ name, value });
  }
  return { ...state, variables, declared };
}

/** What RUN's entry in the history begins with: the arguments in force, each once. */
export function argumentPrefix(state: StageState): readonly string[] {
  const values = new Map<string, string>();
  for (const { name, value } of state.declared) values.set(name, state.variables.get(name) ?? value ?? "");
  if (values.size === 0) return [];
  return [`|${values.size}`, ...Array.from(values, ([name, value]) => `${name}=${value}`)];
}

/** Expands a word of an instruction; a fault is placed there. */
export function expand(word: string, variables: Values, dockerfile: Dockerfile, range: SourceRange): string {
  try {
    return expandWord(word, variables, { escape: dockerfile.escape });
  } catch (error) {
    throw error instanceof BoxwrightError ? error.at(range) : error;
  }
}
