import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "../../src/build/index.ts";
import type { BoxwrightError } from "../../src/errors/index.ts";
import { executedSteps, makeContext, temporaryDirectory } from "./support.ts";

const dockerfile =
  'FROM python:3.12-slim\nWORKDIR /app\nCOPY hello.py .\nRUN python -m compileall -q . && mkdir data && echo x > data/x\nCMD ["python", "hello.py"]\n';
const files = { Dockerfile: dockerfile, "hello.py": 'print("hello")\n' };

describe("a component", () => {
  it("is the same from two empty stores, and from a store where the build was killed", async () => {
    const context = { kind: "directory", path: makeContext(files) } as const;
    const reference = await build({ context, home: temporaryDirectory() });
    const home = temporaryDirectory();
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    // The later the kill, the more there is to be left half-done.
    for (const line of [/FROM/, /COPY/, /RUN/, /exporting/]) {
      const child = spawn(process.execPath, [main, "build", context.path, "--progress=plain"], {
        env: { ...process.env, BOXWRIGHT_HOME: home },
        stdio: ["ignore", "ignore", "pipe"],
      });
      for await (const chunk of child.stderr) if (line.test(String(chunk))) break;
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    assert.equal((await build({ context, home })).digest, reference.digest);
  });

  it("is not bundled again when nothing changed, and its file is put back only when it is gone", async () => {
    const home = temporaryDirectory();
    const output = path.join(temporaryDirectory(), "deep", "hello.wasm");
    const context = { kind: "directory", path: makeContext(files) } as const;
    const kinds: string[] = [];
    const options = { context, home, output, tags: ["hello"] };
    const first = await build(options);
    const bytes = readFileSync(output);
    const second = await build({ ...options, onEvent: (event) => kinds.push(event.kind) });
    assert.equal(second.digest, first.digest);
    assert.deepEqual([...new Set(kinds)].sort(), ["cached", "done", "start"]);
    writeFileSync(output, "changed");
    await build(options);
    assert.ok(readFileSync(output).equals(bytes));
    assert.deepEqual(second.names, ["hello:latest"]);
    assert.ok(existsSync(output));
  });

  for (const [where, text, line] of [
    ["CMD", "FROM python:3.12-slim\nCMD python a.py | tee log\n", 2],
    ["ENTRYPOINT rather than CMD", 'FROM python:3.12-slim\nENTRYPOINT a & b\nCMD ["c"]\n', 2],
    [
      "the stage below",
      "FROM python:3.12-slim AS base\nCMD for i in 1; do python; done\nFROM base\nUSER nobody\n",
      2,
    ],
  ] as const) {
    it(`is refused at the line of ${where} when a shell would be needed`, async () => {
      await assert.rejects(
        build({ context: { kind: "empty" }, dockerfile: { kind: "text", text }, home: temporaryDirectory() }),
        (error: BoxwrightError) => error.code === "START_NOT_REDUCIBLE" && error.range?.start.line === line,
      );
    });
  }

  it("warns where the runtime is another version than the image asks for", async () => {
    const context = { kind: "empty" } as const;
    const text = 'FROM python:3.11\nCMD ["python", "-V"]\n';
    const events: Parameters<NonNullable<Parameters<typeof build>[0]["onEvent"]>>[0][] = [];
    const { warnings } = await build({
      context,
      dockerfile: { kind: "text", text },
      home: temporaryDirectory(),
      onEvent: (event) => events.push(event),
    });
    const warning = warnings.find(({ code }) => code === "BASE_SUBSTITUTED");
    assert.match(warning?.message ?? "", /python:3\.11.*3\.12/);
    assert.equal(executedSteps(events).length, 1);
  });
});
