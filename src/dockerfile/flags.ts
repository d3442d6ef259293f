/** `--name=value` before an instruction's arguments. */
import { duplicateFlag, flagNotBoolean, flagWithoutValue, unknownFlag } from "../errors/dockerfile.ts";
import { located } from "./located.ts";
import { pieceRange } from "./logical-lines.ts";
import type { Node } from "./nodes.ts";
import { suggest } from "./suggest.ts";
import type { Flag } from "./types.ts";

/** "list" may be given several times. */
type FlagKind = "boolean" | "text" | "list";

export interface FlagValues {
  /** The value of a "text" flag. */
  text(name: string): string | undefined;
  /** The value of a "boolean" flag, where it is given. */
  boolean(name: string): boolean | undefined;
  list(name: string): readonly { readonly value: string; readonly range: Flag["range"] }[];
}

/**
 * Checks a node's flags against those that its instruction knows. Throws UNKNOWN_FLAG, DUPLICATE_FLAG,
 * FLAG_WITHOUT_VALUE or FLAG_NOT_BOOLEAN, with the flag's range.
 */
export function readFlags(node: Node, known: Readonly<Record<string, FlagKind>>): FlagValues {
  const flags: Flag[] = [];
  for (const piece of node.flags) {
    const range = pieceRange(node.line, piece);
    located(
      () => range,
      () => {
        const equals = piece.text.indexOf("=");
        const written = equals === -1 ? piece.text : piece.text.slice(0, equals);
        const value = equals === -1 ? undefined : piece.text.slice(equals + 1);
        const name = written.slice(2);
        check(name, value, known, flags);
        flags.push({ name, value, range });
      },
    );
  }
  const find = (name: string) => flags.find((flag) => flag.name === name);
  return {
    text: (name) => find(name)?.value,
    boolean: (name) => {
      const flag = find(name);
      return flag === undefined ? undefined : (flag.value ?? "true").toLowerCase() === "true";
    },
    list: (name) =>
      flags.filter((flag) => flag.name === name).map(({ value, range }) => ({ value: value ?? "", range })),
  };
}

function check(
  name: string,
  value: string | undefined,
  known: Readonly<Record<string, FlagKind>>,
  earlier: readonly Flag[],
): void {
  const written = `--${name}`;
  const names = Object.keys(known);
  const kind = Object.hasOwn(known, name) ? known[name] : undefined;
  if (kind === undefined) throw unknownFlag(written, suggest(name, names), names);
  if (kind !== "list" && earlier.some((flag) => flag.name === name)) throw duplicateFlag(written);
  if (kind !== "boolean") {
    if (value === undefined) throw flagWithoutValue(written);
    return;
  }
  if (value === "") throw flagWithoutValue(written);
  if (value !== undefined && !/^(true|false)$/i.test(value)) throw flagNotBoolean(written, value);
}
