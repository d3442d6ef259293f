import { BoxwrightError } from "./index.ts";

export function runtimesNotBuilt(directory: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "RUNTIMES_NOT_BUILT",
    message: `there are no runtimes in ${directory}`,
    hint: "in a checkout, run `npm run build:runtimes`; in an installation, install boxwright again",
    cause,
  });
}

export function runtimeUnknown(name: string, known: readonly string[]): BoxwrightError {
  return new BoxwrightError({
    code: "RUNTIME_UNKNOWN",
    message: `there is no runtime named ${JSON.stringify(name)}`,
    hint: known.length === 0 ? "no runtime is installed" : `the runtimes are: ${known.join(", ")}`,
  });
}

export function runtimeDamaged(file: string, problem: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "RUNTIME_DAMAGED",
    message: `${file}: ${problem}`,
    hint: "in a checkout, run `npm run build:runtimes`; in an installation, install boxwright again",
    ...(cause === undefined ? {} : { cause }),
  });
}
