import { BoxwrightError } from "./index.ts";

/** The build engine (src/build): stages, instructions, contexts, outputs. */

export function contextMissing(path: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "CONTEXT_NOT_FOUND",
    message: `cannot read the build context ${path}`,
    hint: "name a directory, a tar archive, or - for standard input",
    exitCode: 2,
    cause,
  });
}

export function dockerfileMissing(path: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "DOCKERFILE_NOT_FOUND",
    message: `cannot read the Dockerfile ${path}`,
    hint: "name it with -f, or run the command in the directory that has it",
    exitCode: 2,
    cause,
  });
}

export function dockerfileTooLarge(limit: number): BoxwrightError {
  return new BoxwrightError({
    code: "DOCKERFILE_TOO_LARGE",
    message: `the Dockerfile is longer than ${limit} bytes`,
    hint: "is -f the right file?",
  });
}

export function targetUnknown(target: string, known: readonly string[]): BoxwrightError {
  return new BoxwrightError({
    code: "TARGET_NOT_FOUND",
    message: `target stage ${JSON.stringify(target)} could not be found`,
    hint: known.length === 0 ? "no stage has a name; use its number, from 0" : `stages: ${known.join(", ")}`,
    exitCode: 2,
  });
}

export function emptyBaseName(): BoxwrightError {
  return new BoxwrightError({
    code: "BASE_NAME_EMPTY",
    message: "base name of FROM is empty once its variables are expanded",
    hint: "give the ARG before FROM a default, or pass --build-arg",
  });
}

export function stageTooLate(name: string): BoxwrightError {
  return new BoxwrightError({
    code: "STAGE_NOT_DEFINED_YET",
    message: `cannot use stage ${JSON.stringify(name)} here: it is defined later, or is this stage itself`,
    hint: "move that stage up",
  });
}

export function variableInFrom(value: string): BoxwrightError {
  return new BoxwrightError({
    code: "FROM_VARIABLE",
    message: `variables are not expanded in --from=${value}`,
    hint: "name a stage with FROM $VARIABLE AS name, and copy from that name",
  });
}

export function contextKindUnknown(name: string, value: string): BoxwrightError {
  return new BoxwrightError({
    code: "BUILD_CONTEXT_UNSUPPORTED",
    message: `cannot use the build context ${name}=${value}`,
    hint: "a build context is a directory, a git repository, the address of a tar archive, oci-layout://DIRECTORY[:TAG] or docker-image://REFERENCE",
    exitCode: 2,
  });
}

export function contextNotArchive(address: string): BoxwrightError {
  return new BoxwrightError({
    code: "CONTEXT_NOT_ARCHIVE",
    message: `${JSON.stringify(address)} is not a tar archive: it cannot be a build context with a Dockerfile of its own`,
    hint: "without -f the file is taken as the Dockerfile; a context is a directory, an archive or a git repository",
    exitCode: 2,
  });
}

export function remoteInCopy(address: string, kind: "git" | "http"): BoxwrightError {
  return new BoxwrightError({
    code: "COPY_REMOTE",
    message: `source can't be a ${kind === "git" ? "git ref" : "URL"} for COPY: ${JSON.stringify(address)}`,
    hint: "ADD takes sources from elsewhere",
  });
}

export function checksumOfMany(): BoxwrightError {
  return new BoxwrightError({
    code: "CHECKSUM_MISPLACED",
    message: "checksum can't be specified for multiple sources",
    hint: "write one ADD for each source",
  });
}

export function checksumOfLocal(): BoxwrightError {
  return new BoxwrightError({
    code: "CHECKSUM_MISPLACED",
    message: "checksum can't be specified for non-HTTP(S) & non-Git sources",
    hint: "files of the build context are known by their contents anyway",
  });
}

export function baseNeedsImage(name: string): BoxwrightError {
  return new BoxwrightError({
    code: "BASE_IS_DIRECTORY",
    message: `FROM ${name} names a build context of files, not an image`,
    hint: "use oci-layout:// or docker-image:// for that context, or COPY --from it",
  });
}

export function runNeedsRuntime(base: string): BoxwrightError {
  return new BoxwrightError({
    code: "RUN_UNSUPPORTED_BASE",
    message: `RUN cannot run on ${base}: no embedded runtime stands in for it`,
    hint: "RUN works on images that an embedded runtime stands in for, such as python:3.12; COPY works on all",
  });
}

export function noRuntimeForImage(base: string): BoxwrightError {
  return new BoxwrightError({
    code: "NO_RUNTIME",
    message: `an image based on ${base} cannot become a component: no runtime stands in for it`,
    hint: "start the last stage from an image such as python:3.12, or use --format oci",
  });
}

