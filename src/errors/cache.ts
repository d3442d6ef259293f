import { BoxwrightError } from "./index.ts";

/** Caches that come from, and go to, outside the store (src/build/cache). */

export function cacheInvalid(name: string, reason: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "CACHE_INVALID",
    message: `the build cache ${name} cannot be used: ${reason}`,
    hint: "export it anew with --cache-to",
    cause,
  });
}

export function cacheNotFound(name: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "CACHE_NOT_FOUND",
    message: `there is no build cache at ${name}`,
    hint: "the first build that exports it with --cache-to makes it",
    cause,
  });
}

export function cacheLayerMismatch(name: string, expected: string, actual: string): BoxwrightError {
  return new BoxwrightError({
    code: "CACHE_LAYER_MISMATCH",
    message: `a layer of the build cache ${name} unpacks to ${actual}, but its record names ${expected}`,
    hint: "it was changed or damaged: export the cache anew with --cache-to",
  });
}

export function cacheDirectoryOccupied(directory: string): BoxwrightError {
  return new BoxwrightError({
    code: "CACHE_DIRECTORY_OCCUPIED",
    message: `${directory} has other things in it than an OCI layout`,
    hint: "--cache-to needs a directory that is missing, empty, or a cache already",
    exitCode: 2,
  });
}

export function cacheWriteFailed(directory: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "CACHE_WRITE_FAILED",
    message: `cannot write the build cache in ${directory}`,
    hint: "check its permissions and the free space, or add ignore-error=true",
    cause,
  });
}

export function inlineCacheUnsupported(format: string): BoxwrightError {
  return new BoxwrightError({
    code: "INLINE_CACHE_UNSUPPORTED",
    message: `--cache-to type=inline is not possible with a ${format}: it has files, but no layers`,
    hint: "use an OCI layout (--format oci), or --cache-to type=registry,ref=REF or type=local,dest=DIR",
    exitCode: 2,
  });
}
