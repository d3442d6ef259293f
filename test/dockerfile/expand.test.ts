import assert from "node:assert/strict";
import { describe as suite, test } from "node:test";
import { expandHeredoc, expandWord, expandWords } from "../../src/dockerfile/index.ts";

const VARIABLES = new Map([
  ["A", "foo.tar.gz"],
  ["SPACED", "a b  c"],
  ["EMPTY", ""],
  ["STARS", "xaxb*y?"],
  ["LINES", "l1\nl2 a"],
  ["DIR", "/usr/local/lib"],
]);

/** Word → value; every value is what BuildKit's lexer gives. */
const WORDS: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["$A", "foo.tar.gz"],
  ["${A}x", "foo.tar.gzx"],
  ["$Ax", ""],
  ["$", "$"],
  ["a$", "a$"],
  ["$ A", "$ A"],
  ["$1A", "A"],
  ["'$A'", "$A"],
  ['"$A"', "foo.tar.gz"],
  ["\"'$A'\"", "'foo.tar.gz'"],
  ["\\$A", "$A"],
  ['"\\$A"', "$A"],
  ['"a\\b"', "a\\b"],
  ["a\\b", "ab"],
  ["a\\", "a"],
  ["'a\\'", "a\\"],
  ["  a  b ", "  a  b "],
  ["${A:-x}", "foo.tar.gz"],
  ["${U:-x}", "x"],
  ["${EMPTY:-x}", "x"],
  ["${EMPTY-x}", ""],
  ["${U-x y}", "x y"],
  ["${U:-}", ""],
  ["${A:+y}", "y"],
  ["${EMPTY:+y}", ""],
  ["${EMPTY+y}", "y"],
  ["${U+y}", ""],
  ["${A:?no}", "foo.tar.gz"],
  ["${EMPTY?no}", ""],
  ["${U:-${V:-$A}}", "foo.tar.gz"],
  ["${U:-'$A'}", "$A"],
  ['${U:-"a}b"}', "a}b"],
  ["${U:-a\\}b}", "a}b"],
  ["${A#*.}", "tar.gz"],
  ["${A##*.}", "gz"],
  ["${A%.*}", "foo.tar"],
  ["${A%%.*}", "foo"],
  ["${A#x}", "foo.tar.gz"],
  ["${A%?z}", "foo.tar."],
  ["${DIR##*/}", "lib"],
  ["${DIR%/*}", "/usr/local"],
  ["${STARS#*\\*}", "y?"],
  ["${STARS%\\?}", "xaxb*y"],
  ["${STARS#'x'}", "axb*y?"],
  ["${LINES##*}", "\nl2 a"],
  ["${A/o/0}", "f0o.tar.gz"],
  ["${A//o/0}", "f00.tar.gz"],
  ["${A/.*/}", "foo"],
  ["${DIR//\\//-}", "-usr-local-lib"],
  ["${A/$U/x}", "xfoo.tar.gz"],
  ["${A//?/.}", ".........."],
  ["${A//o*t/${DIR}}", "f/usr/local/libar.gz"],
];

suite("a word's variables, quotes and escapes are resolved", () => {
  for (const [word, expected] of WORDS) {
    test(word, () => {
      assert.equal(expandWord(word, VARIABLES), expected);
    });
  }

  test("with the backtick as the escape character a backslash is a character", () => {
    assert.equal(expandWord("c:\\$A`$A", VARIABLES, { escape: "`" }), "c:\\foo.tar.gz$A");
  });

  test("every variable that is looked up is told", () => {
    const seen: [string, boolean][] = [];
    expandWord("$A${U:-$V}", VARIABLES, { onVariable: (name, isSet) => seen.push([name, isSet]) });
    assert.deepEqual(seen, [
      ["A", true],
      ["V", false],
      ["U", false],
    ]);
  });
});

suite("words are split after expansion, but for quotes", () => {
  const SPLITS: readonly (readonly [string, readonly string[]])[] = [
    ["a $SPACED d", ["a", "a", "b", "c", "d"]],
    ['"$SPACED"', ["a b  c"]],
    ["a\\ b c", ["a b", "c"]],
    ["'' $EMPTY", []],
    ["x$SPACED'y z'", ["xa", "b", "cy z"]],
    ["8${U:-080}", ["8080"]],
  ];
  for (const [word, expected] of SPLITS) {
    test(word, () => {
      assert.deepEqual(expandWords(word, VARIABLES), expected);
    });
  }
});

suite("a heredoc's body keeps its quotes", () => {
  test("variables and escapes are resolved between them", () => {
    assert.equal(expandHeredoc("'$A' \"$U\" \\$A it's\n", VARIABLES), "'foo.tar.gz' \"\" $A it's\n");
  });
});

suite("faulty words are errors", () => {
  const FAULTS: readonly (readonly [string, RegExp])[] = [
    ["'a", /matching single-quote/],
    ['"a', /matching double-quote/],
    ["${A", /unsupported modifier/],
    ["${A:-x", /missing '}'/],
    ["${}", /bad substitution/],
    ["${:x}", /bad substitution/],
    ["${A:=x}", /unsupported modifier \(:=\)/],
    ["${A:#x}", /unsupported modifier \(:#\)/],
    ["${A^x}", /unsupported modifier \(\^\)/],
    ["${#A}", /unsupported modifier/],
    ["${A/x}", /missing '\/'/],
    ["${A#\\x}", /invalid pattern/],
  ];
  for (const [word, message] of FAULTS) {
    test(word, () => {
      assert.throws(() => expandWord(word, VARIABLES), { code: "EXPANSION_SYNTAX", message });
    });
  }

  test("a required variable that is not set is named, with the Dockerfile's message", () => {
    assert.throws(() => expandWord("${U:?give it}", VARIABLES), {
      code: "VARIABLE_REQUIRED",
      message: /U: give it$/,
      hint: /--build-arg U=/,
    });
    assert.throws(() => expandWord("${EMPTY:?}", VARIABLES), {
      message: /EMPTY: is not allowed to be empty$/,
    });
    assert.throws(() => expandWord("${U?}", VARIABLES), { message: /U: is not allowed to be unset$/ });
  });
});

suite("expansion is bounded", () => {
  test("nesting", () => {
    const depth = 100_000;
    assert.throws(() => expandWord("${U:-".repeat(depth) + "}".repeat(depth), VARIABLES), {
      code: "EXPANSION_LIMIT",
    });
  });

  test("size", () => {
    const big = new Map([["A", "x".repeat(1 << 20)]]);
    assert.throws(() => expandWord("$A".repeat(17), big), { code: "EXPANSION_LIMIT" });
  });

  test("a pattern of many stars is matched without trying all ways", () => {
    const value = new Map([["A", "a".repeat(5_000)]]);
    assert.equal(expandWord(`\${A##${"*a".repeat(500)}b}`, value).length, 5_000);
    assert.equal(expandWord(`\${A//${"a*".repeat(500)}b/x}`, value).length, 5_000);
  });

  test("a pattern out of proportion is refused", () => {
    const value = new Map([["A", "a".repeat(1 << 17)]]);
    assert.throws(() => expandWord(`\${A#${"a".repeat(1 << 10)}}`, value), { code: "EXPANSION_LIMIT" });
  });
});