export function processFailed(command: readonly string[], exitCode: number): BoxwrightError {
  const hint =
    exitCode === 127
      ? "a command is not there: the language's own package manager or a COPY can bring it (docs/run.md)"
      : "the command's last output says why; --progress=plain shows all of it";
  return new BoxwrightError({
    code: "RUN_FAILED",
    message: `process ${JSON.stringify(command.join(" "))} did not complete successfully: exit code: ${exitCode}`,
    hint,
  });
}

export function notImplemented(what: string, hint?: string): BoxwrightError {
  return new BoxwrightError({
    code: "NOT_IMPLEMENTED",
    message: `${what} is not implemented`,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function sourceNotFound(path: string, ignored: boolean): BoxwrightError {
  return new BoxwrightError({
    code: "SOURCE_NOT_FOUND",
    message: `${JSON.stringify(path)} not found`,
    hint: ignored
      ? "a .dockerignore file leaves it out of the build context"
      : "sources are relative to the build context, or to the root of the stage or image in --from",
  });
}

export function sourceLinkBroken(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "SOURCE_LINK_BROKEN",
    message: `${JSON.stringify(path)} not found: a symbolic link on the way leads to nothing`,
    hint: "links are followed inside the build context (or the stage in --from) only: copy the file that is meant into it",
  });
}

export function cannotReplace(path: string, what: string): BoxwrightError {
  return new BoxwrightError({
    code: "COPY_CONFLICT",
    message: `cannot copy to ${JSON.stringify(`/${path}`)}: ${what}`,
    hint: "remove it in an earlier RUN, or copy to another place",
  });
}

export function sourceUnreadable(path: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "SOURCE_UNREADABLE",
    message: `cannot read ${path} of the build context`,
    hint: "check its permissions, or leave it out with a .dockerignore file",
    cause,
  });
}

export function unsupportedFile(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "SOURCE_UNSUPPORTED",
    message: `${JSON.stringify(path)} is a pipe, a socket or a device and cannot be copied`,
    hint: "leave it out with a .dockerignore file or --exclude",
  });
}

export function ownerUnknown(name: string, kind: "user" | "group"): BoxwrightError {
  const file = kind === "user" ? "passwd" : "group";
  return new BoxwrightError({
    code: "OWNER_NOT_FOUND",
    message: `unable to find ${kind} ${name}: no matching entries in ${file} file`,
    hint: `create it in an earlier RUN, or use a number`,
  });
}

export function secretMissing(id: string): BoxwrightError {
  return new BoxwrightError({
    code: "SECRET_NOT_FOUND",
    message: `secret ${id}: not found`,
    hint: `pass --secret id=${id},src=FILE`,
  });
}

export function secretUnreadable(id: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "SECRET_UNREADABLE",
    message: `cannot read the secret ${id}`,
    hint: "src names a readable file of at most 500 KiB, env a variable that is set",
    exitCode: 2,
    cause,
  });
}

export function outputNeeded(format: string): BoxwrightError {
  return new BoxwrightError({
    code: "OUTPUT_NEEDED",
    message: `--format ${format} needs an output directory`,
    hint: "pass -o DIRECTORY",
    exitCode: 2,
  });
}

export function tagInvalid(tag: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "INVALID_TAG",
    message: `invalid tag ${JSON.stringify(tag)}`,
    hint: "NAME[:TAG], lower-case, as Docker takes it",
    exitCode: 2,
    cause,
  });
}

export function volumeEmpty(): BoxwrightError {
  return new BoxwrightError({
    code: "VOLUME_EMPTY",
    message: "VOLUME cannot be an empty path",
  });
}

export function emptyVariableName(instruction: string): BoxwrightError {
  return new BoxwrightError({
    code: "NAME_EMPTY",
    message: `${instruction} names can not be blank`,
  });
}

export function epochInvalid(value: string): BoxwrightError {
  return new BoxwrightError({
    code: "INVALID_EPOCH",
    message: `SOURCE_DATE_EPOCH is not a number of seconds: ${JSON.stringify(value)}`,
    hint: "a whole number of seconds since 1970",
    exitCode: 2,
  });
}

export function buildAborted(cause?: unknown): BoxwrightError {
  return new BoxwrightError({ code: "BUILD_ABORTED", message: "the build was cancelled", cause });
}

export function tooDeep(what: string): BoxwrightError {
  return new BoxwrightError({
    code: "SYMLINK_LOOP",
    message: `too many levels of symbolic links in ${JSON.stringify(what)}`,
  });
}
