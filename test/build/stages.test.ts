import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { buildDirectory, buildImage, failsWith, makeContext, temporaryDirectory } from "./support.ts";
import { create } from "./tar.ts";

const f = (text: string) => `file 644 0:0 ${text}`;

describe("stages", () => {
  it("builds only what the target needs", async () => {
    const dockerfile =
      "FROM scratch AS broken\nCOPY nope /\nFROM scratch AS a\nCOPY f /a\nFROM scratch AS b\nCOPY --from=a /a /b\nFROM broken";
    const { tree, events } = await buildImage(dockerfile, { f: "f" }, { target: "B" });
    assert.deepEqual(tree, { b: f("f") });
    const stages = new Set(events.flatMap((event) => ("step" in event ? [event.step.name.slice(0, 3)] : [])));
    assert.deepEqual([...stages].sort(), ["[a ", "[b ", "exp"]);
  });

  it("takes stages by number, in --target and in --from, whatever the case of their names", async () => {
    const dockerfile =
      "FROM scratch AS One\nCOPY f /f\nFROM scratch\nCOPY --from=0 /f /a\nCOPY --from=ONE /f /b\nFROM scratch";
    const { tree } = await buildImage(dockerfile, { f: "f" }, { target: "1" });
    assert.deepEqual(tree, { a: f("f"), b: f("f") });
  });

  it("a later stage of the same name is not the earlier one", async () => {
    const dockerfile = "FROM scratch AS x\nCOPY a /f\nFROM x AS x\nCOPY b /g\nFROM x";
    const { tree } = await buildImage(dockerfile, { a: "a", b: "b" });
    assert.deepEqual(tree, { f: f("a"), g: f("b") });
  });

  it("the first failure is what is reported, and ends the other stages", async () => {
    const dockerfile =
      "FROM scratch AS a\nCOPY nope /\nFROM scratch AS b\nCOPY f /\nFROM scratch\nCOPY --from=b /f /\nCOPY --from=a /nope /";
    await assert.rejects(buildImage(dockerfile, { f: "" }), failsWith("SOURCE_NOT_FOUND", 2));
  });

  it("an ONBUILD trigger may copy from a stage, and fails at FROM", async () => {
    const good =
      "FROM scratch AS src\nCOPY f /f\nFROM scratch AS base\nONBUILD COPY --from=src /f /g\nFROM base";
    assert.deepEqual((await buildImage(good, { f: "f" })).tree, { g: f("f") });
    const bad = "FROM scratch AS base\nONBUILD COPY nope /\nFROM base";
    await assert.rejects(buildImage(bad), failsWith("SOURCE_NOT_FOUND", 3));
  });

  it("is cancelled by its signal", async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(buildImage("FROM scratch", {}, { signal }), failsWith("BUILD_ABORTED"));
  });
});

describe("build contexts", () => {
  it("--build-context names a directory", async () => {
    const other = makeContext({ "d/x": "x" });
    const { tree } = await buildImage(
      "FROM scratch\nCOPY --from=other d/x /x",
      {},
      { buildContexts: { other } },
    );
    assert.deepEqual(tree, { x: f("x") });
  });

  it("a named context takes the place of a stage and of an image", async () => {
    const layout = temporaryDirectory();
    await buildImage("FROM scratch\nENV FROM_LAYOUT=1\nCOPY f /f", { f: "f" }, { output: layout });
    const contexts = { "some/image": `oci-layout://${layout}`, tagged: `oci-layout://${layout}:latest` };
    const dockerfile = "FROM some/image\nCOPY --from=tagged /f /g";
    const { tree, config } = await buildImage(dockerfile, {}, { buildContexts: contexts });
    assert.deepEqual(tree, { f: f("f"), g: f("f") });
    assert.ok(config.config.Env?.includes("FROM_LAYOUT=1"));
  });

  it("a directory is no base, and other kinds of contexts are errors", async () => {
    await assert.rejects(
      buildImage("FROM base", {}, { buildContexts: { base: makeContext({}) } }),
      failsWith("BASE_IS_DIRECTORY", 1),
    );
    await assert.rejects(
      buildImage("FROM scratch\nCOPY --from=x a /", {}, { buildContexts: { x: "rsync://example.com/x" } }),
      failsWith("BUILD_CONTEXT_UNSUPPORTED", 2),
    );
  });

  it("a tar archive is a context, with its .dockerignore", async () => {
    const archive = await create([
      { name: "Dockerfile", text: "FROM scratch\nCOPY . /" },
      { name: ".dockerignore", text: "Dockerfile\n.dockerignore\nno\n" },
      { name: "no", text: "" },
      { name: "d/yes", text: "y" },
    ]);
    const { tree } = await buildDirectory("", { context: { kind: "archive", chunks: only(archive) } });
    assert.deepEqual(tree, { d: "dir 755 0:0", "d/yes": f("y") });
  });

  it("a Dockerfile may have an ignore file of its own, and lie elsewhere", async () => {
    const context = makeContext({ "a.txt": "a", "b.txt": "b", ".dockerignore": "b.txt" });
    const other = makeContext({
      "X.Dockerfile": "FROM scratch\nCOPY *.txt /",
      "X.Dockerfile.dockerignore": "a.txt",
    });
    const dockerfile = { kind: "file", path: path.join(other, "X.Dockerfile") } as const;
    const { tree } = await buildDirectory(context, { dockerfile });
    assert.deepEqual(tree, { "b.txt": f("b") });
  });

  it("a missing context or Dockerfile is a usage error", async () => {
    await assert.rejects(
      buildDirectory(path.join(temporaryDirectory(), "none")),
      failsWith("CONTEXT_NOT_FOUND"),
    );
    await assert.rejects(buildDirectory(makeContext({})), failsWith("DOCKERFILE_NOT_FOUND"));
  });
});

describe("ADD of archives", () => {
  it("unpacks local tars, with the owners and times in them", async () => {
    const archive = await create([
      { name: "d/", mode: 0o700, uid: 5, gid: 6 },
      { name: "d/f", text: "f", mode: 0o600, uid: 5, gid: 6 },
      { name: "l", link: "d/f" },
    ]);
    const files = { "a.tar": archive.toString("latin1"), "plain.tar": "no archive" };
    const { tree } = await buildImage(
      "FROM scratch\nADD a.tar plain.tar /x/\nCOPY a.tar /y\nADD --unpack=false a.tar /z",
      files,
    );
    const { y, z, ...unpacked } = tree;
    assert.equal(y, z);
    assert.deepEqual(unpacked, {
      x: "dir 755 0:0",
      "x/d": "dir 700 5:6",
      "x/d/f": "file 600 5:6 f",
      "x/l": "link d/f",
      "x/plain.tar": f("no archive"),
    });
  });

  it("refuses archives that lead out", async () => {
    const archive = await create([{ name: "../evil", text: "x" }]);
    const files = { "a.tar": archive.toString("latin1") };
    await assert.rejects(
      buildImage("FROM scratch\nADD a.tar /x/", files),
      (error: Error & { code?: string }) => {
        assert.match(error.code ?? "", /^(TAR|LAYER)_/);
        return true;
      },
    );
  });
});

async function* only(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
