import { httpAddressInvalid } from "../../errors/sources.ts";
import type { Timestamp } from "../../filesystem/types.ts";

/** Throws HTTP_ADDRESS_INVALID for what is not an HTTP address. */
export function parseAddress(text: string): URL {
  if (!/^https?:\/\//.test(text))
    throw httpAddressInvalid(text, "it does not begin with http:// or https://");
  if (/[\x00-\x20\x7f]/.test(text)) throw httpAddressInvalid(text, "it has a space or control character");
  if (!URL.canParse(text)) throw httpAddressInvalid(text, "it is malformed");
  const url = new URL(text);
  url.hash = "";
  return url;
}

/**
 * What BuildKit's ADD (dockerfile2llb, dispatchCopy) calls the file: the last component of the address's path,
 * percent-decoded, or `__unnamed__`. What the server says (Content-Disposition, redirects) has no say in it.
 */
export function nameOf(url: URL): string {
  const name = decode(url.pathname)
    .split("/")
    .findLast((part) => part !== "");
  const usable = name !== undefined && name !== "." && name !== ".." && !name.includes("\0");
  return usable && Buffer.byteLength(name) <= 255 ? name : "__unnamed__";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** An HTTP date (RFC 9110, section 5.6.7) of the form that is sent; undefined for others. */
export function parseHttpDate(text: string | undefined): Timestamp | undefined {
  const [, day, name = "", year, hours, minutes, seconds] =
    /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(
      text ?? "",
    ) ?? [];
  const month = months.indexOf(name);
  if (month < 0) return undefined;
  const milliseconds = Date.UTC(
    Number(year),
    month,
    Number(day),
    Number(hours),
    Number(minutes),
    Number(seconds),
  );
  // Years below 100 would be taken as those of the last century.
  if (Number(year) < 1970) return undefined;
  return { seconds: milliseconds / 1000, nanos: 0 };
}
