import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openSandbox, type Sandbox } from "../harness.ts";

describe("pip install from the index that this machine's pip uses", () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await openSandbox();
  });
  after(() => sandbox.close());
  const run = (script: string) => sandbox.run(script, { network: "default" });

  it("installs flask, click and rich, which run", async () => {
    const { stdout, exitCode, stderr } = await run(
      "pip install -q flask==3.0.3 click==8.1.7 rich==13.7.1 && flask --version && python -c 'import rich; rich.print(\"[b]hi[/b]\")'",
    );
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /Flask 3\.0\.3[\s\S]*hi\n$/);
  });

  it("gives the same layer where a dependency had to be built from source", async () => {
    const [first, second] = [
      await run("pip install -q markupsafe==3.0.2"),
      await run("pip install -q markupsafe==3.0.2"),
    ];
    assert.equal(first.layer.diffId, second.layer.diffId);
  });

  it("refuses a build that needs a compiler before it fetches the compiler's tools", async () => {
    await assert.rejects(run("pip install pydantic-core==2.27.2"), { code: "PACKAGE_NEEDS_COMPILER" });
  });
});
