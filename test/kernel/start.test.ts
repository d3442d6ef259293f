import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import type { TestNode } from "./support/image.ts";
import { type Started, startImage, testTemplate } from "./support/kernel.ts";
import {
  execProgram,
  startProgram,
  type TestOperation,
  type TestWord,
  type Variable,
} from "./support/start.ts";

let template: Uint8Array;
before(async () => {
  template = await testTemplate("two");
});

const ROOT: Readonly<Record<string, TestNode>> = {
  bin: {
    dir: {
      guest: { file: "", mode: 0o755, role: 1 },
      env: { file: "", mode: 0o755, role: 2 },
      ls: { file: "\x7fELF", mode: 0o755 },
      plain: { file: "text", mode: 0o644 },
      tool: { file: "#!/bin/guest\nrest", mode: 0o755 },
      flagged: { file: "#! /bin/guest -u  -v \n", mode: 0o755 },
      viaenv: { file: "#!/usr/bin/env guest\n", mode: 0o755 },
      split: { file: "#!/bin/env -S guest -u 'a b' ${A}c\n", mode: 0o755 },
      nested: { file: "#!/bin/tool x\n", mode: 0o755 },
      again: { file: "#!/bin/again\n", mode: 0o755 },
      lost: { file: "#!/nowhere\n", mode: 0o755 },
      python: { link: "guest" },
    },
  },
  usr: { dir: { bin: { dir: { env: { link: "/bin/env" } } } } },
  srv: { dir: { sub: { dir: {} }, way: { link: "sub" } } },
};

function start(
  program: Uint8Array,
  options: { env?: string[]; args?: string[]; cwd?: string } = {},
): Started {
  const image = {
    root: ROOT,
    env: options.env ?? ["PATH=/usr/bin:/bin"],
    cwd: options.cwd ?? "/",
    start: program,
  };
  return startImage(template, image, { args: ["host-argv0", ...(options.args ?? [])] });
}

/** The guest's arguments, or how it ended instead. */
function outcome(started: Started): readonly string[] | string {
  if (started.exitCode === undefined) return started.kernel.strings("args");
  return `${started.exitCode}: ${started.stderr.trim()}`;
}

describe("finding the program", () => {
  const cases: readonly (readonly [readonly string[], readonly string[] | string])[] = [
    [
      ["guest", "a"],
      ["guest", "a"],
    ],
    [
      ["/bin/python", "-c", ""],
      ["/bin/python", "-c", ""],
    ],
    [["bin/guest"], ["bin/guest"]],
    [
      ["tool", "x"],
      ["/bin/guest", "/bin/tool", "x"],
    ],
    [
      ["flagged", "x"],
      ["/bin/guest", "-u  -v", "/bin/flagged", "x"],
    ],
    [["viaenv"], ["guest", "/bin/viaenv"]],
    [
      ["split", "x"],
      ["guest", "-u", "a b", "1c", "/bin/split", "x"],
    ],
    [
      ["nested", "y"],
      ["/bin/guest", "/bin/tool", "x", "/bin/nested", "y"],
    ],
    [
      ["env", "B=2", "guest", "z"],
      ["guest", "z"],
    ],
    [["env", "-i", "/bin/guest"], ["/bin/guest"]],
    [["missing"], '127: boxwright: exec: "missing": executable file not found in $PATH'],
    [["/bin/missing"], '127: boxwright: exec: "/bin/missing": no such file or directory'],
    [["/bin"], '126: boxwright: exec: "/bin": is a directory'],
    [["/bin/plain"], '126: boxwright: exec: "/bin/plain": permission denied'],
    [["plain"], '126: boxwright: exec: "plain": permission denied'],
    [["lost"], '127: boxwright: exec: "/nowhere": no such file or directory'],
    [["again"], '126: boxwright: exec: "/bin/again": too many levels of symbolic links'],
    [
      ["ls"],
      '126: boxwright: exec: "ls": exec format error: the only program that this component can execute is its runtime',
    ],
    [["env", "nothing"], "127: env: 'nothing': No such file or directory"],
    [["env", "-x"], "125: env: invalid option -- 'x'"],
    [[""], '127: boxwright: exec: "": executable file not found in $PATH'],
  ];
  for (const [argv, expected] of cases) {
    test(argv.join(" ") || "an empty name", () => {
      assert.deepEqual(
        outcome(start(execProgram(...argv), { env: ["PATH=/usr/bin:/bin", "A=1"] })),
        expected,
      );
    });
  }

  test("an image without a command says so", () => {
    assert.equal(outcome(start(new Uint8Array())), "125: boxwright: no command specified");
  });
  test("a program that executes nothing is success", () => {
    assert.equal(outcome(start(startProgram(["setenv", ["A"], ["1"]]))), "0: ");
  });
  test("PATH is looked along from left to right, an empty part being the working directory", () => {
    const options = { env: ["PATH=/srv:"], cwd: "/bin" };
    assert.deepEqual(outcome(start(execProgram("guest"), options)), ["guest"]);
  });
  test("without PATH the usual directories are searched", () => {
    assert.deepEqual(outcome(start(execProgram("guest"), { env: [] })), ["guest"]);
  });
  test("a working directory that does not exist is runc's error", () => {
    const message =
      '127: boxwright: chdir to cwd ("/none") set in config.json failed: no such file or directory';
    assert.equal(outcome(start(execProgram("guest"), { cwd: "/none" })), message);
  });
});

