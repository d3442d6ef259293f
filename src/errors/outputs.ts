import { BoxwrightError } from "./index.ts";

/** What a build writes on the host (src/build/export): --output. */

export function outputFailed(place: string, cause: unknown): BoxwrightError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new BoxwrightError({
    code: "OUTPUT_FAILED",
    message: `cannot write the output ${place}${reason}`,
    hint: "check that there is room, that you may write there, and that nothing closed the pipe",
    cause,
  });
}

export function outputRepeated(place: string): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_REPEATED",
    message: `two outputs go to ${place}`,
    hint: "give each --output a place of its own",
    exitCode: 2,
  });
}

export function outputNotDirectory(directory: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_NOT_DIRECTORY",
    message: `the image's files cannot go to ${directory}: it is not a directory`,
    hint: "for a component name a file that ends in .wasm, or write type=component,dest=FILE",
    exitCode: 2,
    cause,
  });
}

export function outputOccupied(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_OCCUPIED",
    message: `${path} is a directory, and the image has a file of that name`,
    hint: "remove it, or write to an empty directory",
  });
}

export function outputSpecialFile(path: string, kind: string): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_SPECIAL_FILE",
    message: `cannot make ${JSON.stringify(`/${path}`)} on the host: it is a ${kind}`,
    hint: "type=tar holds it",
  });
}

export function outputName(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_NAME",
    message: `${JSON.stringify(`/${path}`)} has a name that this system's files cannot have`,
    hint: "type=tar holds it",
  });
}
