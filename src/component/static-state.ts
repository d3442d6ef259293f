import type { Operation, Word } from "./start-program.ts";

/** What is known at bundle time of the process when a start program has got this far. */
export interface StaticState {
  /** Undefined: known to be unset. A missing key: unset. `null`: set, but only the run knows to what. */
  readonly environment: ReadonlyMap<string, string | null>;
  /** Undefined where only the run knows. */
  readonly workingDirectory: string | undefined;
}

/** Follows operations as far as the image's own environment and directory decide them. */
export function follow(initial: StaticState, operations: readonly Operation[]): StaticState {
  const environment = new Map(initial.environment);
  let { workingDirectory } = initial;
  for (const operation of operations) {
    switch (operation.kind) {
      case "set":
        environment.set(operation.name, evaluate(operation.value, environment) ?? null);
        break;
      case "unset":
        environment.delete(operation.name);
        break;
      case "chdir":
        workingDirectory = join(workingDirectory, evaluate(operation.directory, environment));
        break;
      default:
    }
  }
  return { environment, workingDirectory };
}

/** A word's value under the image's environment; undefined where it cannot be told. */
export function evaluate(word: Word, environment: ReadonlyMap<string, string | null>): string | undefined {
  let text = "";
  for (const part of word) {
    if (part.kind === "arguments") return undefined;
    if (part.kind === "literal") {
      text += part.text;
      continue;
    }
    const value = environment.get(part.name);
    if (value === null) return undefined;
    const isMissing = part.operator.startsWith(":") ? !value : value === undefined;
    switch (part.operator) {
      case "":
        text += value ?? "";
        break;
      case ":-":
      case "-": {
        const chosen = isMissing ? evaluate(part.operand, environment) : value;
        if (chosen === undefined) return undefined;
        text += chosen;
        break;
      }
      case ":+":
      case "+": {
        const chosen = isMissing ? "" : evaluate(part.operand, environment);
        if (chosen === undefined) return undefined;
        text += chosen;
        break;
      }
      case ":?":
      case "?":
        if (isMissing || value === undefined) return undefined;
        text += value;
        break;
      default:
        return undefined;
    }
  }
  return text;
}

function join(directory: string | undefined, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (path.startsWith("/")) return path;
  return directory === undefined ? undefined : `${directory}/${path}`;
}