describe("arguments, environment, working directory", () => {
  test("the run's arguments stand where the program has them, and are not split", () => {
    const program = startProgram(["exec", ["guest"], ["-x"], [{ arguments: true }], ["end"]]);
    const args = ["a b", "", "c"];
    assert.deepEqual(outcome(start(program, { args })), ["guest", "-x", "a b", "", "c", "end"]);
  });
  test("the host's environment replaces the image's in place", () => {
    const image = { root: ROOT, env: ["PATH=/bin", "A=1", "B=2"], start: execProgram("guest") };
    const { kernel } = startImage(template, image, { env: ["B=new", "C=3", "A="] });
    assert.deepEqual(kernel.strings("environ"), ["PATH=/bin", "A=", "B=new", "C=3"]);
  });
  test("env prints the environment when it has no command", () => {
    const started = start(execProgram("env", "-u", "A", "X=1"), { env: ["PATH=/bin", "A=1"] });
    assert.deepEqual([started.exitCode, started.stdout], [0, "PATH=/bin\nX=1\n"]);
  });
  test("the guest is told its directory, without symbolic links; the shell's PWD keeps them", () => {
    const program = startProgram(["chdir", ["/srv"]], ["chdir", ["way/../way"]], ["exec", ["guest"]]);
    const started = start(program, { env: ["PATH=/bin"] });
    assert.equal(started.cwd, "/srv/sub");
    assert.deepEqual(started.kernel.strings("environ"), ["PATH=/bin", "OLDPWD=/srv", "PWD=/srv/way"]);
  });
  test("cd to what is no directory ends with the shell's message and code", () => {
    assert.equal(
      outcome(start(startProgram(["chdir", ["/bin/ls"]]))),
      "2: /bin/sh: 1: cd: can't cd to /bin/ls",
    );
  });
  test("mkdir makes parents and accepts what is there", () => {
    const program = startProgram(["mkdir", ["/srv/a/b/c"]], ["mkdir", ["srv/sub/"]], ["exec", ["guest"]]);
    assert.deepEqual(start(program).kernel.list("srv/a/b"), ["c"]);
  });
  test("mkdir below a file ends with its message", () => {
    const expected = "1: mkdir: cannot create directory '/bin/ls/x': Not a directory";
    assert.equal(outcome(start(startProgram(["mkdir", ["/bin/ls/x"]]))), expected);
  });
});

