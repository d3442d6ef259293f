import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe as suite, test } from "node:test";
import { describe, parse, parseTrigger } from "../../src/dockerfile/index.ts";
import { BoxwrightError } from "../../src/errors/index.ts";

const CASES = new URL("cases/", import.meta.url);

/** Each case is a Dockerfile with what BuildKit's parser makes of it, or with our code for its refusal. */
suite("every instruction is reported as BuildKit's parser reports it", () => {
  for (const name of readdirSync(CASES).sort()) {
    const read = (file: string) => readFileSync(new URL(`${name}/${file}`, CASES), "utf8");
    test(name.replaceAll("-", " "), () => {
      const text = read("Dockerfile");
      if (existsSync(new URL(`${name}/refusal.txt`, CASES))) {
        assert.throws(() => describe(text), { name: "BoxwrightError", code: read("refusal.txt").trim() });
      } else {
        const expected: unknown = JSON.parse(read("instructions.golden.json"));
        assert.deepEqual(JSON.parse(JSON.stringify(describe(text))), expected);
      }
    });
  }
});

function failure(text: string): BoxwrightError {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof BoxwrightError);
    return error;
  }
  assert.fail("the text was accepted");
}

suite("errors", () => {
  test("an unknown instruction is marked, with what it may have been", () => {
    const error = failure("FROM a\n  RUM echo hi\n");
    assert.match(error.message, /did you mean RUN\?/);
    assert.deepEqual(error.range, { start: { line: 2, column: 2 }, end: { line: 2, column: 5 } });
  });

  test("a suggestion is cased as the word", () => {
    assert.match(failure("FROM a\ncpy x y\n").message, /did you mean copy\?/);
  });

  test("an unknown flag is marked on its own line", () => {
    const error = failure("FROM a\nCOPY --link \\\n  --chwon=x a b\n");
    assert.match(error.message, /unknown flag: --chwon \(did you mean chown\?\)/);
    assert.deepEqual(error.range, { start: { line: 3, column: 2 }, end: { line: 3, column: 11 } });
  });

  test("a line of 65,535 bytes is read, a longer one is not", () => {
    const filler = "é".repeat(32_765);
    assert.equal(parse(`FROM a\nRUN ${filler}a\n`).stages.length, 1);
    assert.equal(failure(`FROM a\nRUN ${filler}ab\n`).code, "LINE_TOO_LONG");
  });

  test("a faulty ONBUILD trigger is refused where it is written", () => {
    assert.equal(failure("FROM a\nONBUILD COPY x\n").code, "NO_DESTINATION");
    assert.equal(describe("FROM a\nONBUILD COPY x\n").length, 2);
  });

  test("an empty text has no instructions", () => {
    assert.equal(failure("").code, "EMPTY_DOCKERFILE");
  });
});

