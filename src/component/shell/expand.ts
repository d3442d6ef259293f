import type { Part, Word } from "../start-program.ts";
import { type ShellPart, ShellRefusal, type ShellWord } from "./types.ts";

/** A positional parameter: a known text, or all arguments of the run (only as the last). */
export type Argument = { readonly kind: "text"; readonly text: string } | { readonly kind: "rest" };

export interface ExpansionScope {
  readonly line: number;
  /** `$0` first. */
  readonly positional: readonly Argument[];
  /** `set -u` is in force: an unset variable is an error. */
  readonly unsetIsError: boolean;
  /** `set -f` is in force. */
  readonly globbing: boolean;
  /** The home directory of a user of the image. */
  homeOf(user: string): string | undefined;
  warn(message: string): void;
}

/** Where a word stands: an operand of a command (split, globbed), or a value (neither). */
export type WordPlace = "field" | "value";

/** What a command's word comes to: usually one word, `"$@"` any number. */
export function expandField(word: ShellWord, scope: ExpansionScope): readonly Word[] {
  const [only] = word;
  if (word.length === 1 && only?.kind === "parameter" && only.name === "@" && only.operator === "") {
    if (!only.quoted) scope.warn("unquoted $@: arguments are passed on as they are, not split at blanks");
    return allArguments(scope);
  }
  return [expandWord(word, scope, "field")];
}

/** Turns a shell word into a start program's word. Throws ShellRefusal for what that cannot say. */
export function expandWord(word: ShellWord, scope: ExpansionScope, place: WordPlace): Word {
  if (place === "field" && scope.globbing) refuseGlob(word, scope);
  return word.flatMap((part) => expandPart(part, scope, place));
}

function expandPart(part: ShellPart, scope: ExpansionScope, place: WordPlace): readonly Part[] {
  switch (part.kind) {
    case "literal":
      return [{ kind: "literal", text: part.text }];
    case "tilde":
      return [expandTilde(part.user, scope)];
    case "parameter":
      return /^[A-Za-z_]/.test(part.name)
        ? [expandVariable(part, scope, place)]
        : expandSpecial(part, scope, place);
  }
}

type Parameter = Extract<ShellPart, { kind: "parameter" }>;

function expandVariable(part: Parameter, scope: ExpansionScope, place: WordPlace): Part {
  const quoted = part.quoted || place === "value";
  const { operator } = part;
  if (operator === "" && scope.unsetIsError) {
    return { kind: "variable", name: part.name, quoted, operator: "?", operand: [] };
  }
  if (scope.unsetIsError && /^[#%l]/.test(operator)) {
    throw refusal(scope, `\${…} with ${operator} after set -u`, "leave out set -u");
  }
  const operand = expandOperand(part, scope, quoted);
  return { kind: "variable", name: part.name, quoted, operator, operand };
}

/** Operands are themselves words; in a pattern, what is quoted must not act as a wildcard. */
function expandOperand(part: Parameter, scope: ExpansionScope, quoted: boolean): Word {
  const isPattern = /^[#%]/.test(part.operator);
  const isMessage = part.operator === "?" || part.operator === ":?";
  return part.operand.flatMap((inner, index): readonly Part[] => {
    if (inner.kind === "literal") {
      if (isPattern)
        return [{ kind: "literal", text: inner.quoted ? escapePattern(inner.text) : inner.text }];
      if (!quoted && !inner.quoted && !isMessage && /[ \t\n]/.test(inner.text)) {
        throw refusal(scope, "an unquoted ${…} whose default has blanks", 'put it in double quotes: "${…}"');
      }
      if (!quoted && index === 0 && !inner.quoted && inner.text.startsWith("~")) {
        throw refusal(scope, "~ inside ${…}", "write $HOME instead");
      }
      return [{ kind: "literal", text: inner.text }];
    }
    // The kernel escapes what a quoted variable brings into a pattern.
    if (isPattern) return expandPart(inner, scope, "field");
    return expandPart(inner, scope, quoted ? "value" : "field");
  });
}

function expandTilde(user: string, scope: ExpansionScope): Part {
  if (user === "") {
    // With HOME unset the tilde stays as it is, as in dash.
    const operand: Word = [{ kind: "literal", text: "~" }];
    return { kind: "variable", name: "HOME", quoted: true, operator: "-", operand };
  }
  return { kind: "literal", text: scope.homeOf(user) ?? `~${user}` };
}

/** `$0`, `$1`, `$#` are known where no argument of the run is in the way; the others never are. */
function expandSpecial(part: Parameter, scope: ExpansionScope, place: WordPlace): readonly Part[] {
  const shown = part.operator === "" ? `$${part.name}` : `\${${part.name}…}`;
  if (part.operator !== "") throw refusal(scope, shown, "use named variables (ENV)");
  const value = specialValue(part.name, scope);
  if (value === undefined) {
    throw refusal(scope, shown, 'only "$@" on its own can stand for the arguments of the run');
  }
  if (!part.quoted && place === "field") {
    if (value === "") return [];
    if (/[ \t\n*?[]/.test(value)) throw refusal(scope, `unquoted ${shown}`, `write "${shown}"`);
  }
  return [{ kind: "literal", text: value }];
}

function specialValue(name: string, scope: ExpansionScope): string | undefined {
  if (/^[0-9]+$/.test(name)) {
    const argument = scope.positional[Number(name)];
    if (argument?.kind === "text") return argument.text;
    return scope.positional.some(({ kind }) => kind === "rest") || scope.unsetIsError ? undefined : "";
  }
  if (name === "#" && scope.positional.every(({ kind }) => kind === "text")) {
    return String(Math.max(scope.positional.length - 1, 0));
  }
  return undefined;
}

function allArguments(scope: ExpansionScope): readonly Word[] {
  if (scope.positional[0]?.kind === "rest") {
    const hint = 'end ENTRYPOINT with a word for $0: ["sh", "-c", "exec program \\"$@\\"", "sh"]';
    throw refusal(scope, "$@ where the first argument of the run is $0", hint);
  }
  return scope.positional
    .slice(1)
    .map((argument): Word => [argument.kind === "rest" ? { kind: "arguments" } : literalPart(argument.text)]);
}

function literalPart(text: string): Part {
  return { kind: "literal", text };
}

function refuseGlob(word: ShellWord, scope: ExpansionScope): void {
  for (const part of word) {
    if (part.kind === "literal" && !part.quoted && /[*?[]/.test(part.text)) {
      throw refusal(scope, `file name expansion (${part.text})`, "name the files, or quote the word");
    }
  }
}

function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]!^-]/g, "\\$&");
}

function refusal(scope: ExpansionScope, what: string, hint: string): ShellRefusal {
  return new ShellRefusal("construct", `it uses ${what}`, scope.line, hint);
}
