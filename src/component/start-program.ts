import { startTooLarge } from "../errors/component.ts";

/** The operators of docs/index-format.md, by their number. `""` is a plain `$NAME`. */
export const OPERATORS = ["", ":-", "-", ":+", "+", ":?", "?", "#", "##", "%", "%%", "length"] as const;
export type Operator = (typeof OPERATORS)[number];

export type Part =
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "variable";
      readonly name: string;
      /** Inside double quotes: never split into fields. */
      readonly quoted: boolean;
      readonly operator: Operator;
      readonly operand: Word;
    }
  /** All arguments of the run; alone in its word. */
  | { readonly kind: "arguments" };

export type Word = readonly Part[];

export type Operation =
  | { readonly kind: "set"; readonly name: string; readonly value: Word }
  | { readonly kind: "unset"; readonly name: string }
  | { readonly kind: "chdir"; readonly directory: Word }
  | { readonly kind: "mkdir"; readonly directory: Word }
  | { readonly kind: "exec"; readonly words: readonly Word[] };

export type StartProgram = readonly Operation[];

export function literal(text: string): Word {
  return [{ kind: "literal", text }];
}

/** Encodes a start program as docs/index-format.md says. Throws START_TOO_LARGE. */
export function encodeStartProgram(program: StartProgram): Uint8Array {
  const bytes = Buffer.concat(program.map(encodeOperation));
  if (bytes.length > 1024 * 1024) throw startTooLarge(bytes.length);
  return bytes;
}

function encodeOperation(operation: Operation): Uint8Array {
  switch (operation.kind) {
    case "set":
      return encodeWords(1, [literal(operation.name), operation.value]);
    case "unset":
      return encodeWords(2, [literal(operation.name)]);
    case "chdir":
      return encodeWords(3, [operation.directory]);
    case "mkdir":
      return encodeWords(4, [operation.directory]);
    case "exec":
      return encodeWords(5, operation.words);
  }
}

function encodeWords(opcode: number, words: readonly Word[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(opcode), u16(words.length), ...words.map(encodeWord)]);
}

function encodeWord(word: Word): Uint8Array {
  return Buffer.concat([u16(word.length), ...word.map(encodePart)]);
}

function encodePart(part: Part): Uint8Array {
  switch (part.kind) {
    case "literal": {
      const text = Buffer.from(part.text, "utf8");
      return Buffer.concat([Uint8Array.of(0), u32(text.length), text]);
    }
    case "variable": {
      const name = Buffer.from(part.name, "utf8");
      const flags = [1, part.quoted ? 1 : 0, OPERATORS.indexOf(part.operator)];
      return Buffer.concat([Uint8Array.from(flags), u16(name.length), name, encodeWord(part.operand)]);
    }
    case "arguments":
      return Uint8Array.of(2);
  }
}

function u16(value: number): Uint8Array {
  if (value > 0xffff) throw startTooLarge(value);
  return Uint8Array.of(value & 0xff, value >> 8);
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
