import { BoxwrightError } from "./index.ts";

const damagedHint =
  "the layer is damaged or was made to mislead: get the image from where it comes from again";

export function layerInvalidPath(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_INVALID_PATH",
    message: `a layer has an entry whose path cannot be used: ${JSON.stringify(path.slice(0, 200))}`,
    hint: damagedHint,
  });
}

export function layerLinkTarget(path: string, target: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_LINK_TARGET",
    message: `a layer has the hard link ${path} to ${target}, which is missing or a directory`,
    hint: damagedHint,
  });
}

export function layerLinkLoop(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_LINK_LOOP",
    message: `a layer has the entry ${path}, whose directory is behind a loop or too long a chain of symbolic links`,
    hint: damagedHint,
  });
}

export function layerInvalidRecord(reason: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_INVALID_RECORD",
    message: `a stored layer cannot be used: ${reason}`,
    hint: "build again with --no-cache",
  });
}

export function layerInvalidWhiteout(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_INVALID_WHITEOUT",
    message: `a layer has the whiteout ${JSON.stringify(path.slice(0, 200))}, which names nothing`,
    hint: damagedHint,
  });
}

export function layerReservedName(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_RESERVED_NAME",
    message: `${path} cannot be in an image, because names that begin with .wh. stand for what a layer removes`,
    hint: "give the file another name, or remove it in the same step",
  });
}

export function layerDuplicatePath(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_DUPLICATE_PATH",
    message: `a layer cannot be written, because ${path} is in it twice`,
  });
}

export function layerDeviceNumbers(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "LAYER_DEVICE_NUMBERS",
    message: `the device ${path} has numbers that a layer cannot hold`,
    hint: "major numbers go up to 4,095, minor ones up to 262,143",
  });
}

export function contextFileChanged(hostPath: string, expected: number): BoxwrightError {
  return new BoxwrightError({
    code: "CONTEXT_FILE_CHANGED",
    message: `${hostPath} had ${expected} bytes when the build looked at it, and has another size now`,
    hint: "do not change the build context while it is built",
  });
}

export function contextFileUnreadable(hostPath: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "CONTEXT_FILE_UNREADABLE",
    message: `cannot read ${hostPath}`,
    hint: "check its permissions, or leave it out with .dockerignore",
    cause,
  });
}

/** `code` is the part after `TAR_`. */
function tar(code: string, message: string, hint: string = damagedHint, cause?: unknown): BoxwrightError {
  return new BoxwrightError({ code: `TAR_${code}`, message, hint, cause });
}

const show = (name: string): string => JSON.stringify(name.slice(0, 200));

export const tarTruncated = (): BoxwrightError =>
  tar("TRUNCATED", "the archive ends in the middle of an entry");

export const tarChecksum = (): BoxwrightError =>
  tar("CHECKSUM", "the archive has a header whose checksum is wrong");

export const tarInvalidNumber = (field: string): BoxwrightError =>
  tar("INVALID_NUMBER", `the archive has a header whose ${field} is not a number that makes sense`);

export const tarInvalidSize = (name: string): BoxwrightError =>
  tar("INVALID_SIZE", `the archive's entry ${show(name)} has a size that makes no sense`);

export const tarInvalidPax = (reason: string): BoxwrightError =>
  tar("INVALID_PAX", `the archive has a damaged extended header: ${reason}`);

export const tarInvalidName = (name: string): BoxwrightError =>
  tar("INVALID_NAME", `the archive has an entry whose name cannot be used: ${show(name)}`);

export const tarPathEscapes = (name: string): BoxwrightError =>
  tar("PATH_ESCAPES", `the archive has an entry that leads out of it: ${show(name)}`);

export const tarUnsupported = (name: string, what: string): BoxwrightError =>
  tar(
    "UNSUPPORTED_ENTRY",
    `the archive's entry ${show(name)} is ${what}, which is not supported`,
    "make the archive again with `tar --format=pax` and without --sparse",
  );

export const tarDeviceRefused = (name: string): BoxwrightError =>
  tar(
    "DEVICE_REFUSED",
    `the archive's entry ${show(name)} is a device`,
    "remove it from the archive: ADD unpacks files, directories and links only",
  );

export const tarTooManyEntries = (limit: number): BoxwrightError =>
  tar(
    "TOO_MANY_ENTRIES",
    `the archive has more than ${limit} entries`,
    "split it, or leave out what is not needed",
  );

export const tarTooLarge = (limit: number): BoxwrightError =>
  tar(
    "TOO_LARGE",
    `the archive unpacks to more than ${limit} bytes`,
    "split it, or leave out what is not needed",
  );

export const tarBomb = (ratio: number): BoxwrightError =>
  tar(
    "EXPANDS_TOO_MUCH",
    `the archive unpacks to more than ${ratio} times its size, which only archives made to do harm do`,
    "unpack it yourself and use the files",
  );

export const tarDecompression = (method: string, cause: unknown): BoxwrightError =>
  tar("DECOMPRESSION", `the archive is not valid ${method}`, damagedHint, cause);

export function patternInvalid(pattern: string, reason: string): BoxwrightError {
  return new BoxwrightError({
    code: "PATTERN_INVALID",
    message: `the pattern ${show(pattern)} is not valid: ${reason}`,
    hint: "patterns have `*`, `?`, `[a-z]`, `**` and `\\` before a character that stands for itself",
  });
}

export function ignoreTooLarge(limit: number): BoxwrightError {
  return new BoxwrightError({
    code: "IGNORE_FILE_TOO_LARGE",
    message: `.dockerignore has more than ${limit} bytes or lines`,
    hint: "use fewer and wider patterns",
  });
}
