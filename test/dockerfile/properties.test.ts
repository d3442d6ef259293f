import assert from "node:assert/strict";
import { describe as suite, test } from "node:test";
import fc from "fast-check";
import {
  type Dockerfile,
  describe,
  expandWord,
  expandWords,
  type Instruction,
  lint,
  parse,
} from "../../src/dockerfile/index.ts";
import { BoxwrightError, type Position, type SourceRange } from "../../src/errors/index.ts";
import { print } from "./print.ts";

const OPTIONS = { seed: 20_240_229, numRuns: 1_000 } as const;

/** Pieces that mean something, so that random texts reach beyond the first error. */
const LINES = [
  "FROM a",
  "FROM --platform=$P a:$V AS b",
  "RUN echo $A",
  "RUN <<EOF",
  "EOF",
  "RUN cat <<-A 3<<'B' > x",
  "\tA",
  "B",
  "#!/bin/sh",
  "COPY a b /c",
  'COPY --chown="a b" ["x y", "z"]',
  "COPY <<A <<'B' --x /d/",
  "COPY --exclude=*.md --exclude='a b' . .",
  "ADD --keep-git-dir=false --checksum=sha256:0 https://x/y.git /z",
  "ENV A=1 B='x y' C=\"$A\"",
  "ENV OLD value of it ",
  "LABEL a.b=c\\ d",
  "ARG X Y=1 Z=",
  'CMD ["a", "b c"]',
  "CMD a b",
  'ENTRYPOINT [ "a" , ]',
  'SHELL ["sh"]',
  "EXPOSE 80 443/udp $P",
  "VOLUME /a /b",
  "WORKDIR c:\\\\",
  "USER 1:$G",
  'HEALTHCHECK --interval=1m3s --retries=2 CMD ["x"]',
  "HEALTHCHECK NONE",
  "ONBUILD RUN <<E",
  "E",
  "STOPSIGNAL SIGTERM",
  "MAINTAINER x y",
  "RUN --mount=type=cache,target=/x --mount=type=secret,id=s,env=T --network=none a \\",
  "  # comment",
  "# comment",
  "# escape=`",
  "# check=skip=all",
  "",
  "  \\",
  "x `",
  "\u{1f600} é \\",
];
const PIECES = [
  "\\",
  "`",
  "'",
  '"',
  "$",
  "${",
  "}",
  "<<",
  "--",
  "=",
  "[",
  "]",
  ",",
  " ",
  "\t",
  "\n",
  "\r\n",
  "#",
];

const lineText = fc.array(fc.constantFrom(...LINES), { maxLength: 12 }).map((lines) => lines.join("\n"));
const anyText = fc
  .array(fc.oneof(fc.constantFrom(...LINES, ...PIECES), fc.string({ unit: "binary", maxLength: 6 })), {
    maxLength: 20,
  })
  .map((pieces) => pieces.join(""));
const dockerfileText = fc.oneof(
  lineText.map((text) => `FROM a\n${text}\n`),
  anyText.map((text) => `FROM a\n${text}`),
  anyText,
);

/** The result, or undefined for a refusal, which has to be a coded one. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BoxwrightError)) throw error;
    assert.match(error.code, /^[A-Z][A-Z_]+$/);
    return undefined;
  }
}

const instructionsOf = (dockerfile: Dockerfile): readonly Instruction[] => [
  ...dockerfile.globalArguments,
  ...dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions]),
];

const isBefore = (a: Position, b: Position) => a.line < b.line || (a.line === b.line && a.column <= b.column);

function assertInside(range: SourceRange, text: string): void {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  assert.ok(isBefore(range.start, range.end), `${JSON.stringify(range)} is in order`);
  for (const { line, column } of [range.start, range.end]) {
    assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
    assert.ok(column >= 0 && column <= lines[line - 1]!.length, `column ${column} of line ${line}`);
  }
}

/** What an instruction says, without where it stands. */
function meaning(dockerfile: Dockerfile): unknown {
  const places = new Set(["range", "source", "comments"]);
  return JSON.parse(
    JSON.stringify(instructionsOf(dockerfile), (key, value: unknown) =>
      places.has(key) ? undefined : value,
    ),
  );
}