suite("typed instructions", () => {
  const only = (line: string) => parse(`FROM a\n${line}\n`).stages[0]!.instructions[0]!;

  test("stages have lower-case names and the instructions after them", () => {
    const { globalArguments, stages } = parse("ARG V=1\nFROM a AS Base\nRUN x\nFROM base\n");
    assert.deepEqual(globalArguments[0]!.arguments, [{ name: "V", defaultValue: "1" }]);
    assert.deepEqual(
      stages.map((stage) => [stage.index, stage.name, stage.from.image, stage.instructions.length]),
      [
        [0, "base", "a", 1],
        [1, undefined, "base", 0],
      ],
    );
  });

  test("an instruction's source is one line, and its comments are those right above", () => {
    const { instructions } = parse("FROM a\n# x\n#\n# doc\nRUN one \\\n# gone\n  two\nRUN three\n")
      .stages[0]!;
    assert.deepEqual(
      instructions.map(({ source, comments }) => ({ source, comments })),
      [
        { source: "RUN one   two", comments: ["doc"] },
        { source: "RUN three", comments: [] },
      ],
    );
  });

  test("a range spans continuations and heredocs", () => {
    assert.deepEqual(only(" RUN <<E \\\n  x\nbody\nE").range, {
      start: { line: 2, column: 1 },
      end: { line: 5, column: 1 },
    });
  });

  test("a lone heredoc is RUN's script", () => {
    const run = only("RUN <<-E\n\techo 1\n\t\techo 2\nE");
    assert.ok(run.kind === "RUN");
    assert.deepEqual(run.command, { form: "shell", script: "echo 1\necho 2\n" });
    assert.equal(run.scriptFile, undefined);
  });

  test("a lone heredoc with an interpreter is an executable file", () => {
    const run = only("RUN <<app.py\n#!/usr/bin/env python3\nprint(1)\napp.py");
    assert.ok(run.kind === "RUN");
    assert.equal(run.scriptFile?.name, "app.py");
    assert.equal(run.scriptFile?.content, "#!/usr/bin/env python3\nprint(1)\n");
  });

  test("heredocs of a longer command are the shell's to read", () => {
    const run = only("RUN cat <<A <<-B > /x\n1\nA\n\t2\nB");
    assert.ok(run.kind === "RUN");
    assert.deepEqual(run.command, { form: "shell", script: "cat <<A <<-B > /x\n1\nA\n\t2\nB" });
  });

  test("COPY takes heredocs as files", () => {
    const copy = only("COPY a <<-'n.txt' /d/\n\tx $A\nn.txt");
    assert.ok(copy.kind === "COPY");
    assert.deepEqual(copy.sources, [
      { kind: "path", path: "a" },
      {
        kind: "heredoc",
        heredoc: { name: "n.txt", content: "x $A\n", expand: false, chomp: true, fileDescriptor: 0 },
      },
    ]);
    assert.equal(copy.destination, "/d/");
  });

  test("a heredoc in a RUN in JSON form is none", () => {
    const run = only('RUN ["cat", "<<EOF"]');
    assert.ok(run.kind === "RUN");
    assert.deepEqual(run.command, { form: "exec", words: ["cat", "<<EOF"] });
    assert.deepEqual(run.heredocs, []);
  });

  test("healthcheck times are nanoseconds, and nothing where 0 or not given", () => {
    const check = only("HEALTHCHECK --interval=1m30s --timeout=0 --retries=2 CMD a b");
    assert.ok(check.kind === "HEALTHCHECK" && check.check === "command");
    const { interval, timeout, retries, command } = check;
    assert.deepEqual(
      { interval, timeout, retries, command },
      {
        interval: 90_000_000_000,
        timeout: undefined,
        retries: 2,
        command: { form: "shell", script: "a b" },
      },
    );
  });

  test("an ONBUILD trigger is kept as text and parsed", () => {
    const onbuild = only("ONBUILD RUN <<E\nx\nE");
    assert.ok(onbuild.kind === "ONBUILD");
    assert.equal(onbuild.trigger, "RUN <<E\nx\nE");
    assert.equal(onbuild.instruction.kind, "RUN");
    assert.deepEqual(parseTrigger(onbuild.trigger).kind, "RUN");
  });

  test("the escape directive is in force for continuations and words", () => {
    const dockerfile = parse("# escape=`\nFROM a\nENV A=x` y\nRUN a `\n b\n");
    assert.equal(dockerfile.escape, "`");
    const [env, run] = dockerfile.stages[0]!.instructions;
    assert.ok(env?.kind === "ENV" && run?.kind === "RUN");
    assert.deepEqual(env.pairs, [{ key: "A", value: "x` y", isLegacy: false }]);
    assert.equal(run.source, "RUN a  b");
  });
});

suite("ONBUILD triggers of an image", () => {
  for (const text of ["FROM a", "ONBUILD RUN x", "MAINTAINER x"]) {
    test(`${text} is refused`, () => {
      assert.throws(() => parseTrigger(text), { code: "FORBIDDEN_TRIGGER" });
    });
  }

  test("two instructions are refused", () => {
    assert.throws(() => parseTrigger("RUN a\nRUN b"), { code: "TRIGGER_NOT_SINGLE" });
  });

  test("the escape character is the caller's", () => {
    const trigger = parseTrigger("RUN a `\nb", "`");
    assert.equal(trigger.source, "RUN a b");
  });
});
