import { notStringArray } from "../errors/dockerfile.ts";
import { skipSpace } from "./characters.ts";

/**
 * The exec form: a JSON array of strings. Anything that is not JSON is undefined (then it is shell form, as
 * BuildKit has it); an array with other elements throws JSON_NOT_STRINGS.
 */
export function parseJsonArray(text: string): readonly string[] | undefined {
  const json = text.slice(skipSpace(text, 0));
  if (!json.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  return value.map((element) => {
    if (typeof element !== "string") throw notStringArray();
    // An unpaired surrogate escape is U+FFFD in Go.
    return element.toWellFormed();
  });
}
