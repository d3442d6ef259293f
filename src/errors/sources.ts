import { BoxwrightError } from "./index.ts";

/** Remote sources (src/sources): git repositories and files over HTTP. Addresses are shown without credentials. */

const shown = (text: string): string =>
  JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text).replace(/:\/\/[^/@"]*@/g, "://");

const privateHint =
  "check the address; a private one needs credentials: an authorization header for HTTP(S), a key for ssh";

export function gitSourceInvalid(text: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_SOURCE_INVALID",
    message: `${shown(text)} is not a usable git source: ${why}`,
    hint: "for example https://example.com/repository.git#branch:directory, or …git?tag=v1&subdir=directory",
  });
}

export function gitRefInvalid(ref: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_REF_INVALID",
    message: `${shown(ref)} cannot be the name of a branch, a tag or a commit`,
    hint: "name a branch, a tag, a ref such as refs/pull/1/head, or a whole commit id",
  });
}

export function gitChecksumInvalid(checksum: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_CHECKSUM_INVALID",
    message: `invalid checksum ${shown(checksum)} for a git source: expected a commit id`,
    hint: "the checksum of a git source is a commit id in hexadecimal digits, or how it begins",
  });
}

export function gitChecksumMismatch(
  remote: string,
  expected: string,
  actual: readonly string[],
): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_CHECKSUM_MISMATCH",
    message: `expected the commit of ${shown(remote)} to match ${expected}, got ${actual.join(" or ")}`,
    hint: "the branch or tag has moved: check what changed, then change the checksum",
  });
}

export function gitNotInstalled(cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_NOT_INSTALLED",
    message: "a git source needs the program git, which cannot be started",
    hint: "install git and see that it is on PATH",
    cause,
  });
}

export function gitRefNotFound(remote: string, ref: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_REF_NOT_FOUND",
    message: `the repository ${shown(remote)} has no branch, tag or ref ${shown(ref)}`,
    hint: /^[0-9a-f]{4,39}$/i.test(ref)
      ? "a commit must be named by its whole id: 40 (or 64) hexadecimal digits"
      : "check its spelling; git ls-remote lists what there is",
  });
}

export function gitCommitMissing(remote: string, commit: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_COMMIT_NOT_FOUND",
    message: `the repository ${shown(remote)} does not give the commit ${commit}`,
    hint: "it may have been removed, or be on no branch and the server does not hand out such commits",
  });
}

export function gitAnswerInvalid(remote: string, what: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_BAD_REPOSITORY",
    message: `the repository ${shown(remote)} cannot be used: ${what}`,
    hint: "it is damaged, or was made to mislead",
  });
}

export type GitFailureKind = "unreachable" | "authentication" | "missing" | "refused" | "other";

const failures: Record<
  GitFailureKind,
  { readonly code: string; readonly what: string; readonly hint: string }
> = {
  unreachable: {
    code: "GIT_UNREACHABLE",
    what: "cannot reach",
    hint: "check the address and the network (HTTPS_PROXY and NO_PROXY are honoured)",
  },
  authentication: { code: "GIT_AUTHENTICATION", what: "no access to", hint: privateHint },
  missing: { code: "GIT_REPOSITORY_NOT_FOUND", what: "no repository at", hint: privateHint },
  refused: {
    code: "GIT_REDIRECT_REFUSED",
    what: "refused to follow",
    hint: "redirects are not followed out of TLS, nor with credentials: name the address where the repository is",
  },
  other: { code: "GIT_FAILED", what: "git failed on", hint: "what git said is in the message" },
};

/** `said` is git's own text: redacted, without control characters, cut. */
export function gitFailed(
  kind: GitFailureKind,
  remote: string,
  said: string,
  cause?: unknown,
): BoxwrightError {
  const { code, what, hint } = failures[kind];
  return new BoxwrightError({
    code,
    message: `${what} ${shown(remote)}${said === "" ? "" : `: ${said}`}`,
    hint,
    exitCode: 3,
    cause,
  });
}

