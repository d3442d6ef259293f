/** `# syntax=`, `# escape=` and `# check=` at the top of the file. */
import { duplicateDirective, invalidEscape } from "../errors/dockerfile.ts";
import { skipSpace } from "./characters.ts";
import { lineRange, type Source } from "./source.ts";
import type { Directive } from "./types.ts";

const DIRECTIVE = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$/s;
const NAMES: readonly string[] = ["syntax", "escape", "check"];

export interface Directives {
  readonly list: readonly Directive[];
  readonly escape: "\\" | "`";
}

/** The first line that is not a directive ends them. Throws DUPLICATE_DIRECTIVE or INVALID_ESCAPE_DIRECTIVE. */
export function readDirectives(source: Source, defaultEscape: Directives["escape"]): Directives {
  const list: Directive[] = [];
  let escapeToken = defaultEscape;
  for (const [index, line] of source.lines.entries()) {
    const directive = readDirective(line.content);
    if (directive === undefined) break;
    const range = lineRange(source, index + 1);
    if (list.some((earlier) => earlier.name === directive.name))
      throw duplicateDirective(directive.name, range);
    list.push({ ...directive, range });
    if (directive.name !== "escape") continue;
    if (directive.value !== "\\" && directive.value !== "`") throw invalidEscape(directive.value, range);
    escapeToken = directive.value;
  }
  return { list, escape: escapeToken };
}

function readDirective(line: string): { readonly name: string; readonly value: string } | undefined {
  const start = skipSpace(line, 0);
  if (line[start] !== "#") return undefined;
  return matchDirective(line.slice(start + 1));
}

/** Also used for `check=` in an ordinary comment above an instruction. */
export function matchDirective(
  comment: string,
): { readonly name: string; readonly value: string } | undefined {
  const match = DIRECTIVE.exec(comment.slice(skipSpace(comment, 0)));
  if (match === null) return undefined;
  const name = match[1]!.toLowerCase();
  return NAMES.includes(name) ? { name, value: match[2]! } : undefined;
}
