/** Extended headers (POSIX pax(1), "pax Extended Header"): records of `length SP keyword=value LF`. */

import { tarInvalidPax } from "../../errors/filesystem.ts";
import type { Timestamp } from "../types.ts";
import { decodeName } from "./header.ts";

export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const space = 0x20;
const lineFeed = 0x0a;
const equals = 0x3d;

/** Values stay bytes: those of extended attributes are binary. Later records replace earlier ones. */
export function decodePax(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    const digits = bytes.indexOf(space, at);
    const length =
      digits < 0 || digits - at > 10 ? "" : Buffer.from(bytes.subarray(at, digits)).toString("latin1");
    if (!/^[1-9][0-9]*$/.test(length)) throw tarInvalidPax("a record has no length");
    const end = at + Number(length);
    if (end > bytes.length || end <= digits + 1 || bytes[end - 1] !== lineFeed) {
      throw tarInvalidPax("a record has a wrong length");
    }
    const record = bytes.subarray(digits + 1, end - 1);
    const split = record.indexOf(equals);
    if (split <= 0) throw tarInvalidPax("a record has no keyword");
    records.set(decodeName(record.subarray(0, split)), record.subarray(split + 1));
    at = end;
  }
  return records;
}

export function encodePaxRecord(keyword: string, value: Uint8Array | string): Uint8Array {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value), Buffer.from("\n")]);
  // The length counts its own digits.
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function paxText(records: PaxRecords, keyword: string): string | undefined {
  const value = records.get(keyword);
  // "If the value is empty, it shall delete any header block value": as if there were no record.
  return value === undefined || value.length === 0 ? undefined : decodeName(value);
}

export function paxNumber(records: PaxRecords, keyword: string): number | undefined {
  const value = paxText(records, keyword);
  if (value === undefined) return undefined;
  const parsed = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(parsed))
    throw tarInvalidPax(`${keyword} is not a number`);
  return parsed;
}

/** Decimal seconds with a fraction; digits beyond nanoseconds are cut off, towards the past. */
export function paxTime(records: PaxRecords, keyword: string): Timestamp | undefined {
  const value = paxText(records, keyword);
  if (value === undefined) return undefined;
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw tarInvalidPax(`${keyword} is not a time`);
  const seconds = Number(match[2]);
  const nanos = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds, nanos };
  return nanos === 0 ? { seconds: 0 - seconds, nanos } : { seconds: -seconds - 1, nanos: 1e9 - nanos };
}

export function formatPaxTime({ seconds, nanos }: Timestamp): string {
  if (nanos === 0) return String(seconds);
  const negative = seconds < 0;
  const whole = negative ? -seconds - 1 : seconds;
  const fraction = String(negative ? 1e9 - nanos : nanos)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}.${fraction}`;
}