/**
 * A line with open quotes begins no heredoc, but BuildKit still takes COPY's `<<A` there for an (empty) file:
 * a text that says so without the fault does not exist.
 */
function hasUnreadHeredoc(dockerfile: Dockerfile, text: string): boolean {
  const described = describe(text);
  return instructionsOf(dockerfile).some((instruction, index) => {
    if (instruction.kind !== "COPY" && instruction.kind !== "ADD") return false;
    const files = instruction.sources.filter((source) => source.kind === "heredoc");
    return files.length !== described[index]!.heredocs.length;
  });
}

suite("any text", () => {
  test("is read, or refused with a coded error whose range is in the text", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof BoxwrightError);
          if (error.range !== undefined) assertInside(error.range, text);
        }
      }),
      OPTIONS,
    );
  });

  test("has instructions whose ranges are in the text, in order and apart", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        const dockerfile = attempt(() => parse(text));
        if (dockerfile === undefined) return;
        let last: Position = { line: 1, column: 0 };
        for (const instruction of instructionsOf(dockerfile)) {
          assertInside(instruction.range, text);
          assert.ok(isBefore(last, instruction.range.start));
          last = instruction.range.end;
          if (instruction.kind !== "RUN") continue;
          for (const mount of instruction.mounts) {
            assertInside(mount.range, text);
            assert.ok(isBefore(instruction.range.start, mount.range.start));
            assert.ok(isBefore(mount.range.end, instruction.range.end));
          }
        }
      }),
      OPTIONS,
    );
  });

  test("prints from its instructions to a text with the same instructions", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        const dockerfile = attempt(() => parse(text));
        if (dockerfile === undefined || hasUnreadHeredoc(dockerfile, text)) return;
        assert.deepEqual(meaning(parse(print(dockerfile))), meaning(dockerfile));
      }),
      OPTIONS,
    );
  });

  test("is described wherever it is read, line by line as it is ranged", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        const dockerfile = attempt(() => parse(text));
        if (dockerfile === undefined) return;
        assert.deepEqual(
          describe(text).map(({ name, endLine }) => ({ name, endLine })),
          instructionsOf(dockerfile).map(({ kind, range }) => ({ name: kind, endLine: range.end.line })),
        );
      }),
      OPTIONS,
    );
  });

  test("is linted without a crash, and findings are in the text", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        const dockerfile = attempt(() => parse(text));
        const report = dockerfile && attempt(() => lint(dockerfile, { check: "experimental=all" }));
        for (const found of report?.lints ?? []) assertInside(found.range, text);
      }),
      OPTIONS,
    );
  });
});

suite("any word", () => {
  const word = fc
    .array(
      fc.oneof(
        fc.constantFrom("$A", "${A", "${U", ":-", "#", "%%", "/", "}", "*", "?", "\\", "'", '"', " ", "<<"),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join(""));
  const variables = new Map([["A", "a*b c"]]);

  test("expands or is refused with a coded error", () => {
    fc.assert(
      fc.property(word, (text) => {
        attempt(() => expandWord(text, variables));
      }),
      OPTIONS,
    );
  });

  test("has words that are together what it expands to, but for white space and empty quotes", () => {
    fc.assert(
      fc.property(word, (text) => {
        const whole = attempt(() => expandWord(text, variables));
        if (whole === undefined) return;
        const squeeze = (value: string) => value.replace(/[\s\u0085]/g, "");
        assert.equal(squeeze(expandWords(text, variables).join("")), squeeze(whole));
      }),
      OPTIONS,
    );
  });

  test("in single quotes is itself", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quoted = text.replaceAll("'", "").replace(/^\ufeff/, "");
        assert.equal(expandWord(`'${quoted}'`, variables), quoted);
      }),
      OPTIONS,
    );
  });
});
