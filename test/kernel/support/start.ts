/** Start programs for tests, from docs/index-format.md. */

export type TestWord = readonly (string | { readonly arguments: true } | Variable)[];
export interface Variable {
  readonly name: string;
  readonly quoted?: boolean;
  /** The number of docs/index-format.md. */
  readonly operator?: number;
  readonly operand?: TestWord;
}
export type TestOperation = readonly [
  operation: "setenv" | "unsetenv" | "chdir" | "mkdir" | "exec",
  ...words: readonly TestWord[],
];

const OPCODES = { setenv: 1, unsetenv: 2, chdir: 3, mkdir: 4, exec: 5 };

export function startProgram(...operations: readonly TestOperation[]): Uint8Array {
  return Buffer.concat(
    operations.map(([name, ...words]) =>
      Buffer.concat([Uint8Array.of(OPCODES[name]), u16(words.length), ...words.map(word)]),
    ),
  );
}

/** `exec` of words without expansions. */
export function execProgram(...argv: readonly string[]): Uint8Array {
  return startProgram(["exec", ...argv.map((text): TestWord => [text])]);
}

function word(parts: TestWord): Uint8Array {
  return Buffer.concat([u16(parts.length), ...parts.map(part)]);
}

function part(value: TestWord[number]): Uint8Array {
  if (typeof value === "string") {
    const text = Buffer.from(value);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(text.length);
    return Buffer.concat([Uint8Array.of(0), size, text]);
  }
  if ("arguments" in value) return Uint8Array.of(2);
  const name = Buffer.from(value.name);
  const head = Uint8Array.of(1, value.quoted ? 1 : 0, value.operator ?? 0);
  return Buffer.concat([head, u16(name.length), name, word(value.operand ?? [])]);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}
