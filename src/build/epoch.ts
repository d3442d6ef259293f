import { epochInvalid } from "../errors/build.ts";

/** 9999-12-31: the last day that dates of OCI documents can tell. */
const lastSecond = 253_402_300_799;

/**
 * `SOURCE_DATE_EPOCH` of the environment as seconds since 1970; undefined where it is not set, or empty.
 * Throws INVALID_EPOCH for all else than a whole number in decimal digits.
 */
export function epochOfEnvironment(environment: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = environment["SOURCE_DATE_EPOCH"];
  if (text === undefined || text === "") return undefined;
  if (!/^\d+$/.test(text)) throw epochInvalid(text);
  return checkEpoch(Number(text));
}

/** Throws INVALID_EPOCH. */
export function checkEpoch(seconds: number): number {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > lastSecond)
    throw epochInvalid(String(seconds));
  return seconds;
}
