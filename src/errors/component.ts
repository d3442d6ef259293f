import { BoxwrightError } from "./index.ts";

/** Bundling (src/component): the image cannot become a component, or a .wasm file is not what it should be. */

export function outputTooLarge(bytes: number, limit: number): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_TOO_LARGE",
    message: `the image's files make a WebAssembly module of ${bytes} bytes; engines refuse more than ${limit}`,
    hint: "leave out what the program does not need: a .dockerignore, a multi-stage build, or fewer packages",
  });
}

export function invalidSnapshot(why: string): BoxwrightError {
  return new BoxwrightError({
    code: "SNAPSHOT_INVALID",
    message: `the image's file tree cannot be encoded: ${why}`,
    hint: "a layer of the base image is damaged; pull it again, or report this",
  });
}

export function contentMissing(blob: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "CONTENT_MISSING",
    message: `file contents are missing from the store or are shorter than recorded (${blob})`,
    hint: "the cache was changed from outside; build again with --no-cache",
    cause,
  });
}

export function templateUnusable(file: string, why: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "TEMPLATE_UNUSABLE",
    message: `the runtime's template ${file} cannot be used: ${why}`,
    hint: "build the runtimes again: npm run build:runtimes",
    cause,
  });
}

export function noTemplate(runtime: string, format: string, port: string): BoxwrightError {
  return new BoxwrightError({
    code: "TEMPLATE_MISSING",
    message: `the ${runtime} runtime has no ${format} template for ${port}`,
    hint: "choose another --format, or build the runtimes again: npm run build:runtimes",
  });
}

export function outputUnwritable(file: string, cause: unknown): BoxwrightError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BoxwrightError({
    code: "OUTPUT_UNWRITABLE",
    message: `cannot write ${file}: ${reason}`,
    hint: "check that the directory exists, may be written to, and has room",
    cause,
  });
}

export function bundleAborted(cause: unknown): BoxwrightError {
  return new BoxwrightError({ code: "BUILD_ABORTED", message: "bundling was cancelled", cause });
}

export function invalidEnvironment(entry: string): BoxwrightError {
  return new BoxwrightError({
    code: "ENVIRONMENT_INVALID",
    message: `the image's environment entry ${JSON.stringify(entry)} is not NAME=value`,
    hint: "correct the ENV instruction, or the base image's configuration",
  });
}

export function workingDirectoryRelative(directory: string): BoxwrightError {
  return new BoxwrightError({
    code: "WORKDIR_RELATIVE",
    message: `the image's working directory ${JSON.stringify(directory)} is not an absolute path`,
    hint: "give WORKDIR an absolute path",
  });
}

export function unknownUser(user: string): BoxwrightError {
  return new BoxwrightError({
    code: "USER_UNKNOWN",
    message: `unable to find user ${user}: no matching entries in passwd file`,
    hint: "create the user in a RUN instruction (useradd), or name it by number in USER",
  });
}

export function unknownGroup(group: string): BoxwrightError {
  return new BoxwrightError({
    code: "GROUP_UNKNOWN",
    message: `unable to find group ${group}: no matching entries in group file`,
    hint: "create the group in a RUN instruction (groupadd), or name it by number in USER",
  });
}

export function userOutOfRange(value: string): BoxwrightError {
  return new BoxwrightError({
    code: "USER_OUT_OF_RANGE",
    message: `uids and gids must be in range 0-2147483647, not ${value}`,
    hint: "correct the USER instruction",
  });
}

/** Where a start command comes from, for messages: `the image's command`, or `/entrypoint.sh line 4`. */
export function startNotReducible(where: string, construct: string, hint: string): BoxwrightError {
  return new BoxwrightError({
    code: "START_NOT_REDUCIBLE",
    message: `${where}: ${construct}; a component holds one program and no shell`,
    hint,
  });
}

export function startSyntax(where: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "START_SYNTAX",
    message: `${where}: shell syntax error: ${why}`,
    hint: "correct the command: a shell would refuse it too",
  });
}

export function startNotExecutable(program: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "START_NOT_EXECUTABLE",
    message: `the image starts ${program}, which a component cannot execute: ${why}`,
    hint: "start the runtime that the base image is for (for example python), or a script with its #! line",
  });
}

export function startTooLarge(bytes: number): BoxwrightError {
  return new BoxwrightError({
    code: "START_TOO_LARGE",
    message: `the image's start command is too long (${bytes} bytes)`,
    hint: "put long texts into a file of the image",
  });
}

export function notWebAssembly(file: string): BoxwrightError {
  return new BoxwrightError({
    code: "WASM_NOT_WASM",
    message: `${file} is not a WebAssembly file`,
    hint: "give the .wasm file that boxwright build wrote",
  });
}

export function malformedWasm(file: string, why: string, offset: number): BoxwrightError {
  return new BoxwrightError({
    code: "WASM_MALFORMED",
    message: `${file} is damaged: ${why} (at byte ${offset})`,
    hint: "build or pull the file again",
  });
}

export function wasmUnreadable(file: string, cause: unknown): BoxwrightError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BoxwrightError({
    code: "WASM_UNREADABLE",
    message: `cannot read ${file}: ${reason}`,
    hint: "check the path and its permissions",
    cause,
  });
}

export function invalidMetadata(file: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "METADATA_INVALID",
    message: `the boxwright section of ${file} cannot be used: ${why}`,
    hint: "build the file again with this version of boxwright",
  });
}
