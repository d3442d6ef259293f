import { stripVTControlCharacters, styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Paints for people on standard error: only on a terminal, and not where NO_COLOR asks for none. */
export const paint = (format: Format, text: string): string =>
  styleText(format, text, { stream: process.stderr });

/** Untrusted text for a terminal: control characters, which could move the cursor or worse, are shown as `?`. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
}

/** A line of a program's output as it would stand at last: what a carriage return overwrote is gone, and so are colours. */
export function outputLine(line: string): string {
  const last = line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
  return printable(stripVTControlCharacters(last));
}

/** A name of several lines, such as a RUN's, in one. */
export const oneLine = (text: string): string => printable(text.trim().replace(/\s*\n\s*/g, " "));

// Unicode's property East_Asian_Width is not among those of regular expressions. A character too many costs a
// column; the drawing itself does not rely on it.
const wide =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const narrowKana = /[\uff61-\uffdc]/u;
const zero = /[\p{Mark}\p{Default_Ignorable_Code_Point}]/u;

/** Columns that a character takes on a terminal. */
function characterWidth(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (zero.test(character)) return 0;
  return wide.test(character) && !narrowKana.test(character) ? 2 : 1;
}

/** Columns that a text without control characters takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text in at most so many columns; what is cut ends with an ellipsis. */
export function fitWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let fitted = "";
  let width = 1;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    fitted += character;
  }
  return columns < 1 ? "" : `${fitted}…`;
}
