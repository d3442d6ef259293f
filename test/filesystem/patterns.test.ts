import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import {
  compileIgnore,
  compileIgnorePatterns,
  compilePattern,
  hasWildcard,
} from "../../src/filesystem/index.ts";

describe(".dockerignore", () => {
  const cases: readonly (readonly [patterns: string, ignored: readonly string[], kept: readonly string[]])[] =
    [
      ["*.md\n!README.md", ["a.md"], ["README.md", "d/a.md"]],
      ["*.md\n!README*.md\nREADME-secret.md", ["README-secret.md", "x.md"], ["README-x.md"]],
      ["d", ["d", "d/x", "d/e/f"], ["dd", "e/d"]],
      ["/d/", ["d/x"], ["x/d"]],
      ["./a/../b", ["b"], ["a"]],
      ["# comment\n  #no-comment  ", ["#no-comment"], ["# comment"]],
      ["\ufeffa\r\nb\r\n", ["a", "b"], ["c"]],
      ["*\n!d/keep", ["a", "d", "d/x"], ["d/keep", "d/keep/x"]],
      ["**/temp", ["temp", "a/temp", "a/b/temp/c"], ["atemp"]],
      ["**temp", ["temp", "atemp", "a/temp"], ["tempa"]],
      ["a/**", ["a/b", "a/b/c"], ["a", "ab"]],
      ["a/**/z", ["a/z", "a/b/c/z"], ["az", "a/bz"]],
      ["a**b", ["ab", "ax/b"], ["axb"]],
      ["**/*.py[co]", ["x.pyc", "a/b/x.pyo"], ["x.py"]],
      ["a?c", ["abc", "aéc", "a\u{1f600}c"], ["a/c", "abbc"]],
      ["[a-c]x", ["bx"], ["dx"]],
      ["[^a-c]x", ["dx"], ["bx"]],
      ["a\\*b", ["a*b"], ["axb"]],
      ["a.b$(c)+|{d}", ["a.b$(c)+|{d}"], ["axb$(c)+|{d}"]],
      ["! x", [], ["x"]],
      ["**", ["a", "a/b"], []],
      ["..", [], ["a"]],
    ];
  for (const [patterns, ignored, kept] of cases) {
    test(`with ${JSON.stringify(patterns)}`, () => {
      const matcher = compileIgnore(patterns);
      assert.deepEqual(
        ignored.filter((path) => !matcher.ignores(path)),
        [],
      );
      assert.deepEqual(
        kept.filter((path) => matcher.ignores(path)),
        [],
      );
    });
  }

  test("malformed patterns are errors", () => {
    for (const pattern of ["[", "[]a]", "[a", "[a-]", "a\\", "!", "[-x]"]) {
      assert.throws(() => compileIgnore(pattern), { code: "PATTERN_INVALID" }, pattern);
    }
    assert.throws(() => compileIgnore("x\n".repeat(20_000)), { code: "IGNORE_FILE_TOO_LARGE" });
  });

  test("a directory is skipped only where nothing in it can be taken in again", () => {
    const matcher = compileIgnore("node_modules\ndata\n!data/keep\nother\n!other*/x");
    assert.equal(matcher.canSkip("node_modules"), true);
    assert.equal(matcher.canSkip("data"), false);
    assert.equal(matcher.canSkip("data/drop"), true);
    assert.equal(matcher.canSkip("other"), false);
    assert.equal(matcher.canSkip("src"), false);
  });

  test("the patterns mean what moby's regular expressions mean", () => {
    const part = fc.constantFrom("a", "b", "*", "**", "?", "[ab]", "[^a]", "/", ".", "\\*");
    const pattern = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
    const patterned = pattern.filter((text) => !/^[/.]*$/.test(text));
    const path = fc
      .array(fc.constantFrom("a", "b", "ab", "*", ".a", "bb"), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), patterned), { minLength: 1, maxLength: 3 }),
        path,
        (rules, at) => {
          const lines = rules.map(([negated, text]) => (negated ? "!" : "") + text);
          const matcher = compileIgnorePatterns(lines);
          assert.equal(matcher.ignores(at), expected(matcher.patterns, at), JSON.stringify(matcher.patterns));
          for (const [i] of at.split("/").entries()) {
            const above = at.split("/").slice(0, i).join("/");
            if (above !== "" && matcher.canSkip(above)) assert.equal(matcher.ignores(at), true);
          }
        },
      ),
      { numRuns: 3000, seed: 5 },
    );
  });
});

/** patternmatcher's way: a regular expression for each pattern, tried on the path and all that is above it. */
function expected(patterns: readonly string[], path: string): boolean {
  let ignored = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    const matches = toRegExp(negated ? pattern.slice(1) : pattern);
    const parts = path.split("/");
    if (parts.some((_, i) => matches(parts.slice(0, i + 1).join("/")))) ignored = !negated;
  }
  return ignored;
}

