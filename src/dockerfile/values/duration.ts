import { invalidDuration } from "../../errors/dockerfile.ts";

/** Nanoseconds. Both micro signs, U+00B5 and U+03BC. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const PART = /([0-9]*)(?:\.([0-9]*))?([^0-9.]+)/y;
const LIMIT = 2n ** 63n;

/**
 * Go's duration syntax (`1h30m`, `1.5s`, `-2ms`, `0`), in nanoseconds. Beyond 2^53 ns (104 days) the number
 * is rounded. Throws INVALID_DURATION.
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith("-");
  const body = negative || text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") return 0;
  if (body === "" || body.length > 200) throw invalidDuration(text);
  let total = 0n;
  for (let at = 0; at < body.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const match = PART.exec(body);
    const whole = match?.[1] ?? "";
    const fraction = match?.[2] ?? "";
    const unit = match !== null && Object.hasOwn(UNITS, match[3]!) ? UNITS[match[3]!] : undefined;
    if (unit === undefined || whole + fraction === "") throw invalidDuration(text);
    total += BigInt(whole === "" ? "0" : whole) * unit;
    total += (BigInt(fraction === "" ? "0" : fraction) * unit) / 10n ** BigInt(fraction.length);
    if (total >= LIMIT) throw invalidDuration(text);
  }
  return Number(negative ? -total : total);
}
