import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Outcome, openSandbox, type Sandbox } from "./harness.ts";

const inside = `import sys; print(sys.executable, sys.prefix, sys.base_prefix, [p for p in sys.path if "site-packages" in p])`;

describe("a virtual environment", () => {
  let sandbox: Sandbox;
  let made: Outcome;
  before(async () => {
    sandbox = await openSandbox();
    made = await sandbox.run("python -m venv /opt/venv");
    assert.equal(made.exitCode, 0, made.stderr);
  });
  after(() => sandbox.close());

  const run = (script: string) => sandbox.run(script, { snapshot: made.snapshot });

  it("has an interpreter of its own, by path, by PATH and by activation", async () => {
    const expected = "/opt/venv /usr/local ['/opt/venv/lib/python3.12/site-packages']\n";
    for (const [start, executable] of [
      [`/opt/venv/bin/python -c '${inside}'`, "python"],
      [`PATH=/opt/venv/bin:$PATH; python3 -c '${inside}'`, "python3"],
      [`. /opt/venv/bin/activate; python -c '${inside}'`, "python"],
    ]) {
      const { stdout, stderr } = await run(start!);
      assert.equal(stdout, `/opt/venv/bin/${executable} ${expected}`, stderr);
    }
  });

  it("is left again", async () => {
    const { stdout } = await run(
      ". /opt/venv/bin/activate; deactivate; command -v python; echo ${VIRTUAL_ENV-none}",
    );
    assert.equal(stdout, "/usr/local/bin/python\nnone\n");
  });

  it("has pip, which is its own", async () => {
    const { stdout, stderr } = await run("/opt/venv/bin/pip --version");
    assert.match(
      stdout,
      /^pip \S+ from \/opt\/venv\/lib\/python3\.12\/site-packages\/pip \(python 3\.12\)\n$/,
      stderr,
    );
  });

  it("does not see what the base has, unless it is told to", async () => {
    const script = (flag: string) =>
      `echo 'x = 1' > /usr/local/lib/python3.12/site-packages/only.py; python -m venv --without-pip ${flag} /e; /e/bin/python -c 'import only'`;
    assert.equal((await run(script(""))).exitCode, 1);
    assert.equal((await run(script("--system-site-packages"))).exitCode, 0);
  });

  it("is refused where it cannot be", async () => {
    const { exitCode, stderr } = await run("touch /f; python -m venv /f");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Error: /);
  });
});
