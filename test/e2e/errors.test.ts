import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { type FakeIndex, startFakeIndex, wheel } from "../sandbox/packages/fake-index.ts";
import { boxwright, projectDirectory, temporaryDirectory } from "./support.ts";

const home = temporaryDirectory("home");
const golden = path.join(projectDirectory, "test/e2e/errors");
const base = "FROM python:3.12-slim";

/** By the name of the file that holds what the user sees: the exit code, and standard error. */
const failures: Readonly<Record<string, { readonly dockerfile: string; readonly args?: readonly string[] }>> =
  {
    "misspelt-instruction": { dockerfile: `${base}\nRUM echo hi\n` },
    "missing-file": { dockerfile: `${base}\n\n# The configuration.\nCOPY nothing.txt /x\nCMD ["python"]\n` },
    "misspelt-flag": { dockerfile: `${base} AS a\nFROM ${base.slice(5)}\nCOPY --form=a b /x\n` },
    "unknown-option": { dockerfile: `${base}\n`, args: ["--fromat=module"] },
    "unknown-target": { dockerfile: `${base} AS builder\n`, args: ["--target", "bilder"] },
    "failing-step": { dockerfile: `${base}\nRUN echo some output && echo more >&2; exit 7\n` },
    "failing-python": { dockerfile: `${base}\nRUN python -c "import absent"\n` },
    "system-package": { dockerfile: `${base}\nRUN apt-get update && apt-get install -y gcc\n` },
    "compiled-package": { dockerfile: `${base}\nARG PIP_INDEX_URL\nRUN pip install -q compiled\n` },
    "irreducible-start": { dockerfile: `${base}\nENTRYPOINT if true; then python; fi\n` },
    "native-program": { dockerfile: `${base}\nCOPY native /native\nCMD ["/native"]\n` },
    "native-program-in-step": { dockerfile: `${base}\nCOPY native /native\nRUN /native\n` },
    "foreign-base": { dockerfile: 'FROM scratch\nCOPY native /native\nCMD ["/native"]\n' },
    "foreign-base-in-step": { dockerfile: "FROM scratch\nCOPY native /native\nRUN /native\n" },
    "agent-mount": { dockerfile: `${base}\nRUN --mount=type=ssh echo\n` },
    "insecure-step": { dockerfile: `${base}\nRUN --security=insecure echo\n` },
    "refused-registry": { dockerfile: "FROM localhost:1/nothing\n" },
    "refused-registry-in-copy": { dockerfile: `${base}\nCOPY --from=localhost:1/nothing:1 /a /b\n` },
  };

describe("what the user sees", () => {
  let index: FakeIndex;
  before(async () => {
    const files = { "compiled-1.5-cp312-cp312-manylinux_2_17_x86_64.whl": wheel("compiled", "1.5") };
    index = await startFakeIndex([{ name: "compiled", files }], false);
  });
  after(() => index.close());

  for (const [name, { dockerfile, args = [] }] of Object.entries(failures)) {
    it(name.replaceAll("-", " "), async () => {
      const cwd = temporaryDirectory("errors");
      writeFileSync(path.join(cwd, "Dockerfile"), dockerfile);
      writeFileSync(path.join(cwd, "out.wasm"), "of before");
      copyFileSync("/bin/true", path.join(cwd, "native"));
      const given = readdirSync(cwd);
      const { exitCode, stdout, stderr } = await boxwright(
        ["build", ".", "-o", "out.wasm", "--build-arg", `PIP_INDEX_URL=${index.url}/simple`, ...args],
        { home, cwd },
      );
      const seen = `exit code ${exitCode}\n${steady(stderr).replaceAll(cwd, "$CWD").replaceAll(home, "$HOME")}`;
      const file = path.join(golden, `${name}.txt`);
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, seen);
      assert.equal(seen, readFileSync(file, "utf8"));
      assert.equal(stdout, "");
      assert.deepEqual(readdirSync(cwd), given);
      assert.equal(readFileSync(path.join(cwd, "out.wasm"), "utf8"), "of before");
    });
  }
});

/** Without what differs from run to run, or with what ran before. */
function steady(text: string): string {
  return text
    .replace(/\b\d+\.\ds$/gm, "0.0s")
    .replace(/^(#\d+) \d+\.\d{3} /gm, "$1 0.000 ")
    .replace(/^(#\d+) CACHED$/gm, "$1 DONE 0.0s");
}
