import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { createImageFiles, encodeStartProgram, planStart } from "../../src/component/index.ts";
import { BoxwrightError } from "../../src/errors/index.ts";
import type { ImageSettings } from "../../src/image/types.ts";
import { makeImage, type Tree } from "./support/image.ts";
import { runProgram } from "./support/run-program.ts";

const directory = mkdtempSync(join(tmpdir(), "boxwright-start-"));
after(() => rmSync(directory, { recursive: true }));

const BASE: Tree = {
  "/usr/local/bin/python3.12": { content: "stand-in", mode: 0o755 },
  "/usr/local/bin/python3": { link: "python3.12" },
  "/usr/local/bin/python": { link: "python3" },
  "/usr/bin/env": { content: "stand-in for env", mode: 0o755 },
  "/bin/tool": {
    content: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0]),
    mode: 0o755,
  },
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n",
  "/app/main.py": { content: "#!/usr/bin/env python3\n", mode: 0o755 },
};
const ENVIRONMENT = new Map([
  ["PATH", "/usr/local/bin:/usr/bin:/bin"],
  ["HOME", "/root"],
]);

function plan(settings: ImageSettings, tree: Tree = {}) {
  const image = makeImage(directory, { ...BASE, ...tree });
  const files = createImageFiles(image.snapshot, image.store);
  const roles = new Map([
    [files.find("/usr/local/bin/python3.12")!.number, 1],
    [files.find("/usr/bin/env")!.number, 2],
  ]);
  return planStart({ settings, files, roles, environment: ENVIRONMENT, workingDirectory: "/app" });
}

function start(settings: ImageSettings, tree: Tree = {}, env: Readonly<Record<string, string>> = {}) {
  const environment = new Map([...ENVIRONMENT, ...Object.entries(env)]);
  return runProgram(encodeStartProgram(plan(settings, tree).start), environment, "/app");
}

function startWith(args: readonly string[], settings: ImageSettings, tree: Tree = {}) {
  return runProgram(encodeStartProgram(plan(settings, tree).startArguments), ENVIRONMENT, "/app", args);
}

const shell = (script: string): ImageSettings => ({ Cmd: ["/bin/sh", "-c", script] });

function refusal(action: () => unknown): BoxwrightError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof BoxwrightError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it was accepted" });
}

