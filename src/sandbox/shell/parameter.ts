import {
  type Expander,
  expandArithmetic,
  expandOperand,
  expandToPattern,
  expandToString,
  expansion,
  FIELD_BREAK,
  type Piece,
} from "./expand.ts";
import { compilePattern, patternSource } from "./pattern.ts";
import { ShellError } from "./signals.ts";
import { OPTION_LETTERS, type ShellState, setVariable } from "./state.ts";
import type { ParameterOperation, PartOf } from "./syntax.ts";

/** A parameter's value: one string, or several (`$@`, `$*`, an array). */
type Value =
  | { readonly kind: "one"; readonly text: string | undefined }
  | { readonly kind: "many"; readonly texts: readonly string[]; readonly star: boolean };

const SHELL_PID = "1";

function optionLetters(state: ShellState): string {
  return Object.entries(OPTION_LETTERS)
    .filter(([, name]) => state.options.has(name))
    .map(([letter]) => letter)
    .join("");
}

function special(state: ShellState, name: string): string | undefined {
  switch (name) {
    case "#":
      return String(state.positional.length);
    case "?":
      return String(state.status);
    case "-":
      return optionLetters(state);
    case "$":
    case "!":
      return SHELL_PID;
    case "0":
      return state.name;
    case "LINENO":
      return String(state.line);
    default:
      return undefined;
  }
}

async function lookup(expander: Expander, name: string): Promise<Value> {
  const { state } = expander;
  if (name === "@" || name === "*") return { kind: "many", texts: state.positional, star: name === "*" };
  const fixed = special(state, name);
  if (fixed !== undefined) return { kind: "one", text: fixed };
  if (/^\d+$/.test(name)) return { kind: "one", text: state.positional[Number(name) - 1] };
  const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.*)\]$/s.exec(name);
  if (element === null) {
    const value = state.variables.get(name)?.value;
    return { kind: "one", text: typeof value === "string" ? value : value?.[0] };
  }
  const stored = state.variables.get(element[1]!)?.value;
  const array = stored === undefined ? [] : typeof stored === "string" ? [stored] : stored;
  if (element[2] === "@" || element[2] === "*")
    return { kind: "many", texts: array, star: element[2] === "*" };
  return { kind: "one", text: array.at(Number(await expandArithmetic(expander, element[2]!))) };
}

function isEmpty(value: Value): boolean {
  return value.kind === "one" ? value.text === "" : value.texts.join("") === "";
}

function isUnset(value: Value): boolean {
  return value.kind === "one" ? value.text === undefined : value.texts.length === 0;
}

function render(state: ShellState, value: Value, quoted: boolean): readonly Piece[] {
  if (value.kind === "one") return [expansion(value.text ?? "", quoted)];
  if (value.star && quoted) {
    const separators = state.variables.get("IFS")?.value;
    const separator = typeof separators === "string" ? separators.slice(0, 1) : " ";
    return [expansion(value.texts.join(separator), true)];
  }
  return value.texts.flatMap((text, index): Piece[] =>
    index === 0 ? [expansion(text, quoted)] : [FIELD_BREAK, expansion(text, quoted)],
  );
}

/** Applies a string operation to the value, or to each of several. */
function each(value: Value, change: (text: string) => string): Value {
  if (value.kind === "many") return { ...value, texts: value.texts.map(change) };
  return { kind: "one", text: change(value.text ?? "") };
}

function removePattern(text: string, pattern: string, side: "prefix" | "suffix", greedy: boolean): string {
  if (side === "prefix") return text.replace(compilePattern(`^(?:${patternSource(pattern, !greedy)})`), "");
  // The shortest suffix starts last: try the starts from the end, the longest from the beginning.
  const whole = compilePattern(`^(?:${patternSource(pattern)})$`);
  for (let step = 0; step <= text.length; step++) {
    const start = greedy ? step : text.length - step;
    if (whole.test(text.slice(start))) return text.slice(0, start);
  }
  return text;
}

function changeCase(text: string, upper: boolean, all: boolean): string {
  const change = (part: string) => (upper ? part.toUpperCase() : part.toLowerCase());
  return all ? change(text) : change(text.slice(0, 1)) + text.slice(1);
}

