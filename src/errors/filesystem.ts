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
