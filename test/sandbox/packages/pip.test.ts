import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BoxwrightError } from "../../../src/errors/index.ts";
import { changedPaths, ENVIRONMENT, openSandbox, type Sandbox } from "../harness.ts";
import { type FakeIndex, type FakePackage, sha256, startFakeIndex, wheel } from "./fake-index.ts";

const one = wheel("one", "1.0", { script: "one" });
const older = wheel("one", "0.9", { script: "one" });
const two = wheel("two", "2.0", {
  requires: ["one", 'nothere; sys_platform == "win32"', 'extra1; extra == "more"'],
});
const extra = wheel("extra1", "3.0");
const damaged = wheel("damaged", "1.0");

const PACKAGES: readonly FakePackage[] = [
  { name: "one", files: { "one-0.9-py3-none-any.whl": older, "one-1.0-py3-none-any.whl": one } },
  { name: "two", files: { "two-2.0-py3-none-any.whl": two } },
  { name: "extra1", files: { "extra1-3.0-py3-none-any.whl": extra } },
  { name: "compiled", files: { "compiled-1.5-cp312-cp312-manylinux_2_17_x86_64.whl": one } },
  {
    name: "damaged",
    files: { "damaged-1.0-py3-none-any.whl": damaged },
    claimed: { "damaged-1.0-py3-none-any.whl": "0".repeat(64) },
  },
];

for (const json of [false, true]) {
  describe(`pip install from an index that answers in ${json ? "JSON" : "HTML"}`, () => {
    let sandbox: Sandbox;
    let index: FakeIndex;
    const run = (script: string, extraEnvironment: Record<string, string> = {}) =>
      sandbox.run(script, {
        network: "default",
        environment: { ...ENVIRONMENT, PIP_INDEX_URL: `${index.url}/simple/`, ...extraEnvironment },
      });
    before(async () => {
      sandbox = await openSandbox();
      index = await startFakeIndex(PACKAGES, json);
    });
    after(async () => {
      await sandbox.close();
      await index.close();
    });

    it("installs a package with what it requires; its console script runs", async () => {
      const { stdout, exitCode, layer } = await run(
        "pip install -q two && one && python -c 'import two; print(two.version)'",
      );
      assert.equal(exitCode, 0);
      assert.equal(stdout, "one 1.0\n2.0\n");
      const script = layer.changes.find(({ path }) => path === "usr/local/bin/one");
      assert.ok(script?.kind === "leaf");
      assert.equal(script.inode.attributes.mode, 0o755);
    });

    it("gives the same layer each time", async () => {
      const [first, second] = [await run("pip install two"), await run("pip install two")];
      assert.equal(first.layer.diffId, second.layer.diffId);
    });

    it("leaves nothing in the layer but what it installed", async () => {
      const paths = changedPaths(await run("python3 -m pip install --no-cache-dir --no-compile one"));
      const site = "usr/local/lib/python3.12/site-packages";
      const expected = ["entry_points.txt", "INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL"].map(
        (name) => `leaf ${site}/one-1.0.dist-info/${name}`,
      );
      assert.deepEqual(
        [...paths].sort(),
        [...expected, `leaf ${site}/one.py`, "leaf usr/local/bin/one"].sort(),
      );
    });

    it("reads requirements, constraints, markers, extras and hashes", async () => {
      const script = [
        `printf 'two[more]\\none; python_version < "3"\\n' > r.txt; printf 'one<1\\n' > c.txt`,
        "pip install -q -r r.txt -c c.txt --target /srv/lib && ls /srv/lib | grep -v info",
        `printf 'one==1.0 --hash=sha256:${sha256(one)}\\n' > h.txt; pip install -q -r h.txt && one`,
        `printf 'one==1.0 --hash=sha256:${"1".repeat(64)}\\n' > w.txt; pip install -q --force-reinstall -r w.txt 2>/dev/null || echo refused`,
      ].join("\n");
      const { stdout } = await run(script);
      assert.equal(stdout, "__pycache__\nbin\nextra1.py\none.py\ntwo.py\none 1.0\nrefused\n");
    });

    it("asks for a file once: the store keeps it", async () => {
      await run("pip install -q one");
      const before = index.requests.length;
      await run("pip install -q one");
      assert.deepEqual(
        index.requests.slice(before).filter((line) => line.includes("/files/")),
        [],
      );
    });

    it("takes the index from the command line and from the image's configuration, and follows redirects", async () => {
      const none = { PIP_INDEX_URL: "" };
      const { stdout } = await run(
        `pip install -q -i ${index.url}/moved/ one && one; printf '[global]\\nindex-url = ${index.url}/simple/\\n' > /etc/pip.conf; pip install -q extra1 && echo configured`,
        none,
      );
      assert.equal(stdout, "one 1.0\nconfigured\n");
    });

    it("refuses a file that is not what the page says", async () => {
      await assert.rejects(run("pip install damaged"), (error: BoxwrightError) => {
        assert.equal(error.code, "PACKAGE_FETCH_FAILED");
        assert.match(error.message, /damaged-1\.0-py3-none-any\.whl/);
        return true;
      });
    });

    it("names a package that is compiled, and for what", async () => {
      await assert.rejects(run("pip install compiled"), (error: BoxwrightError) => {
        assert.equal(error.code, "PACKAGE_NEEDS_COMPILER");
        assert.match(error.message, /compiled 1\.5 .*manylinux_2_17_x86_64/);
        return true;
      });
    });

    it("goes on where the script handles the failure", async () => {
      const { stdout, exitCode } = await run("pip install -q compiled 2>/dev/null || echo without");
      assert.deepEqual({ stdout, exitCode }, { stdout: "without\n", exitCode: 0 });
    });

    it("has no index where the step has no network", async () => {
      const { exitCode, stderr } = await sandbox.run("pip install one", {
        network: "none",
        environment: { ...ENVIRONMENT, PIP_INDEX_URL: `${index.url}/simple/` },
      });
      assert.equal(exitCode, 1);
      assert.match(stderr, /No matching distribution found for one/);
    });

    it("speaks no plain http to other machines, and shows no credentials", async () => {
      const settings = { PIP_INDEX_URL: "http://user:word@192.0.2.1/simple/", PIP_TRUSTED_HOST: "192.0.2.1" };
      await assert.rejects(run("pip install one", settings), (error: BoxwrightError) => {
        assert.equal(error.code, "PACKAGE_FETCH_FAILED");
        assert.match(error.message, /only https is allowed/);
        assert.doesNotMatch(error.message, /word/);
        return true;
      });
    });
  });
}
