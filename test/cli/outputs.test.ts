import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { boxwright, main, makeDirectory } from "./support.ts";

const scratch = { Dockerfile: "FROM scratch\nCOPY f /f\nLABEL a=b\n", f: "f" };
const python = {
  Dockerfile:
    'FROM python:3.12-slim\nVOLUME /data/deep\nCMD ["python", "-c", "import os; print(os.stat(\'/data/deep\').st_mode)"]\n',
};

describe("boxwright build --output", () => {
  it("takes a directory, a file or - as docker build does", async () => {
    const cwd = makeDirectory(scratch);
    const files = await boxwright(["build", "-o", "out", "."], { cwd });
    assert.equal(files.exitCode, 0, files.stderr);
    assert.match(files.stderr, /files of image sha256:[0-9a-f]{64} \(1B\)\nwritten to out\n$/);
    assert.equal(readFileSync(path.join(cwd, "out/f"), "utf8"), "f");
    const tar = await boxwright(["build", "-q", "-o", "-", "."], { cwd });
    assert.equal(tar.exitCode, 0, tar.stderr);
    assert.equal(tar.stdout.slice(257, 262), "ustar");
    assert.equal(tar.stderr, "");
  });

  it("writes several outputs of one build, and tells them to programs", async () => {
    const cwd = makeDirectory(scratch);
    const outputs = [
      "type=oci,dest=i.tar",
      "type=docker,dest=d.tar,name=x:1",
      "type=local,dest=l",
      "type=oci,tar=false,dest=o",
    ];
    const { exitCode, stderr } = await boxwright(
      [
        "build",
        ...outputs.flatMap((each) => ["-o", each]),
        "--annotation",
        "manifest,manifest-descriptor:k=v",
        "--iidfile=iid",
        "--metadata-file=m",
        ".",
      ],
      { cwd },
    );
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stderr,
      /\noci image written to i\.tar\ndocker image written to d\.tar\nfiles of image written to l\noci image written to o\n$/,
    );
    const metadata = JSON.parse(readFileSync(path.join(cwd, "m"), "utf8")) as Record<string, unknown>;
    const descriptor = metadata["containerimage.descriptor"] as { digest: string; size: number };
    assert.equal(descriptor.digest, metadata["containerimage.digest"]);
    assert.equal(readFileSync(path.join(cwd, "iid"), "utf8"), metadata["containerimage.config.digest"]);
    const manifest = path.join(cwd, "o/blobs", descriptor.digest.replace(":", "/"));
    assert.equal(statSync(manifest).size, descriptor.size);
    assert.deepEqual((JSON.parse(readFileSync(manifest, "utf8")) as { annotations: unknown }).annotations, {
      k: "v",
    });
  });

  it("makes components as -o FILE.wasm does; the directories of VOLUME are there", async () => {
    const cwd = makeDirectory(python);
    const args = [
      "build",
      "-o",
      "a.wasm",
      "-o",
      "type=component,dest=b",
      "-o",
      "type=module,dest=c.wasm",
      ".",
    ];
    const { exitCode, stderr } = await boxwright(args, { cwd });
    assert.equal(exitCode, 0, stderr);
    assert.ok(readFileSync(path.join(cwd, "a.wasm")).equals(readFileSync(path.join(cwd, "b"))));
    const mode = `${0o40755}\n`;
    for (const file of ["a.wasm", "c.wasm"]) {
      const ran = await boxwright(["run", file], { cwd });
      assert.deepEqual([ran.stdout, ran.exitCode], [mode, 0], ran.stderr);
    }
  });

  for (const [output, message, more = []] of [
    ["type=registry,ref=x", /type=registry is not implemented\b[\s\S]*boxwright push/],
    ["type=docker", /no daemon[\s\S]*docker load/],
    ["type=local", /it needs dest=DIRECTORY/],
    ["type=nope,dest=x", /unknown type "nope"/],
    ["type=tar,dest=x,depth=3", /unknown field "depth"/],
    ["type=tar,dest=x,dest=y", /dest is given twice/],
    ["type=oci,dest=x,compression=lzma", /compression is gzip, zstd or uncompressed/],
    ["dest=x", /it has no type/],
    ["", /--output is empty/],
    ["here", /here is a directory, and a module is one file/, ["--format=module"]],
    ["type=tar,dest=x", /--format module says what -o PATH writes/, ["--format=module"]],
    [
      "type=tar,dest=x",
      /annotation "index:a=b": a result for one platform has no image index/,
      ["--annotation", "index:a=b"],
    ],
    ["type=tar,dest=x", /annotation "what:a=b": unknown level "what"/, ["--annotation", "what:a=b"]],
    ["type=tar,dest=x", /--annotation takes \[LEVEL:\]KEY=VALUE/, ["--annotation", "a"]],
  ] as readonly (readonly [string, RegExp, (readonly string[])?])[]) {
    it(`refuses ${[JSON.stringify(output), ...more].join(" ")} before anything is built`, async () => {
      const cwd = makeDirectory(scratch);
      mkdirSync(path.join(cwd, "here"));
      const { exitCode, stderr } = await boxwright(["build", "-o", output, ...more, "."], { cwd });
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, /\[USAGE\]/);
      assert.match(stderr, message);
      assert.equal(existsSync(path.join(cwd, "x")), false);
    });
  }

  it("ends with an error, not a stack, when the reader of standard output is gone", async () => {
    const cwd = makeDirectory({ Dockerfile: "FROM scratch\nCOPY f /f\n", f: "x".repeat(1 << 20) });
    const child = spawn(process.execPath, [main, "build", "-o", "-", "."], {
      cwd,
      env: { ...process.env, BOXWRIGHT_HOME: makeDirectory() },
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 1, stderr);
    assert.match(stderr, /cannot write the output standard output: .*\[OUTPUT_FAILED\]/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });
});

describe("SOURCE_DATE_EPOCH", () => {
  for (const command of [
    ["build", "--check", "."],
    ["build", "."],
    ["push", "a.wasm", "localhost:1/a:1"],
  ]) {
    it(`that is no number of seconds is an error of ${command.slice(0, 2).join(" ")}`, async () => {
      const cwd = makeDirectory(python);
      const made = await boxwright(["build", "-q", "-o", "a.wasm", "."], { cwd });
      assert.equal(made.exitCode, 0, made.stderr);
      const { exitCode, stderr } = await boxwright(command, { cwd, env: { SOURCE_DATE_EPOCH: "yesterday" } });
      assert.deepEqual([exitCode, /\[INVALID_EPOCH\]/.test(stderr)], [2, true], stderr);
    });
  }
});
