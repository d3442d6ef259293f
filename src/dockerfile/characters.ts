/**
 * Character classes of BuildKit's parser, which is written in Go: `unicode.IsSpace` for trimming, and a
 * smaller ASCII class between words. JavaScript's `\s` and `trim` differ from both (U+0085, U+FEFF).
 */

const GO_SPACE = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACE = new RegExp(`^[${GO_SPACE}]$`);

export function isSpace(character: string): boolean {
  return character <= " " || character >= "\u0080" ? SPACE.test(character) : false;
}

/** Index of the first character at or after `from` that is not white space. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text[at]!)) at++;
  return at;
}

/** Index after the last character that is not white space. */
export function trimmedEnd(text: string): number {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1]!)) end--;
  return end;
}

export function trimSpace(text: string): string {
  return text.slice(skipSpace(text, 0), Math.max(trimmedEnd(text), skipSpace(text, 0)));
}

/** What separates the words of an instruction; a no-break space, say, does not. */
export function isSeparator(character: string): boolean {
  return (
    character === " " || character === "\t" || character === "\v" || character === "\f" || character === "\r"
  );
}

/** Index of the first separator at or after `from`, or the text's length. */
export function findSeparator(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isSeparator(text[at]!)) at++;
  return at;
}

/** Index of the first character at or after `from` that is not a separator. */
export function skipSeparators(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSeparator(text[at]!)) at++;
  return at;
}

/** Length in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    // Each half of a surrogate pair counts two of the pair's four bytes.
    else bytes += unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
  }
  return bytes;
}
