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

/** Whether the whole text matches; `orParent`: or what is before one of its slashes. */
export function matchSteps(steps: readonly Step[], text: readonly number[], orParent = false): boolean {
  // The set of steps that may come next, as the text is read once (Thompson's simulation).
  const states = new StateSet(steps);
  states.add(0, true);
  for (const code of text) {
    if (orParent && code === slash && states.accepted) return true;
    states.advance(code);
    if (states.isEmpty) return false;
  }
  return states.accepted;
}

/** Step numbers without duplicates, in memory that is used again for every character. */
class StateSet {
  readonly #steps: readonly Step[];
  /** The round in which a step was last added: a step is in the set if that is this round. */
  readonly #addedIn: Uint32Array;
  #current: number[] = [];
  #next: number[] = [];
  #round = 1;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#addedIn = new Uint32Array(steps.length + 1);
  }

  get isEmpty(): boolean {
    return this.#current.length === 0;
  }

  get accepted(): boolean {
    return this.#addedIn[this.#steps.length] === this.#round;
  }

  /** Adds a step and what is reached from it without reading: past stars, and past a boundary where there is one. */
  add(first: number, atBoundary: boolean): void {
    const list = this.#current;
    let at = list.length;
    this.#push(first);
    for (; at < list.length; at++) {
      const index = list[at] ?? 0;
      const step = this.#steps[index];
      if (step === undefined) continue;
      const passes = step.kind === "star" || step.kind === "deep" || (step.kind === "boundary" && atBoundary);
      if (passes || step.kind === "optional") this.#push(index + 1);
      if (step.kind === "optional") this.#push(index + 1 + step.steps);
    }
  }

  advance(code: number): void {
    const from = this.#current;
    this.#current = this.#next;
    this.#current.length = 0;
    this.#next = from;
    this.#round++;
    for (const index of from) {
      const step = this.#steps[index];
      if (step === undefined) continue;
      if (step.kind === "deep" || (step.kind === "star" && code !== slash)) this.add(index, code === slash);
      else if (accepts(step, code)) this.add(index + 1, code === slash);
    }
  }

  #push(index: number): void {
    if (this.#addedIn[index] === this.#round) return;
    this.#addedIn[index] = this.#round;
    this.#current.push(index);
  }
}

function accepts(step: Step, code: number): boolean {
  if (step.kind === "character") return step.code === code;
  if (step.kind === "any") return code !== slash;
  if (step.kind !== "class") return false;
  // As in Go, only `*` and `?` exclude slashes: a class may match one.
  return step.ranges.some(({ from, to }) => from <= code && code <= to) !== step.negated;
}
