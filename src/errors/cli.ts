import { BoxwrightError } from "./index.ts";

/** Something about the command line itself: exit code 2. */
export const usageError = (message: string, hint?: string) =>
  new BoxwrightError({
    code: "USAGE",
    message,
    exitCode: 2,
    ...(hint === undefined ? {} : { hint }),
  });

export const notImplemented = (what: string, hint: string) =>
  new BoxwrightError({
    code: "NOT_IMPLEMENTED",
    message: `${what} is not implemented yet`,
    exitCode: 2,
    hint,
  });