function toRegExp(pattern: string): (path: string) => boolean {
  let kind: "exact" | "suffix" | "prefix" | "regexp" = "exact";
  let source = "^";
  for (let i = 0; i < pattern.length; i++) {
    const at = i;
    const character = pattern[i] ?? "";
    if (character === "*" && pattern[i + 1] === "*") {
      i++;
      if (pattern[i + 1] === "/") i++;
      if (i + 1 >= pattern.length) {
        if (kind === "exact") kind = "prefix";
        else {
          source += ".*";
          kind = "regexp";
        }
      } else {
        source += "(.*/)?";
        kind = "regexp";
      }
      if (at === 0) kind = "suffix";
    } else if (character === "*" || character === "?") {
      source += character === "*" ? "[^/]*" : "[^/]";
      kind = "regexp";
    } else if (character === "\\") {
      source += `\\${pattern[++i]}`;
      kind = "regexp";
    } else if (character === "[" || character === "]") {
      source += character;
      kind = "regexp";
    } else {
      source += ".+()|{}$".includes(character) ? `\\${character}` : character;
    }
  }
  if (kind === "exact") return (path) => path === pattern;
  if (kind === "prefix") return (path) => path.startsWith(pattern.slice(0, -2));
  if (kind === "suffix") {
    const suffix = pattern.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith("/") && path === suffix.slice(1));
  }
  const compiled = new RegExp(`${source}$`, "su");
  return (path) => compiled.test(path);
}

describe("wildcards of COPY", () => {
  const cases: readonly (readonly [
    pattern: string,
    matching: readonly string[],
    other: readonly string[],
  ])[] = [
    ["*.txt", ["a.txt", ".txt"], ["d/a.txt", "a.txt.gz"]],
    ["hom?.txt", ["home.txt"], ["hom.txt"]],
    ["d/*/x", ["d/e/x"], ["d/x", "d/e/f/x"]],
    ["d/**/x", ["d/x", "d/e/f/x"], ["d/ex", "dx"]],
    ["**/x", ["x", "a/b/x"], ["ax"]],
    ["d/**", ["d/x", "d/x/y"], ["e/x"]],
    ["[a-c][^x]", ["ay"], ["ax", "dy"]],
    ["arr[[]0].txt", ["arr[0].txt"], ["arr0.txt"]],
    ["a\\*b", ["a*b"], ["axb"]],
  ];
  for (const [pattern, matching, other] of cases) {
    test(pattern, () => {
      const compiled = compilePattern(pattern);
      assert.deepEqual(
        matching.filter((path) => !compiled.matches(path)),
        [],
      );
      assert.deepEqual(
        other.filter((path) => compiled.matches(path)),
        [],
      );
      for (const path of matching) {
        const parts = path.split("/");
        for (let i = 1; i < parts.length; i++) {
          assert.equal(compiled.mayMatchBelow(parts.slice(0, i).join("/")), true);
        }
      }
    });
  }

  test("a directory that cannot hold a match is not looked into", () => {
    assert.equal(compilePattern("d/*.txt").mayMatchBelow("e"), false);
    assert.equal(compilePattern("d/*.txt").mayMatchBelow("d/e"), false);
    assert.equal(compilePattern("d/**/x").mayMatchBelow("d/e/f"), true);
    assert.equal(compilePattern("a/b/*.c").base, "a/b");
    assert.equal(compilePattern("*").base, "");
  });

  test("a wildcard that is escaped is none", () => {
    assert.deepEqual(["a*", "a?", "a[", "a", "a\\*", "\\\\*"].map(hasWildcard), [
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  test("malformed patterns are errors", () => {
    for (const pattern of ["[", "a/[b", "a\\", "[]"]) {
      assert.throws(() => compilePattern(pattern), { code: "PATTERN_INVALID" }, pattern);
    }
  });
});

test("no pattern is slow, whatever it is matched against", () => {
  const stars = compileIgnore(`${"**/a*".repeat(200)}b`);
  assert.equal(stars.ignores("a/".repeat(1000)), false);
  assert.equal(compilePattern(`${"*a".repeat(2000)}b`).matches("a".repeat(4000)), false);
  const character = fc.constantFrom(
    "*",
    "**",
    "?",
    "[",
    "]",
    "a",
    "-",
    "^",
    "\\",
    "/",
    "!",
    "\u{1f600}",
    "\ud800",
    " ",
  );
  const pattern = fc.array(character, { maxLength: 60 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, (text) => {
      for (const compile of [
        () => compileIgnore(text).ignores("a/b/c"),
        () => compilePattern(text).matches("a/b/c"),
      ]) {
        try {
          compile();
        } catch (error) {
          assert.ok(error instanceof BoxwrightError && error.code === "PATTERN_INVALID", String(error));
        }
      }
    }),
    { numRuns: 2000, seed: 6 },
  );
});
