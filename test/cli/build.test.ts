import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { create } from "../build/tar.ts";
import { boxwright, makeDirectory } from "./support.ts";

const scratch = { Dockerfile: "FROM scratch\nCOPY f /f\n", f: "f" };
const python = {
  Dockerfile: 'FROM python:3.12-slim\nCOPY f /f\nCMD ["python", "-c", "print(open(\'/f\').read())"]\n',
  f: "from the image",
};

/** Seconds differ from run to run. */
const steady = (text: string) =>
  text.replace(/\b\d+\.\d+s/g, "0.0s").replace(/^(#\d+) \d+\.\d{3} /gm, "$1 0.000 ");

describe("boxwright build", () => {
  it("prints only the digest on stdout with -q, and nothing on stderr", async () => {
    const cwd = makeDirectory(python);
    const { exitCode, stdout, stderr } = await boxwright(["build", "-q", "."], { cwd });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    assert.equal(stderr, "");
  });

  it("prints steps like BuildKit's plain mode", async () => {
    const cwd = makeDirectory(scratch);
    const home = makeDirectory();
    const args = ["build", "--format", "oci", "-o", "out"];
    const first = await boxwright(args, { cwd, home });
    assert.equal(first.stdout, "");
    assert.match(
      steady(first.stderr),
      /^#1 \[1\/2\] FROM scratch\n#1 CACHED\n\n#2 \[2\/2\] COPY f \/f\n#2 DONE 0\.0s\n\n#3 exporting to oci image layout\n#3 DONE 0\.0s\n\noci image sha256:[0-9a-f]{64} \([^)]+\)\nwritten to out\n$/,
    );
    assert.match((await boxwright(args, { cwd, home })).stderr, /#2 \[2\/2\] COPY f \/f\n#2 CACHED\n/);
  });

  it("writes what was asked for, names it, and runs by that name", async () => {
    const cwd = makeDirectory(python);
    const built = await boxwright(
      [
        "build",
        "-o",
        "out/a.wasm",
        "-t",
        "one",
        "-t",
        "two:3",
        "--iidfile",
        "iid",
        "--metadata-file",
        "meta.json",
        ".",
      ],
      { cwd },
    );
    assert.equal(built.exitCode, 0, built.stderr);
    assert.match(
      built.stderr,
      /named one:latest, two:3\nwritten to out\/a\.wasm\nrun it: boxwright run one:latest\n$/,
    );
    const digest = readFileSync(path.join(cwd, "iid"), "utf8");
    const metadata = JSON.parse(readFileSync(path.join(cwd, "meta.json"), "utf8")) as Record<string, unknown>;
    assert.equal(metadata["containerimage.digest"], digest);
    assert.equal(metadata["image.name"], "one:latest,two:3");
    for (const what of ["one", "two:3", "out/a.wasm"]) {
      const run = await boxwright(["run", what], { cwd });
      assert.deepEqual([run.exitCode, run.stdout], [0, "from the image\n"], run.stderr);
    }
    assert.match((await boxwright(["images"], { cwd })).stdout, /^one +latest /m);
  });

  it("takes a Dockerfile or an archive on standard input, and an archive as a file", async () => {
    const archive = await create(Object.entries(scratch).map(([name, text]) => ({ name, text })));
    const cwd = makeDirectory({ f: "f" });
    const digests: string[] = [];
    const oci = ["--format", "oci", "-q", "-o"];
    for (const [args, stdin] of [
      [["build", "-", ...oci, "a"], archive],
      [["build", "-", ...oci, "b"], gzipSync(archive)],
      [["build", ".", "-f", "-", ...oci, "c"], scratch.Dockerfile],
    ] as const) {
      const { stdout, stderr } = await boxwright(args, { cwd, stdin });
      assert.match(stdout, /^sha256:/, stderr);
      digests.push(stdout);
    }
    assert.equal(new Set(digests).size, 1);
    const alone = await boxwright(["build", "-", ...oci, "d"], { cwd, stdin: "FROM scratch\nENV A=1\n" });
    assert.equal(alone.exitCode, 0, alone.stderr);
  });

  it("passes build arguments on from the environment, and secrets from files and variables", async () => {
    const Dockerfile =
      "FROM python:3.12-slim\nARG A B\nRUN --mount=type=secret,id=f --mount=type=secret,id=v echo $A $B $(cat /run/secrets/f /run/secrets/v)\n";
    const cwd = makeDirectory({ Dockerfile, secret: "file," });
    const { stderr } = await boxwright(
      [
        "build",
        "--build-arg",
        "A=1",
        "--build-arg",
        "B",
        "--secret",
        "id=f,src=secret",
        "--secret",
        "id=v,env=V",
        "--format=oci",
        "-o=o",
        ".",
      ],
      { cwd, env: { B: "2", V: "variable" } },
    );
    assert.match(steady(stderr), /^#\d 0\.000 1 2 file,variable$/m);
  });

  it("shows the line, the output and the hint of what failed", async () => {
    const cwd = makeDirectory({
      Dockerfile: "FROM python:3.12-slim\n# why\nRUN echo some output; \\\n  exit 3\nCMD x\n",
    });
    const { exitCode, stdout, stderr } = await boxwright(["build", "-q", "."], { cwd });
    assert.equal(exitCode, 1);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      `------
 > [2/2] RUN echo some output;   exit 3:
some output
------
ERROR: process "/bin/sh -c echo some output;   exit 3" did not complete successfully: exit code: 3 [RUN_FAILED]
Dockerfile:3
--------------------
   1 |     FROM python:3.12-slim
   2 |     # why
   3 | >>> RUN echo some output; \\
   4 | >>>   exit 3
   5 |     CMD x
--------------------
hint: the command's last output says why; --progress=plain shows all of it
`,
    );
  });

  it("--progress=json gives one event per line, and the result", async () => {
    const cwd = makeDirectory(scratch);
    const { stderr } = await boxwright(["build", "--progress=json", "--format=oci", "-o", "o", "."], { cwd });
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    assert.equal(events.at(-1), "result");
    assert.ok(events.includes("done"));
  });

  it("--check finds faults and builds nothing", async () => {
    const cwd = makeDirectory({ Dockerfile: "FROM python:3.12-slim\nMAINTAINER me\nRUN exit 1\n" });
    const text = await boxwright(["build", "--check", "."], { cwd });
    assert.equal(text.exitCode, 1);
    assert.match(text.stderr, /^check complete, 1 warning found\n\nWARNING: MaintainerDeprecated\n/);
    assert.match(text.stderr, /^ {3}2 \| >>> MAINTAINER me$/m);
    const json = await boxwright(["build", "--check", "--format", "json", "."], { cwd });
    const { warnings } = JSON.parse(json.stdout) as { warnings: readonly { rule: string }[] };
    assert.deepEqual(
      warnings.map(({ rule }) => rule),
      ["MaintainerDeprecated"],
    );
    const clean = await boxwright(["build", "--check", "."], { cwd: makeDirectory(scratch) });
    assert.deepEqual([clean.exitCode, clean.stderr], [0, "check complete, no warnings found\n"]);
  });

  const usage: readonly (readonly [name: string, args: readonly string[], message: RegExp])[] = [
    ["an unknown flag", ["build", "--tagg", "x"], /unknown option '--tagg'\n\(Did you mean --tag\?\)/],
    ["an unknown command", ["biuld"], /unknown command 'biuld'\n\(Did you mean build\?\)/],
    ["an unknown progress", ["build", "--progress=nice"], /Allowed choices are auto, plain, json, quiet/],
    ["an unknown format", ["build", "--format=zip"], /--format is component, module or oci/],
    ["a context that is not there", ["build", "nowhere"], /CONTEXT_NOT_FOUND/],
    ["a Dockerfile that is not there", ["build", "-f", "nowhere"], /DOCKERFILE_NOT_FOUND/],
    ["a stage that is not there", ["build", "--target", "x"], /TARGET_NOT_FOUND/],
    ["a faulty tag", ["build", "-t", "Not Good"], /INVALID_TAG/],
    ["a faulty secret", ["build", "--secret", "id"], /--secret "id": "id" has no value/],
    ["a faulty context name", ["build", "--build-context", "x"], /--build-context takes NAME=VALUE/],
    ["no directory for a layout", ["build", "--format=oci"], /OUTPUT_NEEDED/],
    ["nothing on standard input", ["build", "-"], /standard input is empty/],
    ["two uses of standard input", ["build", "-", "-f", "-"], /cannot be both/],
    ["a faulty time", ["build", "-q"], /INVALID_EPOCH/],
  ];
  for (const [name, args, message] of usage) {
    it(`${name} exits with 2, without a stack trace`, async () => {
      const env: Record<string, string> = name === "a faulty time" ? { SOURCE_DATE_EPOCH: "soon" } : {};
      const { exitCode, stdout, stderr } = await boxwright(args, { cwd: makeDirectory(scratch), env });
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
      assert.equal(stdout, "");
    });
  }

  it("leaves no output behind when it fails", async () => {
    const cwd = makeDirectory({ Dockerfile: "FROM python:3.12-slim\nRUN exit 1\n" });
    const { exitCode } = await boxwright(["build", "-o", "a.wasm", "--iidfile", "iid", "."], { cwd });
    assert.equal(exitCode, 1);
    assert.deepEqual(
      [existsSync(path.join(cwd, "a.wasm")), existsSync(path.join(cwd, "iid"))],
      [false, false],
    );
  });

  it("SOURCE_DATE_EPOCH is the image's time", async () => {
    const cwd = makeDirectory(scratch);
    const env = { SOURCE_DATE_EPOCH: "1000000000" };
    await boxwright(["build", "--format=oci", "-o", "o", "."], { cwd, env });
    const read = (file: string) => JSON.parse(readFileSync(path.join(cwd, "o", file), "utf8"));
    const blob = (digest: string) => read(`blobs/${digest.replace(":", "/")}`);
    const manifest = blob(read("index.json").manifests[0].digest);
    assert.equal(blob(manifest.config.digest).created, "2001-09-09T01:46:40Z");
  });
});
