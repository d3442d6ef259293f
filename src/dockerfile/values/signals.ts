/** STOPSIGNAL: Linux's numbers on every architecture but mips. */
import { invalidSignal } from "../../errors/dockerfile.ts";

const FROM_ONE =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU " +
  "URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";
const SIGNALS: ReadonlyMap<string, number> = new Map([
  ...FROM_ONE.split(" ").map((name, index): [string, number] => [name, index + 1]),
  ["IOT", 6],
  ["CLD", 17],
  ["POLL", 29],
  ["RTMIN", 34],
  ...Array.from({ length: 15 }, (_, at): [string, number] => [`RTMIN+${at + 1}`, 35 + at]),
  ...Array.from({ length: 14 }, (_, at): [string, number] => [`RTMAX-${at + 1}`, 63 - at]),
  ["RTMAX", 64],
]);

/** The number of `SIGTERM`, `term` or `15`, after expansion. Throws INVALID_SIGNAL. */
export function parseSignal(text: string): number {
  if (/^[+-]?[0-9]+$/.test(text)) {
    const number = Number(text);
    if (number === 0 || !Number.isSafeInteger(number)) throw invalidSignal(text);
    return number;
  }
  const number = SIGNALS.get(text.toUpperCase().replace(/^SIG/, ""));
  if (number === undefined) throw invalidSignal(text);
  return number;
}
