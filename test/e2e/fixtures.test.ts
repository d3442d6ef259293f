import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { before, describe, it } from "node:test";
import {
  boxwright,
  buildFixture,
  type Fixture,
  type FixtureRun,
  listFixtures,
  temporaryDirectory,
} from "./support.ts";

const home = temporaryDirectory("home");
const output = temporaryDirectory("out");

interface Engine {
  readonly name: string;
  readonly format: "component" | "module";
  /** What a failing guest's exit code becomes: wasi:cli/exit 0.2.0 knows only success and failure. */
  readonly exitCode: (code: number) => number;
}

const engines: readonly Engine[] = [
  { name: "v8", format: "component", exitCode: (code) => code },
  { name: "wasmtime", format: "component", exitCode: (code) => (code === 0 ? 0 : 1) },
  { name: "v8", format: "module", exitCode: (code) => code },
  { name: "wazero", format: "module", exitCode: (code) => code },
];

function fileOf(fixture: Fixture, format: string): string {
  return path.join(output, `${fixture.name}.${format}.wasm`);
}

async function check(fixture: Fixture, engine: Engine, run: FixtureRun): Promise<void> {
  const env = Object.entries(run.env ?? {}).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
  const result = await boxwright(
    ["run", "--engine", engine.name, ...env, fileOf(fixture, engine.format), "--", ...(run.args ?? [])],
    { home, stdin: run.stdin ?? "" },
  );
  assert.deepEqual(
    {
      stdout: result.stdout,
      exitCode: result.exitCode,
      ...(run.stderr === undefined ? {} : { stderr: result.stderr }),
    },
    {
      stdout: run.stdout,
      exitCode: engine.exitCode(run.exitCode ?? 0),
      ...(run.stderr === undefined ? {} : { stderr: run.stderr }),
    },
    result.stderr,
  );
}

for (const fixture of listFixtures()) {
  describe(`the fixture ${fixture.name}`, () => {
    before(async () => {
      for (const format of ["component", "module"]) {
        const file = fileOf(fixture, format);
        const built = await buildFixture(fixture, { home, output: file, format });
        assert.equal(built.exitCode, 0, built.stderr);
        assert.ok(existsSync(file));
      }
    });
    for (const engine of engines) {
      for (const [number, run] of fixture.runs.entries()) {
        const label = run.args === undefined ? "" : ` ${run.args.join(" ")}`;
        it(`prints what the container prints: ${engine.format} on ${engine.name}, run ${number + 1}${label}`, () =>
          check(fixture, engine, run));
      }
    }
  });
}
