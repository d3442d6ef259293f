/** The wildcards of COPY and ADD sources: Go's filepath.Match, component by component, and `**`. */

import { patternInvalid } from "../../errors/filesystem.ts";
import { codePoints, escaped, matchSteps, parseClass, type Step } from "./glob.ts";

export interface PathPattern {
  /** Whether a path (relative, normalised) matches as a whole. */
  matches(path: string): boolean;
  /** Whether something below a directory can match: it must be looked into. */
  mayMatchBelow(directory: string): boolean;
  /** The directory above the first component with a wildcard, "" for the root. */
  readonly base: string;
}

/** Whether a source has a wildcard at all (ContainsWildcards of BuildKit: a backslash hides the next character). */
export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern.replace(/\\./gsu, ""));
}

/** Throws PATTERN_INVALID. The pattern is normalised and without a leading slash. */
export function compilePattern(pattern: string): PathPattern {
  const components = pattern.split("/");
  const compiled = components.map((component) =>
    component === "**" ? "deep" : compileComponent(component, pattern),
  );
  const steps = joined(compiled);
  const firstDeep = compiled.indexOf("deep");
  const fixed = components.findIndex(hasWildcard);
  return {
    base: components.slice(0, fixed < 0 ? components.length - 1 : fixed).join("/"),
    matches: (path) => matchSteps(steps, codePoints(path)),
    mayMatchBelow(directory) {
      if (directory === "") return true;
      const parts = directory.split("/");
      if (firstDeep < 0 && parts.length >= compiled.length) return false;
      const shared = firstDeep < 0 ? parts.length : Math.min(parts.length, firstDeep);
      return parts.slice(0, shared).every((part, i) => {
        const component = compiled[i];
        return component === "deep" || (component !== undefined && matchSteps(component, codePoints(part)));
      });
    },
  };
}

/** `**` as a component stands for any number of components, none included. */
function joined(components: readonly (readonly Step[] | "deep")[]): readonly Step[] {
  const slash: Step = { kind: "character", code: 0x2f };
  const steps: Step[] = [];
  for (const [i, component] of components.entries()) {
    const isLast = i === components.length - 1;
    if (component !== "deep") steps.push(...component, ...(isLast ? [] : [slash]));
    else steps.push({ kind: "deep" }, ...(isLast ? [] : [{ kind: "boundary" } as const]));
  }
  return steps;
}

function compileComponent(component: string, pattern: string): readonly Step[] {
  const points = codePoints(component);
  const steps: Step[] = [];
  for (let i = 0; i < points.length; ) {
    const code = points[i];
    if (code === 0x2a) {
      if (steps.at(-1)?.kind !== "star") steps.push({ kind: "star" });
      i++;
    } else if (code === 0x3f) {
      steps.push({ kind: "any" });
      i++;
    } else if (code === 0x5b) {
      const [step, next] = parseClass(points, i, pattern);
      steps.push(step);
      i = next;
    } else {
      const [character, next] = escaped(points, i, pattern);
      if (character === 0x2f) throw patternInvalid(pattern, "a slash cannot be escaped");
      steps.push({ kind: "character", code: character });
      i = next;
    }
  }
  return steps;
}
