import assert from "node:assert/strict";
import { chmodSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { buildDirectory, buildImage, makeContext, temporaryDirectory, writeFiles } from "./support.ts";

const dockerfile = "FROM scratch\nWORKDIR /w\nCOPY a dir/ /x/\nCOPY b /y";
const files = { Dockerfile: dockerfile, a: "a", "dir/c": "c", b: "b" };

function homed() {
  const context = makeContext(files);
  const home = temporaryDirectory();
  return { context, home, build: () => buildDirectory(context, { home }) };
}

/** Files younger than a tick of the file system's clock are not remembered. */
const pastClockTick = () => new Promise((resolve) => setTimeout(resolve, 50));

describe("the build cache", () => {
  it("executes nothing when nothing changed", async () => {
    const { build } = homed();
    const first = await build();
    const second = await build();
    assert.equal(first.executed.length, 3);
    assert.deepEqual(second.executed, []);
    assert.equal(second.digest, first.digest);
  });

  it("reads no file again whose metadata is the same", async () => {
    const { context, home, build } = homed();
    await pastClockTick();
    await build();
    const { openContentDigests } = await import("../../src/build/context/digests.ts");
    const { createHostTree } = await import("../../src/build/context/host-tree.ts");
    const { openStore } = await import("../../src/store/index.ts");
    const store = await openStore(home);
    const digests = await openContentDigests(store, context);
    const node = createHostTree(context, { ignore: undefined, time: undefined }).node("a");
    assert.equal(node?.kind, "file");
    // A promise would mean that the file has to be read.
    assert.equal(node?.kind === "file" && typeof digests.of(node.content), "string");
    await store.close();
  });

  it("executes only from the first change on", async () => {
    const { context, build } = homed();
    await build();
    writeFileSync(path.join(context, "b"), "changed");
    const { executed, tree } = await build();
    assert.deepEqual(executed, ["[4/4] COPY b /y"]);
    assert.equal(tree["y"], "file 644 0:0 changed");
  });

  it("sees a change of the mode", async () => {
    const { context, build } = homed();
    await build();
    chmodSync(path.join(context, "a"), 0o755);
    const { tree } = await build();
    assert.equal(tree["x/a"], "file 755 0:0 a");
  });

  it("sees a change of the same length with the old time", async () => {
    const { context, build } = homed();
    const time = new Date("2020-01-01");
    utimesSync(path.join(context, "b"), time, time);
    await build();
    writeFileSync(path.join(context, "b"), "B");
    utimesSync(path.join(context, "b"), time, time);
    const { tree } = await build();
    assert.equal(tree["y"], "file 644 0:0 B");
  });

  it("takes no notice of times, of files that are not copied, and of where the context lies", async () => {
    const { context, home, build } = homed();
    const first = await build();
    utimesSync(path.join(context, "a"), new Date("2001-01-01"), new Date("2001-01-01"));
    writeFiles(context, { unrelated: "x" });
    const touched = await build();
    assert.deepEqual(touched.executed, []);
    const elsewhere = await buildDirectory(makeContext(files), { home });
    assert.deepEqual(elsewhere.executed, []);
    assert.deepEqual([touched.digest, elsewhere.digest], [first.digest, first.digest]);
  });

  it("gives the same digest from an empty cache", async () => {
    const context = makeContext(files);
    const digests = await Promise.all(
      [0, 1].map(async () => (await buildDirectory(context, { home: temporaryDirectory() })).digest),
    );
    assert.equal(digests[0], digests[1]);
  });

  it("--no-cache executes everything, and gives the same", async () => {
    const { context, home, build } = homed();
    const first = await build();
    const again = await buildDirectory(context, { home, noCache: true });
    assert.equal(again.executed.length, 3);
    assert.equal(again.digest, first.digest);
  });

  it("survives the loss of blobs and records", async () => {
    for (const lost of ["blobs", "records/step", "records/layer", "records"]) {
      const { home, build } = homed();
      const first = await build();
      rmSync(path.join(home, lost), { recursive: true });
      assert.equal((await build()).digest, first.digest, lost);
    }
  });

  it("survives damaged records", async () => {
    const { home, build } = homed();
    await pastClockTick();
    const first = await build();
    for (const kind of ["step", "stat"]) {
      const directory = path.join(home, "records", kind);
      for (const name of readdirSync(directory)) writeFileSync(path.join(directory, name), '{"layer":7}');
    }
    assert.equal((await build()).digest, first.digest);
  });

  it("keeps the times of the context only when asked to", async () => {
    const context = makeContext(files);
    const old = new Date("2001-02-03T04:05:06Z");
    utimesSync(path.join(context, "a"), old, old);
    const fixed = await buildDirectory(context);
    const kept = await buildDirectory(context, { timestamps: "keep" });
    assert.notEqual(fixed.digest, kept.digest);
    assert.deepEqual(fixed.tree, kept.tree);
  });

  it("several builds share one store at the same time", async () => {
    const home = temporaryDirectory();
    const contexts = [0, 1, 2, 3].map(() => makeContext(files));
    const built = await Promise.all(contexts.map((context) => buildDirectory(context, { home })));
    assert.equal(new Set(built.map(({ digest }) => digest)).size, 1);
  });

  it("a step whose input changed without a change of its output does not execute what follows", async () => {
    const home = temporaryDirectory();
    const stages = (extra: string) =>
      `FROM scratch AS a\nCOPY f /f\n${extra}FROM scratch\nCOPY --from=a /f /f\nWORKDIR /w`;
    await buildImage(stages(""), { f: "f" }, { home });
    const { executed } = await buildImage(stages("COPY f /unrelated\n"), { f: "f" }, { home });
    assert.deepEqual(executed, ["[a 3/3] COPY f /unrelated"]);
  });
});