describe("expansion is dash's", () => {
  const OPERATORS = ["", ":-", "-", ":+", "+", ":?", "?", "#", "##", "%", "%%", "length"];
  const NAMES = ["UNSET", "EMPTY", "WORD", "WORDS", "PATHLIKE", "STARS"];
  const ENV = [
    "PATH=/bin",
    "EMPTY=",
    "WORD=word",
    "WORDS= two  words ",
    "PATHLIKE=/a/b.c/d.e",
    "STARS=a*b[c]?\\d",
  ];

  /** Shell text of a variable, as the encoder would have read it. */
  const shellVariable = (v: Variable, quoted: boolean): string => {
    const operator = OPERATORS[v.operator ?? 0]!;
    if (operator === "") return `$\{${v.name}}`;
    if (operator === "length") return `$\{#${v.name}}`;
    const operand = (v.operand ?? []).map((part) => {
      if (typeof part === "string") return part;
      const inner = part as Variable;
      return inner.quoted && !quoted ? `"${shellVariable(inner, true)}"` : shellVariable(inner, quoted);
    });
    return `$\{${v.name}${operator}${operand.join("")}}`;
  };
  const shellWord = (word: TestWord): string =>
    word
      .map((part) => {
        if (typeof part === "string") return `'${part}'`;
        const variable = part as Variable;
        return variable.quoted ? `"${shellVariable(variable, true)}"` : shellVariable(variable, false);
      })
      .join("");

  /** What dash's `exec` would pass: one line for each argument; or its message and exit code. */
  const dash = (words: readonly TestWord[]): string => {
    const script = `set -f; printf '<%s>' ${words.map(shellWord).join(" ")}`;
    try {
      return execFileSync("/bin/sh", ["-c", script], {
        env: Object.fromEntries(ENV.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string])),
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return `${status}: ${stderr.trim()}`;
    }
  };
  const kernel = (words: readonly TestWord[]): string => {
    const result = outcome(start(startProgram(["exec", ["guest"], ...words]), { env: ENV }));
    if (typeof result === "string") return result;
    return result.length === 1
      ? "<>"
      : result
          .slice(1)
          .map((text) => `<${text}>`)
          .join("");
  };

  /** In a pattern a backslash quotes; elsewhere the encoder has taken it away. */
  const variable = fc
    .record({
      name: fc.constantFrom(...NAMES),
      quoted: fc.boolean(),
      operator: fc.constantFrom(0, 1, 2, 3, 4, 7, 8, 9, 10, 11),
      operand: fc.constantFrom<TestWord>(
        [],
        ["x"],
        ["*/"],
        ["/*"],
        [".*"],
        ["*"],
        ["?"],
        ["[a-c]"],
        ["[!/]*"],
        ["*[[:alpha:]]"],
        ["\\*b"],
        [{ name: "WORD" }],
        ["a", { name: "WORDS" }],
        [{ name: "EMPTY", operator: 1, operand: ["deep"] }],
      ),
    })
    .map((v): Variable => (v.operator < 7 && v.operand[0] === "\\*b" ? { ...v, operand: [] } : v));
  const word: fc.Arbitrary<TestWord> = fc.array(
    fc.oneof(fc.constantFrom<string | Variable>("", "lit", "with blank"), variable),
    { minLength: 1, maxLength: 3 },
  );

  test("words of literals, variables and operators", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), (words) => {
        assert.equal(kernel(words), dash(words), words.map(shellWord).join(" "));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  for (const [operator, operand] of [
    [5, []],
    [6, []],
    [5, ["why not"]],
  ] as const) {
    for (const name of ["UNSET", "EMPTY", "WORD"]) {
      test(`${OPERATORS[operator]} with ${name} and ${operand.length} operands`, () => {
        const words: TestWord[] = [[{ name, operator, operand }]];
        assert.equal(kernel(words), dash(words));
      });
    }
  }

  test("values are not split", () => {
    const operations: TestOperation[] = [
      ["setenv", ["V"], [{ name: "WORDS" }, "end"]],
      ["unsetenv", ["WORD"]],
      ["exec", ["guest"], [{ name: "V", quoted: true }], [{ name: "WORD", operator: 2, operand: ["gone"] }]],
    ];
    assert.deepEqual(outcome(start(startProgram(...operations), { env: ENV })), [
      "guest",
      " two  words end",
      "gone",
    ]);
  });

  test("a malformed program ends with a message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const started = start(bytes);
        assert.ok(started.exitCode === undefined || started.stderr !== "" || started.exitCode === 0);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