export function gitSubdirOutside(subdir: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_SUBDIR_OUTSIDE",
    message: `the directory ${shown(subdir)} leads out of the repository`,
    hint: "name a directory inside the repository, without ..",
  });
}

export function gitSubdirMissing(remote: string, subdir: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_SUBDIR_NOT_FOUND",
    message: `${shown(remote)} has no directory ${shown(subdir)} at that commit`,
    hint: "check its spelling, and that the branch or tag is the right one",
  });
}

export function gitSubmoduleRefused(path: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_SUBMODULE_REFUSED",
    message: `the submodule ${shown(path)} cannot be fetched: ${why}`,
    hint: "leave submodules out with ?submodules=false",
  });
}

export function gitTooLarge(remote: string, what: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_TOO_LARGE",
    message: `the tree of ${shown(remote)} has more than ${what}`,
    hint: "take a directory of it, or a release archive",
  });
}

export function gitPathInvalid(path: string): BoxwrightError {
  return new BoxwrightError({
    code: "GIT_PATH_INVALID",
    message: `the repository has an entry whose name cannot be used: ${shown(path)}`,
    hint: "names are UTF-8, at most 255 bytes long, and not .git",
  });
}

export function httpAddressInvalid(text: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_ADDRESS_INVALID",
    message: `${shown(text)} is not a usable address: ${why}`,
    hint: "an address is http://… or https://…",
  });
}

export function httpChecksumInvalid(checksum: string): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_CHECKSUM_INVALID",
    message: `invalid checksum ${shown(checksum)}`,
    hint: "the checksum of a file is sha256: and 64 lower-case hexadecimal digits",
  });
}

export function httpChecksumMismatch(address: string, expected: string, actual: string): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_CHECKSUM_MISMATCH",
    message: `digest mismatch for ${address}: ${actual} (expected: ${expected})`,
    hint: "the file was replaced or damaged: check what it is now, then change the checksum",
  });
}

export function httpStatus(address: string, status: number): BoxwrightError {
  return new BoxwrightError({
    code: status === 404 || status === 410 ? "HTTP_NOT_FOUND" : "HTTP_STATUS",
    message: `${address} answers with status ${status}`,
    hint:
      status === 401 || status === 403
        ? "it wants a login, or does not let anybody have it"
        : status >= 500
          ? "try again later"
          : "check the address",
    exitCode: 3,
  });
}

export function httpRedirectRefused(address: string, why: string): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_REDIRECT_REFUSED",
    message: `${address} sends us elsewhere, which is refused: ${why}`,
    hint: "name the address at which the file really is",
    exitCode: 3,
  });
}

export function httpTooLarge(address: string, limit: number): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_TOO_LARGE",
    message: `${address} is larger than ${limit} bytes`,
    hint: "fetch it before the build",
    exitCode: 3,
  });
}

export function httpTooSlow(address: string, milliseconds: number): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_TIMEOUT",
    message: `${address} did not come whole within ${milliseconds} ms`,
    hint: "try again, or fetch it before the build",
    exitCode: 3,
  });
}

export type HttpFailureKind =
  | "UNREACHABLE"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "TLS"
  | "BAD_RESPONSE"
  | "FAILED";

const httpHints: Record<HttpFailureKind, string> = {
  UNREACHABLE: "check the address and the network (HTTPS_PROXY and NO_PROXY are honoured)",
  CONNECTION_LOST: "try again",
  TIMEOUT: "try again, or check the network",
  TLS: "add the server's certificate authority with NODE_EXTRA_CA_CERTS",
  BAD_RESPONSE: "check that the address is right",
  FAILED: "check the address and the network",
};

export function httpFailed(kind: HttpFailureKind, message: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: `HTTP_${kind}`,
    message,
    hint: httpHints[kind],
    exitCode: 3,
    cause,
  });
}

export function httpRecordInvalid(): BoxwrightError {
  return new BoxwrightError({
    code: "HTTP_RECORD_INVALID",
    message: "what was remembered about a file from the network cannot be used",
    hint: "build again with --no-cache",
  });
}
