import { BoxwrightError } from "./index.ts";

const againHint = "get the image from where it comes from again";

export function imageInvalidManifest(reason: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_INVALID_MANIFEST",
    message: `the image's manifest cannot be used: ${reason}`,
    hint: againHint,
    cause,
  });
}

export function imageInvalidConfig(reason: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_INVALID_CONFIG",
    message: `the image's configuration cannot be used: ${reason}`,
    hint: againHint,
    cause,
  });
}

export function imageUnsupportedMediaType(mediaType: string): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_UNSUPPORTED_MEDIA_TYPE",
    message: `the image has a part of type ${JSON.stringify(mediaType.slice(0, 200))}, which is not supported`,
    hint: "manifests of OCI or Docker schema 2 are, with layers that are plain tars, gzip or zstd",
  });
}

export function imageDiffIdMismatch(expected: string, actual: string): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_DIFF_ID_MISMATCH",
    message: `a layer unpacks to ${actual}, but the image's configuration names ${expected}`,
    hint: againHint,
  });
}

export function imageIndexTooDeep(): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_INDEX_TOO_DEEP",
    message: "the image's index leads to indexes that lead to indexes",
    hint: "name the manifest by its digest",
  });
}

export function imageReferenceNotFound(
  directory: string,
  reference: string,
  known: readonly string[],
): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_REFERENCE_NOT_FOUND",
    message: `the OCI layout ${directory} has no image ${reference}`,
    hint: known.length === 0 ? "its images have no names" : `it has ${known.slice(0, 10).join(", ")}`,
  });
}

export function imageAmbiguous(directory: string, known: readonly string[]): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_AMBIGUOUS",
    message: `the OCI layout ${directory} has several images`,
    hint: `name one of them after a colon: ${known.slice(0, 10).join(", ")}`,
  });
}

export function imagePlatformNotFound(wanted: string, known: readonly string[]): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_PLATFORM_NOT_FOUND",
    message: `the image is not there for ${wanted}`,
    hint: `it is for ${known.slice(0, 10).join(", ") || "no platform at all"}: choose one with --platform`,
  });
}

export function imageLayoutInvalid(directory: string, reason: string, cause?: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_LAYOUT_INVALID",
    message: `${directory} is not an OCI layout that can be used: ${reason}`,
    hint: "an OCI layout is a directory with the files `oci-layout` and `index.json`, and the directory `blobs`",
    cause,
  });
}

export function imageLayoutOccupied(directory: string): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_LAYOUT_OCCUPIED",
    message: `${directory} is not empty, and not an OCI layout`,
    hint: "choose another directory for the output",
    exitCode: 2,
  });
}

export function imageLayoutWriteFailed(directory: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "IMAGE_LAYOUT_WRITE_FAILED",
    message: `cannot write the OCI layout ${directory}`,
    hint: "check that there is room on the disk and that you may write there",
    cause,
  });
}