const unsupported = (what: string) => new ShellError(`${what}: this expansion is not supported`, 2, true);

async function substring(
  expander: Expander,
  value: Value,
  operation: Extract<ParameterOperation, { type: "Substring" }>,
): Promise<Value> {
  const number = async (node: { originalText?: string }) =>
    Number(await expandArithmetic(expander, node.originalText ?? "0"));
  const offset = await number(operation.offset);
  const length = operation.length === null ? undefined : await number(operation.length);
  const cut = <Sequence extends string | readonly string[]>(sequence: Sequence): Sequence => {
    const start = offset < 0 ? Math.max(0, sequence.length + offset) : offset;
    const end = length === undefined ? undefined : length < 0 ? sequence.length + length : start + length;
    return sequence.slice(start, end) as Sequence;
  };
  if (value.kind === "many") return { ...value, texts: cut(value.texts) };
  return { kind: "one", text: cut(value.text ?? "") };
}

async function transform(
  expander: Expander,
  name: string,
  value: Value,
  operation: ParameterOperation,
): Promise<Value> {
  switch (operation.type) {
    case "Length":
      if (value.kind === "many") return { kind: "one", text: String(value.texts.length) };
      return { kind: "one", text: String([...(value.text ?? "")].length) };
    case "PatternRemoval": {
      const pattern = await expandToPattern(expander, operation.pattern);
      return each(value, (text) => removePattern(text, pattern, operation.side, operation.greedy));
    }
    case "PatternReplacement": {
      const source = patternSource(await expandToPattern(expander, operation.pattern));
      const replacement =
        operation.replacement === null ? "" : await expandToString(expander, operation.replacement);
      if (source === "") return value;
      const start = operation.anchor === "start" ? "^" : "";
      const end = operation.anchor === "end" ? "$" : "";
      const expression = compilePattern(`${start}(?:${source})${end}`, operation.all ? "g" : "");
      return each(value, (text) => text.replace(expression, () => replacement));
    }
    case "CaseModification":
      if (operation.pattern !== null) throw unsupported(name);
      return each(value, (text) => changeCase(text, operation.direction === "upper", operation.all));
    case "Substring":
      return substring(expander, value, operation);
    case "Indirection": {
      const target = value.kind === "one" ? (value.text ?? "") : "";
      if (!/^([A-Za-z_][A-Za-z0-9_]*(\[.*\])?|\d+)$/s.test(target))
        throw new ShellError(`${name}: bad substitution`, 2, true);
      return lookup(expander, target);
    }
    default:
      throw operation.type === "BadSubstitution"
        ? new ShellError("Bad substitution", 2, true)
        : unsupported(name);
  }
}

export async function expandParameter(
  expander: Expander,
  part: PartOf<"ParameterExpansion">,
  quoted: boolean,
): Promise<readonly Piece[]> {
  const { state } = expander;
  const { parameter, operation } = part;
  const value = await lookup(expander, parameter);
  const unset = isUnset(value);
  if (operation !== null && "checkEmpty" in operation) {
    const missing = unset || (operation.checkEmpty && isEmpty(value));
    switch (operation.type) {
      case "DefaultValue":
        return missing ? expandOperand(expander, operation.word, quoted) : render(state, value, quoted);
      case "UseAlternative":
        return missing ? [] : expandOperand(expander, operation.word, quoted);
      case "AssignDefault": {
        if (!missing) return render(state, value, quoted);
        const text = await expandToString(expander, operation.word);
        setVariable(state, parameter, text);
        return [expansion(text, quoted)];
      }
      case "ErrorIfUnset": {
        if (!missing) return render(state, value, quoted);
        const word = operation.word === null ? "" : await expandToString(expander, operation.word);
        throw new ShellError(`${parameter}: ${word || "parameter not set"}`, 2, true);
      }
    }
  }
  if (unset && value.kind === "one" && state.options.has("nounset")) {
    throw new ShellError(`${parameter}: parameter not set`, 2, true);
  }
  if (operation === null) return render(state, value, quoted);
  return render(state, await transform(expander, parameter, value, operation), quoted);
}
