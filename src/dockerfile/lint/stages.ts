/** Rules about FROM, and what each stage starts from. */
import { expandWord } from "../expand/index.ts";
import { suggest } from "../suggest.ts";
import type { Dockerfile, FromInstruction, Stage } from "../types.ts";
import { type Platform, parsePlatform } from "../values/platform.ts";
import { isImageReference } from "../values/reference.ts";
import type { LintOptions, OnError } from "./context.ts";
import type { Reporter } from "./reporter.ts";
import { RULES } from "./rules.ts";

/** What FROM and the global ARGs see. */
export type Environment = ReadonlyMap<string, string>;

/** The arguments that every build has. Build and target platform are one: a component is neither's. */
export function predefinedArguments(platform: Platform, target: string): Environment {
  const name = [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined);
  const parts: readonly (readonly [string, string])[] = [
    ["PLATFORM", name.join("/")],
    ["OS", platform.os],
    ["OSVERSION", ""],
    ["ARCH", platform.architecture],
    ["VARIANT", platform.variant ?? ""],
  ];
  return new Map([
    ...["BUILD", "TARGET"].flatMap((prefix) =>
      parts.map(([part, value]): [string, string] => [prefix + part, value]),
    ),
    ["TARGETSTAGE", target],
  ]);
}

/** The global ARGs' values; each sees those before it. */
export function globalEnvironment(
  dockerfile: Dockerfile,
  predefined: Environment,
  buildArguments: Readonly<Record<string, string>>,
  onError: OnError,
): Environment {
  const values = new Map(predefined);
  for (const [name, value] of Object.entries(buildArguments)) {
    if (values.has(name)) values.set(name, value);
  }
  for (const instruction of dockerfile.globalArguments) {
    for (const { name, defaultValue } of instruction.arguments) {
      const given = Object.hasOwn(buildArguments, name) ? buildArguments[name] : undefined;
      const value =
        given ??
        expandQuietly(defaultValue, values, dockerfile, (error) => onError(error, instruction.range));
      if (value !== undefined) values.set(name, value);
    }
  }
  return values;
}

function expandQuietly(
  word: string | undefined,
  values: Environment,
  dockerfile: Dockerfile,
  onError: (error: unknown) => void,
): string | undefined {
  if (word === undefined) return undefined;
  try {
    return expandWord(word, values, { escape: dockerfile.escape });
  } catch (error) {
    onError(error);
    return undefined;
  }
}

/** A base image's name has to be one without any `--build-arg`. */
export function checkDefaultBases(dockerfile: Dockerfile, predefined: Environment, reporter: Reporter): void {
  let failed = false;
  const fail = () => {
    failed = true;
  };
  const defaults = globalEnvironment(dockerfile, predefined, {}, fail);
  for (const { from } of dockerfile.stages) {
    const image = expandQuietly(from.image, defaults, dockerfile, fail);
    // The build reports what cannot be expanded.
    if (failed || image === undefined) return;
    if (isImageReference(image)) continue;
    reporter.report(
      RULES.invalidDefaultArgInFrom,
      from.range,
      `Default value for ARG ${from.image} results in empty or invalid base image name`,
    );
  }
}

/** Expands FROM's image and reports on it and on its platform. */
export function checkFrom(
  stage: Stage,
  dockerfile: Dockerfile,
  environment: Environment,
  options: LintOptions,
  reporter: Reporter,
): string {
  const { from } = stage;
  const declared = new Set([
    ...environment.keys(),
    ...dockerfile.globalArguments.flatMap((arg) => arg.arguments.map((argument) => argument.name)),
  ]);
  const expandChecked = (word: string) => {
    const found = new Set<string>();
    const missing = new Set<string>();
    const value = expandWord(word, environment, {
      escape: dockerfile.escape,
      onVariable: (name, isSet) => (isSet ? found : missing).add(name),
    });
    for (const name of missing) {
      if (declared.has(name)) continue;
      const near = suggest(name, declared);
      reporter.report(
        RULES.undefinedArgInFrom,
        from.range,
        `FROM argument '${name}' is not declared${near === undefined ? "" : ` (did you mean ${near}?)`}`,
      );
    }
    return { value, found, missing };
  };
  const image = expandChecked(from.image).value;
  if (from.platform !== undefined) {
    const platform = expandChecked(from.platform);
    checkPlatformFlag(from, platform, environment, reporter);
  }
  if (options.baseImage !== undefined) checkBasePlatform(from, image, environment, options, reporter);
  return image;
}

function checkPlatformFlag(
  from: FromInstruction,
  platform: {
    readonly value: string;
    readonly found: ReadonlySet<string>;
    readonly missing: ReadonlySet<string>;
  },
  environment: Environment,
  reporter: Reporter,
): void {
  const { value, found, missing } = platform;
  if (found.size === 0 && missing.size === 0) {
    const parsed = parsePlatform(value);
    const name = from.stageName ?? "";
    // A stage that is named for its platform is meant to be for it alone.
    if (name.includes(parsed.os) || name.includes(parsed.architecture)) return;
    reporter.report(
      RULES.fromPlatformFlagConstDisallowed,
      from.range,
      `FROM --platform flag should not use constant value ${JSON.stringify(value)}`,
    );
  } else if (found.size === 1 && missing.size === 0 && found.has("TARGETPLATFORM")) {
    if (value !== environment.get("TARGETPLATFORM")) return;
    reporter.report(
      RULES.redundantTargetPlatform,
      from.range,
      `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`,
    );
  }
}

function checkBasePlatform(
  from: FromInstruction,
  image: string,
  environment: Environment,
  options: LintOptions,
  reporter: Reporter,
): void {
  const actual = options.baseImage?.(image)?.platform;
  if (actual === undefined) return;
  const wanted = expandWord(from.platform ?? "", environment) || environment.get("TARGETPLATFORM")!;
  const [expected, given] = [parsePlatform(wanted), parsePlatform(actual)];
  if (expected.os === given.os && expected.architecture === given.architecture) return;
  reporter.report(
    RULES.invalidBaseImagePlatform,
    from.range,
    `Base image ${image} was pulled with platform ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)} for current build`,
  );
}
