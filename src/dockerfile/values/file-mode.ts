/** `--chmod`: octal, or symbolic as in chmod(1) with a umask of 0. */
import { invalidFileMode } from "../../errors/dockerfile.ts";

export type FileMode =
  | { readonly kind: "octal"; readonly bits: number }
  | { readonly kind: "symbolic"; readonly operations: readonly ModeOperation[] };

type ModeOperation =
  /** `conditional`: only on directories and what somebody may execute (`X`). */
  | { readonly kind: "set" | "clear"; readonly bits: number; readonly conditional: boolean }
  /** Copies the permissions of user, group or others (shift 6, 3, 0) to those in `targets`. */
  | {
      readonly kind: "copy";
      readonly shift: number;
      readonly targets: number;
      readonly operator: "+" | "-" | "=";
    };

const SET_ID = 0o6000;
const STICKY = 0o1000;
const STANDARD = 0o6777;
const WHO: Readonly<Record<string, number>> = { a: STANDARD, u: 0o4700, g: 0o2070, o: 0o007 };
const PERMISSIONS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };
const COPIES: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const LENGTH_LIMIT = 1000;

/** After expansion. Throws INVALID_FILE_MODE. */
export function parseFileMode(text: string): FileMode {
  if (/^[0-9]/.test(text)) {
    const bits = /^[0-7]{1,32}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
    if (!(bits <= 0o7777)) throw invalidFileMode(text);
    return { kind: "octal", bits };
  }
  if (text.length > LENGTH_LIMIT) throw invalidFileMode(`${text.slice(0, 40)}…`);
  const operations = text.split(",").map((clause) => parseClause(clause));
  if (operations.includes(undefined)) throw invalidFileMode(text);
  return { kind: "symbolic", operations: operations.flatMap((list) => list ?? []) };
}

/** Permission bits (0 to 0o7777) of an inode that had `current`. */
export function applyFileMode(mode: FileMode, current: number, isDirectory: boolean): number {
  if (mode.kind === "octal") return mode.bits;
  const executable = isDirectory || (current & 0o111) !== 0;
  return mode.operations.reduce((bits, operation) => {
    if (operation.kind === "copy") return copyPermissions(operation, bits);
    if (operation.conditional && !executable) return bits;
    return operation.kind === "set" ? bits | operation.bits : bits & ~operation.bits;
  }, current);
}

function copyPermissions(operation: Extract<ModeOperation, { kind: "copy" }>, bits: number): number {
  const value = (bits >> operation.shift) & 0o7;
  const spread = (value * 0o111) & operation.targets;
  if (operation.operator === "+") return bits | spread;
  if (operation.operator === "-") return bits & ~spread;
  return (bits & ~operation.targets) | spread;
}

const CLAUSE = /^([augo]*)((?:[-+=][rwxXstugo]*)+)$/;

function parseClause(clause: string): ModeOperation[] | undefined {
  const match = CLAUSE.exec(clause);
  if (match === null) return undefined;
  const who = [...match[1]!].reduce((bits, letter) => bits | WHO[letter]!, 0);
  return [...match[2]!.matchAll(/([-+=])([^-+=]*)/g)].flatMap(([, operator, letters]) => {
    // BSD's chmod, which BuildKit follows, takes `t` for one more "who": without another, `+rt` is `+t`.
    const sticky = letters!.includes("t") && hasSpecial(who) ? STICKY : 0;
    return parseAction(who | sticky, operator as "+" | "-" | "=", letters!);
  });
}

/** Set-id and sticky bits of others alone do not exist. */
const hasSpecial = (who: number) => who === 0 || (who & ~0o007) !== 0;

function parseAction(who: number, operator: "+" | "-" | "=", letters: string): ModeOperation[] {
  const operations: ModeOperation[] = [];
  const all = who === 0 ? STANDARD : who;
  const scope = who === 0 ? 0o7777 : who;
  // `u=g` replaces permissions alone, and copies them as they were before.
  const onlyCopies = letters !== "" && /^[ugo]+$/.test(letters);
  if (operator === "=" && !onlyCopies) operations.push({ kind: "clear", bits: all, conditional: false });
  const kind = operator === "-" ? "clear" : "set";
  for (const letter of letters) {
    const shift = COPIES[letter];
    if (shift !== undefined) operations.push({ kind: "copy", shift, targets: all & 0o777, operator });
    else if (letter === "X") operations.push({ kind, bits: scope & 0o111, conditional: operator !== "-" });
    else if (letter === "s")
      operations.push({ kind, bits: hasSpecial(who) ? scope & SET_ID : 0, conditional: false });
    else if (letter === "t")
      operations.push({ kind, bits: hasSpecial(who) ? STICKY : 0, conditional: false });
    else operations.push({ kind, bits: scope & PERMISSIONS[letter]!, conditional: false });
  }
  return operations;
}
