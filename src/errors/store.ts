import { BoxwrightError } from "./index.ts";

function osCode(cause: unknown): string | undefined {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

export function storeWriteFailed(what: string, cause: unknown): BoxwrightError {
  const code = osCode(cause);
  return new BoxwrightError({
    code: "STORE_WRITE_FAILED",
    message: `cannot write ${what} to the store${code === undefined ? "" : ` (${code})`}`,
    hint:
      code === "ENOSPC" || code === "EDQUOT"
        ? "free some disk space (`boxwright prune` removes what is not needed) and try again"
        : "check that BOXWRIGHT_HOME is on a writable disk",
    cause,
  });
}

export function storeReadFailed(what: string, cause: unknown): BoxwrightError {
  const code = osCode(cause);
  return new BoxwrightError({
    code: "STORE_READ_FAILED",
    message: `cannot read ${what} from the store${code === undefined ? "" : ` (${code})`}`,
    hint: "check the directory that BOXWRIGHT_HOME names",
    cause,
  });
}

export function storeOpenFailed(directory: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "STORE_OPEN_FAILED",
    message: `cannot open the store in ${directory}`,
    hint: "set BOXWRIGHT_HOME to a directory that you may write to",
    cause,
  });
}

export function blobMissing(digest: string): BoxwrightError {
  return new BoxwrightError({
    code: "BLOB_MISSING",
    message: `the store has no content ${digest}`,
    hint: "build again with --no-cache",
  });
}

export function blobTruncated(digest: string): BoxwrightError {
  return new BoxwrightError({
    code: "BLOB_TRUNCATED",
    message: `the store's content ${digest} is shorter than it was when it was written`,
    hint: "remove the store (`boxwright prune --all`) and build again",
  });
}

export function blobTooLarge(digest: string, size: number, limit: number): BoxwrightError {
  return new BoxwrightError({
    code: "BLOB_TOO_LARGE",
    message: `content ${digest} has ${size} bytes, and at most ${limit} are allowed here`,
  });
}

export function digestMismatch(expected: string, actual: string): BoxwrightError {
  return new BoxwrightError({
    code: "DIGEST_MISMATCH",
    message: `the content has digest ${actual}, but ${expected} was expected`,
    hint: "it was changed or damaged on its way: fetch it again",
  });
}

export function sizeMismatch(expected: number, actual: number): BoxwrightError {
  return new BoxwrightError({
    code: "SIZE_MISMATCH",
    message: `the content has ${actual} bytes, but ${expected} were expected`,
    hint: "it was changed or damaged on its way: fetch it again",
  });
}

export function invalidDigest(text: string): BoxwrightError {
  return new BoxwrightError({
    code: "INVALID_DIGEST",
    message: `${JSON.stringify(text.slice(0, 100))} is not a digest`,
    hint: "a digest is `sha256:` and 64 lower-case hexadecimal digits",
  });
}
