import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { transpile } from "@bytecodealliance/jco";
import { execa } from "execa";
import { buildPrograms, type Engine, engines, fileOf, python, sources, start, titleOf } from "./programs.ts";
import { boxwright, projectDirectory, temporaryDirectory } from "./support.ts";

before(buildPrograms);

const isComponentOutsideV8 = ({ name, format }: Engine) => format === "component" && name !== "v8";

/**
 * What a program ends with that calls exit with `code`: a parent sees the low 8 bits. wasmtime refuses preview 1's codes from
 * 126 on, and exits with 1.
 */
function exitCode(engine: Engine, code: number): number {
  if (isComponentOutsideV8(engine)) return code === 0 ? 0 : 1;
  return isRefused(engine, code) ? 1 : code & 0xff;
}

const isRefused = ({ name, format }: Engine, code: number) =>
  name === "wasmtime" && format === "module" && (code & 0xff) >= 126;

const endings: readonly (readonly [program: string, code: number, output: string, error: RegExp])[] = [
  ["raise SystemExit(7)", 7, "", /^$/],
  ["import sys; sys.exit()", 0, "", /^$/],
  ["import sys; sys.exit('a text')", 1, "", /^a text\n$/],
  ["import sys; sys.exit(300)", 300, "", /^$/],
  ["import sys; sys.exit(-1)", -1, "", /^$/],
  ["import os; print('lost', end=''); os._exit(9)", 9, "", /^$/],
  ["raise ValueError('bad')", 1, "", /^Traceback .*\nValueError: bad\n$/s],
  ["import atexit; atexit.register(print, 'bye'); 1 / 0", 1, "bye\n", /ZeroDivisionError/],
  ["import sys; sys.stdout.write('tail'); sys.exit(3)", 3, "tail", /^$/],
  ["def f(: pass", 1, "", /SyntaxError: invalid syntax\n$/],
];

for (const engine of engines) {
  describe(titleOf(engine), () => {
    it("shows a program what a container shows it", async () => {
      const { stdout, stderr } = await python(engine, ["probe.py", "a", "b c"], "one\ntwo");
      assert.equal(stdout, readFileSync(path.join(sources, "probe.expected"), "utf8"), stderr);
    });

    for (const [program, code, output, error] of endings) {
      it(`ends as Python does: ${program}`, async () => {
        const result = await python(engine, ["-c", program]);
        assert.deepEqual([result.exitCode, result.stdout], [exitCode(engine, code), output]);
        assert.match(result.stderr, isRefused(engine, code) ? /invalid exit status/ : error);
      });
    }

    const lines = 200_000;
    const printer = `for n in range(${lines}): print("%049d" % n)`;

    it("waits for a slow reader of a large output", async () => {
      const child = start(engine, ["-c", printer]);
      child.stdin.end();
      const hash = createHash("sha256");
      for await (const chunk of child.stdout) {
        if (Math.random() < 0.05) await setTimeout(2);
        hash.update(chunk);
      }
      const expected = createHash("sha256");
      for (let n = 0; n < lines; n++) expected.update(`${String(n).padStart(49, "0")}\n`);
      assert.equal(hash.digest("hex"), expected.digest("hex"));
    });

    it("ends when its reader goes away", async () => {
      const child = start(engine, ["-c", printer]);
      child.stdin.end();
      let complaint = "";
      child.stderr.on("data", (chunk) => {
        complaint += chunk;
      });
      await new Promise((done) => child.stdout.once("data", done));
      child.stdout.destroy();
      const [code, signal] = await new Promise<[number | null, string | null]>((done) => {
        child.on("close", (...ending) => done(ending));
      });
      assert.ok(code !== 0 || signal !== null);
      // wazero ends by itself; wasmtime's preview 1 tells EIO for every failure.
      if (engine.name === "wazero") assert.equal(code, 141);
      else
        assert.match(
          complaint,
          engine.format === "module" && engine.name === "wasmtime" ? /OSError/ : /BrokenPipeError/,
        );
    });
  });
}

describe("a component", () => {
  it("asks a host for no files and no network", async () => {
    const { stdout } = await boxwright(["inspect", "--json", fileOf("component")], { home: "/nonexistent" });
    const { capabilities } = JSON.parse(stdout) as { readonly capabilities: readonly string[] };
    const interfaces = new Set(capabilities.map((name) => name.replace(/\/.*/, "")));
    assert.deepEqual([...interfaces], ["wasi:cli", "wasi:clocks", "wasi:io", "wasi:random"]);
  });

  it("runs in Node after jco has transpiled it", async () => {
    const directory = temporaryDirectory("jco");
    const { files } = await transpile(readFileSync(fileOf("component")), {
      name: "program",
      multiMemory: true,
    });
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
      writeFileSync(path.join(directory, name), bytes);
    }
    symlinkSync(path.join(projectDirectory, "node_modules"), path.join(directory, "node_modules"));
    writeFileSync(path.join(directory, "package.json"), '{"type":"module"}');
    writeFileSync(path.join(directory, "main.js"), 'import { run } from "./program.js";\nrun.run();\n');
    const { stdout } = await execa(process.execPath, ["main.js"], { cwd: directory });
    assert.equal(stdout, "hello");
  });
});

describe("a module", () => {
  it("asks a host for no paths", async () => {
    const { stdout } = await boxwright(["inspect", "--json", fileOf("module")], { home: "/nonexistent" });
    const { capabilities } = JSON.parse(stdout) as { readonly capabilities: readonly string[] };
    assert.deepEqual(
      capabilities.filter((name) => /\.path_|\.sock_|prestat/.test(name)),
      [],
    );
  });
});

describe("random file operations", () => {
  const seeds = Array.from({ length: 40 }, (_, index) => String(2 * index + 1));

  /** The last sequence, of an even seed, runs in the image's files themselves, not in a copy. */
  const args = (directory: string) => ["run", directory, ...seeds, "2"];

  let expected: string;
  before(() => {
    const directory = temporaryDirectory("operations");
    const script = path.join(sources, "operations.py");
    const native = (words: readonly string[]) =>
      execFileSync("python3", ["-I", script, ...words], { encoding: "utf8", maxBuffer: 1 << 26 });
    native(["make", directory]);
    expected = native(args(directory));
    assert.ok(expected.split("\n").length > 400 * seeds.length);
  });

  for (const engine of engines.filter(({ name }) => name !== "wasmtime")) {
    it(`give on Linux and in ${titleOf(engine)} the same`, async () => {
      const { stdout, stderr } = await python(engine, ["operations.py", ...args("/files")]);
      const [wanted, given] = [expected.split("\n"), stdout.split("\n")];
      const different = wanted.findIndex((line, index) => line !== given[index]);
      assert.deepEqual(given.slice(different, different + 3), wanted.slice(different, different + 3), stderr);
      assert.equal(stdout, expected);
    });
  }
});
