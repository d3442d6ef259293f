import { BoxwrightError } from "./index.ts";

export const resultUnknown = (text: string) =>
  new BoxwrightError({
    code: "RESULT_UNKNOWN",
    message: `no such image: ${text}`,
    hint: "`boxwright images` lists what was built or pulled; `boxwright pull` fetches it from a registry",
  });

export const resultMissing = (file: string) =>
  new BoxwrightError({
    code: "RESULT_MISSING",
    message: `no such file: ${file}`,
    hint: "build it with `boxwright build -o FILE.wasm`, or name an image of `boxwright images`",
  });

export const resultAmbiguous = (text: string) =>
  new BoxwrightError({
    code: "RESULT_AMBIGUOUS",
    message: `${JSON.stringify(text)} is the start of several digests`,
    hint: "write more digits",
  });

export const resultUnwritable = (file: string, cause: Error) =>
  new BoxwrightError({
    code: "RESULT_UNWRITABLE",
    message: `${file} cannot be written: ${cause.message}`,
    hint: "choose another place with -o",
    cause,
  });

export const resultForeign = (file: string) =>
  new BoxwrightError({
    code: "RESULT_FOREIGN",
    message: `${file} was not made by Boxwright, so nothing says what its configuration is`,
    hint: "`oras push` and `wkg oci push` publish any .wasm",
  });
