/**
 * .dockerignore as moby/patternmatcher has it (its code, which differs from its documentation in places; the
 * differences are named where they are).
 */

import { ignoreTooLarge, patternInvalid } from "../../errors/filesystem.ts";
import { codePoints, matchSteps, parseClass, type Step } from "./glob.ts";

const maximumBytes = 4 << 20;
const maximumPatterns = 10_000;

export interface IgnoreMatcher {
  /**
   * Whether a path (relative to the context, no leading slash) is left out. A pattern that matches a directory
   * matches all below it; the last pattern that matches decides.
   */
  ignores(path: string): boolean;
  /**
   * Whether nothing below an ignored directory can be taken in again by a `!` pattern, so that it need not be
   * read.
   */
  canSkip(directory: string): boolean;
  /** The patterns, cleaned, with `!` before those that take in again. */
  readonly patterns: readonly string[];
}

interface Rule {
  readonly text: string;
  readonly negated: boolean;
  /** The part before the first special character. */
  readonly literal: string;
  /** Undefined where the pattern is only its literal part. */
  readonly steps: readonly Step[] | undefined;
}

/** Compiles the text of a .dockerignore. Throws PATTERN_INVALID, IGNORE_FILE_TOO_LARGE. */
export function compileIgnore(text: string): IgnoreMatcher {
  if (text.length > maximumBytes) throw ignoreTooLarge(maximumBytes);
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  return compileIgnorePatterns(lines.flatMap(readLine));
}

/** Compiles patterns as a .dockerignore's lines are once they are read (also those of `--exclude`). */
export function compileIgnorePatterns(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns.flatMap(compileRule);
  if (rules.length > maximumPatterns) throw ignoreTooLarge(maximumPatterns);
  const negations = rules.filter(({ negated }) => negated);

  function ignores(path: string): boolean {
    // A rule that matches the path or a directory above it decides; the last such rule wins.
    const points = codePoints(path);
    for (let i = rules.length - 1; i >= 0; i--) {
      const rule = rules[i];
      if (rule !== undefined && matchesRule(rule, path, points)) return !rule.negated;
    }
    return false;
  }
  return {
    ignores,
    canSkip: (directory) =>
      ignores(directory) && !negations.some(({ text }) => mayMatchBelow(text, directory)),
    patterns: rules.map(({ text, negated }) => (negated ? `!${text}` : text)),
  };
}

function matchesRule({ literal, steps }: Rule, path: string, points: readonly number[]): boolean {
  if (steps === undefined) {
    return path.startsWith(literal) && (path.length === literal.length || path[literal.length] === "/");
  }
  return path.startsWith(literal) && matchSteps(steps, points, true);
}

/** ReadAll() of patternmatcher/ignorefile: comments only in column 0; trimmed, cleaned, no leading slash. */
function readLine(line: string): string[] {
  if (line.startsWith("#")) return [];
  let pattern = trim(line);
  if (pattern === "") return [];
  const negated = pattern.startsWith("!");
  if (negated) pattern = trim(pattern.slice(1));
  if (pattern.length > 0) {
    pattern = clean(pattern);
    if (pattern.length > 1 && pattern.startsWith("/")) pattern = pattern.slice(1);
  }
  return [negated ? `!${pattern}` : pattern];
}

/** New() of patternmatcher: trims and cleans once more. */
function compileRule(line: string): Rule[] {
  let text = trim(line);
  if (text === "") return [];
  text = clean(text);
  const negated = text.startsWith("!");
  if (negated) {
    if (text.length === 1) throw patternInvalid("!", "there is nothing after the exclamation mark");
    text = text.slice(1);
  }
  const special = text.search(/[*?[\\]/);
  const literal = special < 0 ? text : text.slice(0, special);
  return [{ text, negated, literal, steps: special < 0 ? undefined : compileSteps(text) }];
}

/** The characters that Go's unicode.IsSpace knows, which are not those of String.trim (U+FEFF). */
function trim(text: string): string {
  const space = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  return text.replace(new RegExp(`^${space}+`, "u"), "").replace(new RegExp(`${space}+$`, "u"), "");
}

/** Go's path.Clean. */
export function clean(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push("..");
  }
  return (rooted ? "/" : "") + parts.join("/") || ".";
}

/** Pattern.compile() of patternmatcher, whose regular expressions these steps stand for. */
function compileSteps(pattern: string): readonly Step[] {
  const points = codePoints(pattern);
  const steps: Step[] = [];
  for (let i = 0; i < points.length; ) {
    const code = points[i] ?? 0;
    if (code === 0x2a && points[i + 1] === 0x2a) {
      i += 2;
      const followedBySlash = points[i] === 0x2f;
      if (followedBySlash) i++;
      // `.*` at the end, `(.*/)?` elsewhere; but `**name` at the start takes every path that ends in the name,
      // where nothing in the name is special.
      const isSuffix = steps.length === 0 && !followedBySlash && !/[*?[\]\\]/.test(pattern.slice(2));
      if (i === points.length || isSuffix) steps.push({ kind: "deep" });
      else steps.push({ kind: "optional", steps: 2 }, { kind: "deep" }, { kind: "boundary" });
    } else if (code === 0x2a) {
      steps.push({ kind: "star" });
      i++;
    } else if (code === 0x3f) {
      steps.push({ kind: "any" });
      i++;
    } else if (code === 0x5b) {
      const [step, next] = parseClass(points, i, pattern);
      steps.push(step);
      i = next;
    } else if (code === 0x5c) {
      if (points[i + 1] === undefined) throw patternInvalid(pattern, "it ends in a backslash");
      steps.push({ kind: "character", code: points[i + 1] ?? 0 });
      i += 2;
    } else {
      steps.push({ kind: "character", code });
      i++;
    }
  }
  return steps;
}

/** Whether a pattern can match something below a directory, judged by its part before the first wildcard. */
function mayMatchBelow(pattern: string, directory: string): boolean {
  const wildcard = pattern.search(/[*?[\\]/);
  const fixed = wildcard < 0 ? pattern : pattern.slice(0, wildcard);
  return (
    `${fixed}${wildcard < 0 ? "/" : ""}`.startsWith(`${directory}/`) ||
    (wildcard >= 0 && `${directory}/`.startsWith(fixed))
  );
}
