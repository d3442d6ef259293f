import { usageError } from "../errors/cli.ts";

/** A duration as Go writes it (`24h`, `1h30m`, `90s`), in seconds; not negative. */
export async function parseDuration(flag: string, text: string): Promise<number> {
  const { parseDuration: parseNanoseconds } = await import("../dockerfile/index.ts");
  const invalid = () =>
    usageError(`${flag} takes a duration, not ${JSON.stringify(text)}`, "for example 24h, 1h30m or 90s");
  let seconds: number;
  try {
    seconds = parseNanoseconds(text) / 1e9;
  } catch {
    throw invalid();
  }
  if (seconds < 0) throw invalid();
  return seconds;
}

/** Bytes as Docker reads them: `10GB`, `512m`, `1.5g`, `100`; units are powers of 1024, with or without B or iB. */
export function parseBytes(flag: string, text: string): number {
  const found = /^([0-9]+(?:\.[0-9]+)?) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text.trim());
  if (found === null)
    throw usageError(`${flag} takes a size, not ${JSON.stringify(text)}`, "for example 10GB, 512MB or 0");
  const power = " kmgtp".indexOf((found[2] ?? " ").toLowerCase());
  return Math.floor(Number(found[1]) * 1024 ** power);
}
