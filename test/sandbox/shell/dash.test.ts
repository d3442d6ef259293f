import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BoxwrightError } from "../../../src/errors/index.ts";
import { openSandbox, type Sandbox } from "../harness.ts";
import { SCRIPTS } from "./scripts.ts";

/** What dash does with a script, in an empty directory. */
function dash(script: string): { stdout: string; exitCode: number } {
  const cwd = mkdtempSync(join(tmpdir(), "boxwright-dash-"));
  try {
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LC_ALL: "C.UTF-8" };
    const { stdout, status } = spawnSync("dash", ["-c", script], { cwd, env, input: "" });
    return { stdout: stdout.toString(), exitCode: status ?? -1 };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

describe("the build shell", () => {
  let sandbox: Sandbox;
  before(async () => {
    execFileSync("dash", ["-c", "true"]);
    sandbox = await openSandbox();
  });
  after(() => sandbox.close());

  for (const script of SCRIPTS) {
    it(`does what dash does: ${script.replaceAll("\n", "⏎").slice(0, 100)}`, async () => {
      const expected = dash(script);
      let actual: { stdout: string; exitCode: number };
      try {
        actual = await sandbox.run(script);
      } catch (error) {
        assert.ok(error instanceof BoxwrightError, String(error));
        throw error;
      }
      assert.deepEqual({ stdout: actual.stdout, exitCode: actual.exitCode }, expected);
    });
  }
});
