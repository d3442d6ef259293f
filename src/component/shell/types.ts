import type { Operator } from "../start-program.ts";

/** A piece of a shell word, before expansion. */
export type ShellPart =
  | { readonly kind: "literal"; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: "parameter";
      /** A variable's name, a positional number, or `@`, `*`, `#`. */
      readonly name: string;
      readonly quoted: boolean;
      readonly operator: Operator;
      readonly operand: ShellWord;
    }
  /** `~` (no user) or `~user` at the start of a word. */
  | { readonly kind: "tilde"; readonly user: string };

export type ShellWord = readonly ShellPart[];

export interface Assignment {
  readonly name: string;
  readonly value: ShellWord;
}

/** A simple command (POSIX 2.9.1) and what follows it. */
export interface ShellCommand {
  readonly assignments: readonly Assignment[];
  readonly words: readonly ShellWord[];
  /** Counted from 1. */
  readonly line: number;
  /** What separates it from the next command; a newline is `;`. */
  readonly separator: "&&" | ";";
}

/** Why a script cannot become a start program; turned into a coded error where the file is known. */
export class ShellRefusal extends Error {
  readonly reason: "construct" | "syntax";
  readonly hint: string;
  readonly line: number;

  constructor(reason: "construct" | "syntax", message: string, line: number, hint: string) {
    super(message);
    this.reason = reason;
    this.line = line;
    this.hint = hint;
  }
}
