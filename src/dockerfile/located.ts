import { BoxwrightError, type SourceRange } from "../errors/index.ts";

/** Runs `action`; an error without a range gets `range`. */
export function located<T>(range: () => SourceRange, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof BoxwrightError ? error.at(range()) : error;
  }
}
