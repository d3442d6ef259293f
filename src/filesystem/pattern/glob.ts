/**
 * Go's path patterns (path/filepath, Match) as a list of steps, matched without backtracking in the number of
 * stars, so that no pattern can make it slow: time is at most steps × characters.
 */

import { patternInvalid } from "../../errors/filesystem.ts";

interface Range {
  readonly from: number;
  readonly to: number;
}

export type Step =
  | { readonly kind: "character"; readonly code: number }
  /** `?`: any character but a slash. */
  | { readonly kind: "any" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly Range[] }
  /** `*`: any run of characters but slashes. */
  | { readonly kind: "star" }
  /** `**`: any run of characters. */
  | { readonly kind: "deep" }
  /** A `/` before this point, or the start (the slash that ends `**` + `/`). */
  | { readonly kind: "boundary" }
  /** What follows, or what comes after the next `steps` steps. */
  | { readonly kind: "optional"; readonly steps: number };

const slash = 0x2f;

/** The code points of a text. */
export function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/** One character of a pattern, with its escape resolved. Throws PATTERN_INVALID. */
export function escaped(
  points: readonly number[],
  at: number,
  pattern: string,
): readonly [code: number, next: number] {
  const code = points[at];
  if (code === undefined) throw patternInvalid(pattern, "it ends too early");
  if (code !== 0x5c) return [code, at + 1];
  const next = points[at + 1];
  if (next === undefined) throw patternInvalid(pattern, "it ends in a backslash");
  return [next, at + 2];
}

/** A `[…]` class that starts at `at` (on the bracket). Throws PATTERN_INVALID. */
export function parseClass(
  points: readonly number[],
  at: number,
  pattern: string,
): readonly [step: Step, next: number] {
  const ranges: Range[] = [];
  let position = at + 1;
  const negated = points[position] === 0x5e;
  if (negated) position++;
  for (;;) {
    if (points[position] === 0x5d && ranges.length > 0) break;
    // Go: an unescaped "-" or "]" does not begin a range.
    if (points[position] === 0x2d || points[position] === 0x5d)
      throw patternInvalid(pattern, "a class is malformed");
    const [from, next] = escaped(points, position, pattern);
    let to = from;
    position = next;
    if (points[position] === 0x2d) {
      if (points[position + 1] === 0x2d || points[position + 1] === 0x5d) {
        throw patternInvalid(pattern, "a class is malformed");
      }
      [to, position] = escaped(points, position + 1, pattern);
    }
    ranges.push({ from, to });
  }
  return [{ kind: "class", negated, ranges }, position + 1];
}

/** Whether the whole text matches. */
export function matchSteps(steps: readonly Step[], text: readonly number[]): boolean {
  // The set of steps that may come next, as the text is read once (Thompson's simulation).
  let current = closure(steps, [0], true);
  for (const code of text) {
    const next: number[] = [];
    for (const index of current) advance(steps, index, code, next);
    if (next.length === 0) return false;
    current = closure(steps, next, code === slash);
  }
  return current.has(steps.length);
}

function advance(steps: readonly Step[], index: number, code: number, next: number[]): void {
  const step = steps[index];
  if (step === undefined) return;
  if (step.kind === "star") {
    if (code !== slash) next.push(index);
  } else if (step.kind === "deep") {
    next.push(index);
  } else if (accepts(step, code)) {
    next.push(index + 1);
  }
}

function accepts(step: Step, code: number): boolean {
  if (step.kind === "character") return step.code === code;
  if (step.kind === "any") return code !== slash;
  if (step.kind !== "class") return false;
  // As in Go, only `*` and `?` exclude slashes: a class may match one.
  return step.ranges.some(({ from, to }) => from <= code && code <= to) !== step.negated;
}

/** Adds what is reached without reading: past stars, and past a boundary where there is one. */
function closure(steps: readonly Step[], start: readonly number[], atBoundary: boolean): Set<number> {
  const reached = new Set(start);
  for (const index of reached) {
    const step = steps[index];
    if (step === undefined) continue;
    const passes = step.kind === "star" || step.kind === "deep" || (step.kind === "boundary" && atBoundary);
    if (passes || step.kind === "optional") reached.add(index + 1);
    if (step.kind === "optional") reached.add(index + 1 + step.steps);
  }
  return reached;
}