describe("exec form", () => {
  it("takes ENTRYPOINT's and CMD's words literally", () => {
    const settings = { Entrypoint: ["python", "$HOME", "*"], Cmd: ["a b", ""] };
    assert.deepEqual(start(settings).argv, ["python", "$HOME", "*", "a b", ""]);
  });

  it("lets the arguments of the run take CMD's place", () => {
    const settings = { Entrypoint: ["python", "/app/main.py"], Cmd: ["default"] };
    assert.deepEqual(startWith(["x", "y z"], settings).argv, ["python", "/app/main.py", "x", "y z"]);
    assert.deepEqual(startWith(["python", "-V"], { Cmd: ["python"] }).argv, ["python", "-V"]);
  });

  it("has nothing to start where the image has no command", () => {
    assert.equal(start({}).argv, undefined);
    assert.deepEqual(startWith(["python"], {}).argv, ["python"]);
  });

  it("warns of a program that is not there, and refuses one that is an ELF binary", () => {
    assert.match(plan({ Cmd: ["gunicorn"] }).warnings.join(), /gunicorn, which is not in the image/);
    const error = refusal(() => plan({ Cmd: ["tool"] }));
    assert.equal(error.code, "START_NOT_EXECUTABLE");
    assert.match(error.message, /ELF binary for x86-64/);
  });

  it("refuses scripts without their execute bit or #! line, and follows those that have them", () => {
    const tree = {
      "/app/plain": "#!/usr/bin/python3\n",
      "/app/bare": { content: "print(1)\n", mode: 0o755 },
    };
    assert.match(refusal(() => plan({ Cmd: ["/app/plain"] }, tree)).message, /not executable/);
    assert.match(refusal(() => plan({ Cmd: ["/app/bare"] }, tree)).message, /no #! line/);
    assert.deepEqual(start({ Cmd: ["/app/main.py"] }).argv, ["/app/main.py"]);
  });
});

describe("shell form", () => {
  const accepted: readonly (readonly [string, readonly string[] | undefined, string?])[] = [
    ["python main.py", ["python", "main.py"]],
    ["exec python main.py; echo never", ["python", "main.py"]],
    ["cd /srv && python x", ["python", "x"], "/srv"],
    ["set -ex; cd /srv\npython x # comment", ["python", "x"], "/srv"],
    ["set -euo pipefail\nmkdir -p /data/a b && python x", ["python", "x"]],
    ["true; : ignored; python", ["python"]],
    ["exit 0", undefined],
    ["", undefined],
    ["python \"$HOME/x\" ~/y ~ada '$HOME'", ["python", "/root/x", "/root/y", "/home/ada", "$HOME"]],
    ['export A=1 B="$HOME"; python $A ${B#/ro}', ["python", "1", "ot"]],
    ["python ${MISSING:-a} ${MISSING-'b c'} ${HOME:+d} ${#HOME}", ["python", "a", "b c", "d", "5"]],
    ["python \\\n  -m x", ["python", "-m", "x"]],
    ["python $MISSING \"$MISSING\" ''", ["python", "", ""]],
    ["cd /app; python", ["python"], "/app"],
  ];
  for (const [script, argv, cwd] of accepted) {
    it(`reduces ${JSON.stringify(script)}`, () => {
      const result = start(shell(script));
      assert.deepEqual(result.argv, argv);
      if (cwd !== undefined) assert.equal(result.directory, cwd);
    });
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ["a | b", /pipe/],
    ["a || b", /alternative/],
    ["python x > log", /redirection/],
    ["python x 2>&1", /redirection/],
    ["python x &", /background/],
    ["python $(date)", /command substitution/],
    ["python `date`", /command substitution/],
    ["python $((1+1))", /arithmetic/],
    ["python *.py", /file name expansion/],
    ["if true; then python; fi", /condition/],
    ["for i in a b; do python; done", /loop/],
    ["while true; do python; done", /loop/],
    ["case x in x) python;; esac", /condition/],
    ["(cd /srv && python)", /subshell/],
    ["{ python; }", /group/],
    ["f() { :; }; f", /function/],
    ["python a; python b", /more than one program/],
    ["python a && echo done", /more than one program/],
    ["echo hello", /own command echo/],
    [". /venv/bin/activate && python", /own command \./],
    ["python ${X:=1}", /\$\{NAME=…\}/],
    ["cd /nowhere; python", /failure would be ignored/],
    ["python $1x $@y", /\$@/],
    ["A=1 python $A", /both set and used/],
    ["python 'open", /single quote is not closed/],
    ["python && ", /missing after &&/],
  ];
  for (const [script, message] of refused) {
    it(`refuses ${JSON.stringify(script)}, saying why`, () => {
      const error = refusal(() => plan(shell(script)));
      assert.match(error.code, /^START_(NOT_REDUCIBLE|SYNTAX)$/);
      assert.match(error.message, message);
      assert.ok(error.hint);
    });
  }

  it("gives a program its assignments, and exports what the shell would", () => {
    const result = start(shell("PORT=80 MODE='a b' exec python"));
    assert.equal(result.environment.get("PORT"), "80");
    assert.equal(result.environment.get("MODE"), "a b");
    assert.match(plan(shell("LOCAL=1; python")).warnings.join(), /LOCAL is not exported/);
    assert.deepEqual(
      plan(shell("PATH=/x:$PATH; python"))
        .warnings.join()
        .match(/not exported/),
      null,
    );
  });

  it("knows that sh -c ignores CMD in $@ for $0", () => {
    const settings = { Entrypoint: ["sh", "-c", 'python "$@"', "name"], Cmd: ["a", "b c"] };
    assert.deepEqual(start(settings).argv, ["python", "a", "b c"]);
    assert.deepEqual(startWith(["x", "y z"], settings).argv, ["python", "x", "y z"]);
    const nameless = refusal(() => plan({ Entrypoint: ["sh", "-c", 'python "$@"'] }));
    assert.match(nameless.message, /\$0/);
  });

  it("accepts bash and options of the shell, and refuses other shells and interactive ones", () => {
    assert.deepEqual(start({ Cmd: ["/bin/bash", "-euo", "pipefail", "-c", "python x"] }).argv, [
      "python",
      "x",
    ]);
    assert.match(refusal(() => plan({ Cmd: ["bash"] })).message, /interactive/);
    assert.match(refusal(() => plan({ Cmd: ["bash", "-lc", "python"] })).message, /login/);
    assert.match(refusal(() => plan({ Cmd: ["zsh", "-c", "python"] })).message, /shell/);
  });
});

describe("an entrypoint script", () => {
  const script = (text: string, mode = 0o755): Tree => ({ "/entry.sh": { content: text, mode } });

  it("is reduced with the arguments that it is given", () => {
    const tree = script('#!/bin/sh\nset -e\n# prepare\nexport MODE=production\n\nexec "$@"\n');
    const settings = { Entrypoint: ["/entry.sh"], Cmd: ["python", "main.py"] };
    const result = start(settings, tree);
    assert.deepEqual(result.argv, ["python", "main.py"]);
    assert.equal(result.environment.get("MODE"), "production");
    assert.deepEqual(startWith(["python", "-V"], settings, tree).argv, ["python", "-V"]);
  });

  it("is found through env, PATH and a shell named in CMD", () => {
    const tree = { "/usr/bin/go": { content: "#!/usr/bin/env bash\nexec python go\n", mode: 0o755 } };
    assert.deepEqual(start({ Cmd: ["go"] }, tree).argv, ["python", "go"]);
    assert.deepEqual(start({ Cmd: ["sh", "/usr/bin/go"] }, tree).argv, ["python", "go"]);
  });

  it("reduces the shell form that it executes", () => {
    const settings = { Entrypoint: ["/entry.sh"], Cmd: ["/bin/sh", "-c", "python $HOME"] };
    assert.deepEqual(start(settings, script('#!/bin/sh -e\nexec "$@"\n')).argv, ["python", "/root"]);
  });

  it("knows its own name and first arguments", () => {
    const tree = script('#!/bin/sh\nset -- python "$0" "$@"\nexec "$@"\n');
    const result = start({ Entrypoint: ["/entry.sh"], Cmd: ["a"] }, tree);
    assert.deepEqual(result.argv, ["python", "/entry.sh", "a"]);
  });

  it("is refused with its name and line", () => {
    const tree = script('#!/bin/sh\nset -e\n\nif [ "$1" = x ]; then\n  exit 1\nfi\nexec "$@"\n');
    const error = refusal(() => plan({ Entrypoint: ["/entry.sh"], Cmd: ["python"] }, tree));
    assert.match(error.message, /^\/entry\.sh line 4: it uses a condition \(if\)/);
  });

  it("that starts itself is refused", () => {
    const tree = script("#!/bin/sh\nexec /entry.sh\n");
    assert.equal(refusal(() => plan({ Cmd: ["/entry.sh"] }, tree)).code, "START_NOT_REDUCIBLE");
  });
});

describe("reduced commands, compared with the shell", () => {
  const name = fc.constantFrom("A", "B", "EMPTY", "UNSET", "SPACED");
  const plain = fc.constantFrom("x", "a b", "/etc/x.tar.gz", "-", ".", "é", "a=b", "#", "!", "=");
  const singleQuoted = plain.map((text) => `'${text}'`);
  const bare = fc.constantFrom("x", "a-b", "/y", "\\ ", "\\$A", "1", "a#b", "=", "\\\\", "\\*");
  const operators = fc.constantFrom(":-", "-", ":+", "+");
  const operand = fc.oneof(
    bare,
    singleQuoted,
    name.map((variable) => `"$${variable}"`),
  );
  const pattern = fc.constantFrom("*", "?", "*.", "a*", "'*'", ".*", "*/", '"$A"', "\\*", "x");
  const unquoted = fc.oneof(
    bare,
    singleQuoted,
    name.map((variable) => `$${variable}`),
    fc.tuple(name, operators, operand).map(([variable, op, word]) => `\${${variable}${op}${word}}`),
    fc.tuple(name, fc.constantFrom("#", "##", "%", "%%"), pattern).map(([v, op, p]) => `\${${v}${op}${p}}`),
    name.map((variable) => `\${#${variable}}`),
  );
  const inQuotes = fc.oneof(
    fc.constantFrom("x", "a b", "'", "\\$", '\\"', "\\a", "\\\\", "~", "*", "$"),
    name.map((variable) => `\${${variable}}`),
    fc
      .tuple(name, operators, fc.constantFrom("", "y z", "$B", "'q'", "\\}"))
      .map(([v, op, w]) => `\${${v}${op}${w}}`),
    fc.tuple(name, fc.constantFrom("#", "%%"), pattern).map(([v, op, p]) => `\${${v}${op}${p}}`),
  );
  const doubleQuoted = fc.array(inQuotes, { maxLength: 4 }).map((parts) => `"${parts.join("")}"`);
  const word = fc
    .array(fc.oneof(unquoted, doubleQuoted), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(""));
  const assignment = fc
    .tuple(fc.constantFrom("A", "B"), word)
    .map(([variable, value]) => `${variable}=${value}`);
  const before = fc.oneof(
    assignment.map((text) => `export ${text}`),
    assignment,
    fc.constantFrom("unset A", ":", "true", "set -e", "set -f"),
  );
  const script = fc
    .tuple(fc.array(before, { maxLength: 3 }), fc.array(word, { maxLength: 4 }))
    .map(([lines, words]) => [...lines, `print_arguments ${words.join(" ")}`].join("; "));

  const environment = { A: "a b", B: "x.y.z", EMPTY: "", SPACED: "  lead  trail ", HOME: "/root" };
  // Prints its arguments and two variables, each ended by NUL.
  const prelude = `print_arguments() { printf '%s\\0' "$@" "|" "\${A-unset}" "\${B-unset}"; }\n`;

  it("gives the same arguments and environment", () => {
    let compared = 0;
    fc.assert(
      fc.property(script, (text) => {
        let result: ReturnType<typeof start>;
        try {
          result = start(shell(text), {}, environment);
        } catch (error) {
          assert.ok(error instanceof BoxwrightError && error.code === "START_NOT_REDUCIBLE", String(error));
          return;
        }
        const output = execFileSync("/bin/sh", ["-c", `${prelude}${text}`], { env: environment });
        const expected = output.toString().split("\0").slice(0, -1);
        const { argv = [], environment: after } = result;
        const actual = [...argv.slice(1), "|", after.get("A") ?? "unset", after.get("B") ?? "unset"];
        assert.deepEqual(actual, expected);
        compared++;
      }),
      { numRuns: 400, seed: 7 },
    );
    assert.ok(compared > 200, `only ${compared} commands were accepted and compared`);
  });

  it("never fails but with a coded error, whatever the text", () => {
    const characters = fc.constantFrom(..." \t\n;&|<>()$`\\\"'{}*?[]~#=!-+:%@aAx1/.");
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 40 }), (text) => {
        try {
          start(shell(text));
        } catch (error) {
          assert.ok(error instanceof BoxwrightError, String(error));
        }
      }),
      { numRuns: 3000, seed: 11 },
    );
  });
});
