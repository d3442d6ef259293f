import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Paints for people on standard error: only on a terminal, and not where NO_COLOR asks for none. */
export const paint = (format: Format, text: string): string =>
  styleText(format, text, { stream: process.stderr });

/** Untrusted text for a terminal: control characters, which could move the cursor or worse, are shown as `?`. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
}
