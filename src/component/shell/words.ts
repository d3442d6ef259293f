import type { Word } from "../start-program.ts";
import { type ShellCommand, ShellRefusal, type ShellWord } from "./types.ts";

/** The text of a shell word that needs no expansion; undefined for others. */
export function plainText(word: ShellWord): string | undefined {
  let text = "";
  for (const part of word) {
    if (part.kind !== "literal") return undefined;
    text += part.text;
  }
  return text;
}

/** The text of an expanded word that is all literal; undefined for others. */
export function literalText(word: Word): string | undefined {
  let text = "";
  for (const part of word) {
    if (part.kind !== "literal") return undefined;
    text += part.text;
  }
  return text;
}

/** `NAME=value` as an operand of export. */
export function splitAssignment(
  word: ShellWord,
): { readonly name: string; readonly value: ShellWord } | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== "literal" || first.quoted) return undefined;
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(first.text);
  if (match?.[1] === undefined) return undefined;
  const value = first.text.slice(match[0].length);
  return { name: match[1], value: value === "" ? rest : [{ ...first, text: value }, ...rest] };
}

export function refuse(command: ShellCommand, what: string, hint: string): ShellRefusal {
  return new ShellRefusal("construct", `it uses ${what}`, command.line, hint);
}
