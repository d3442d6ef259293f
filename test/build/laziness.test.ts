import assert from "node:assert/strict";
import { once } from "node:events";
import fs, { truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, it } from "node:test";
import { build } from "../../src/build/index.ts";
import { buildDirectory, home, makeContext, temporaryDirectory, writeFiles } from "./support.ts";

/** Which files below a directory are opened, and which directories listed, by whichever function of node:fs. */
async function watch<T>(
  directory: string,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly opened: readonly string[]; readonly listed: readonly string[] }> {
  const opened = new Set<string>();
  const listed = new Set<string>();
  const restore: (() => void)[] = [];
  const spy = (target: object, name: string, seen: Set<string>) => {
    const methods = target as Record<string, (...args: unknown[]) => unknown>;
    const original = methods[name];
    assert.ok(original, name);
    methods[name] = (...args) => {
      const file = String(args[0]);
      if (file.startsWith(directory)) seen.add(path.relative(directory, file));
      return original.apply(target, args);
    };
    restore.push(() => {
      methods[name] = original;
    });
  };
  for (const name of ["open", "openSync", "readFile", "readFileSync", "createReadStream", "copyFileSync"])
    spy(fs, name, opened);
  for (const name of ["open", "readFile", "copyFile"]) spy(fs.promises, name, opened);
  for (const [target, names] of [
    [fs, ["readdir", "readdirSync", "opendir", "opendirSync"]],
    [fs.promises, ["readdir", "opendir"]],
  ] as const)
    for (const name of names) spy(target, name, listed);
  syncBuiltinESMExports();
  try {
    return { value: await work(), opened: [...opened].sort(), listed: [...listed].sort() };
  } finally {
    for (const undo of restore) undo();
    syncBuiltinESMExports();
  }
}

/** Files younger than a tick of the file system's clock are not remembered. */
const pastClockTick = () => new Promise((resolve) => setTimeout(resolve, 50));

const inputs = [".dockerignore", "Dockerfile", "Dockerfile.dockerignore"];

describe("what a build reads", () => {
  it("is no file whose metadata is that of the last build", async () => {
    const context = makeContext({
      Dockerfile: "FROM scratch\nCOPY . /all/\nCOPY a /a",
      a: "a",
      "dir/b": "b",
      "dir/large": "x".repeat(1 << 20),
    });
    const cacheHome = temporaryDirectory();
    await pastClockTick();
    const building = () => buildDirectory(context, { home: cacheHome });
    const cold = await watch(context, building);
    for (const file of ["a", "dir/b", "dir/large"]) assert.ok(cold.opened.includes(file), file);

    const warm = await watch(context, building);
    assert.deepEqual(warm.value.executed, []);
    // The Dockerfile is copied as well, and read as such only once.
    assert.deepEqual(
      warm.opened.filter((file) => !inputs.includes(file)),
      [],
    );

    // A step that is executed again because of another file reads that one alone to know so.
    writeFiles(context, { a: "changed" });
    await pastClockTick();
    const named = await watch(context, () => buildDirectory(context, { home: cacheHome, target: "" }));
    assert.ok(named.opened.includes("a"));
    assert.equal(named.value.executed.length, 2);
  });

  it("is nothing that is not copied: 5 GB beside a file of 1 MB", async () => {
    const context = makeContext({
      Dockerfile: "FROM scratch\nCOPY used /used\nCOPY wanted/ /wanted/",
      ".dockerignore": "wanted/ignored\n",
      used: "x".repeat(1 << 20),
      "wanted/a": "a",
      "wanted/ignored/b": "b",
      "huge/file": "",
      other: "",
    });
    for (const name of ["huge/file", "other", "wanted/ignored/b"])
      truncateSync(path.join(context, name), 5e9);
    const { value, opened, listed } = await watch(context, () => buildDirectory(context));
    assert.deepEqual(
      opened.filter((file) => !inputs.includes(file)),
      ["used", "wanted/a"],
    );
    assert.deepEqual(listed, ["wanted"]);
    assert.deepEqual(Object.keys(value.tree).sort(), ["used", "wanted", "wanted/a"]);
  });
});

describe("what a step's key is made of", () => {
  /** Builds twice, with a change between, and tells which steps were executed the second time. */
  async function executedAfter(
    dockerfile: string,
    change: (context: string) => string | undefined,
    files: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[]> {
    const context = makeContext({ Dockerfile: dockerfile, ...files });
    const cacheHome = temporaryDirectory();
    await buildDirectory(context, { home: cacheHome });
    const changed = change(context);
    if (changed !== undefined) writeFileSync(path.join(context, "Dockerfile"), changed);
    const { executed } = await buildDirectory(context, { home: cacheHome });
    return executed.map((name) => name.replace(/^\[[^\]]*\] /, ""));
  }

  it("COPY: the contents that pass .dockerignore, and nothing else of the context", async () => {
    const files = { ".dockerignore": "**/*.log\n", "src/a": "a", "src/x.log": "1" };
    const copy = "FROM scratch\nCOPY src/ /src/\n";
    const write = (name: string, text: string) => (context: string) => {
      writeFiles(context, { [name]: text });
      return undefined;
    };
    assert.deepEqual(await executedAfter(copy, write("src/x.log", "2"), files), []);
    assert.deepEqual(await executedAfter(copy, write("src/y.log", "2"), files), []);
    assert.deepEqual(await executedAfter(copy, write("beside", "2"), files), []);
    assert.deepEqual(await executedAfter(copy, write("src/a", "b"), files), ["COPY src/ /src/"]);
    assert.deepEqual(await executedAfter(copy, write("src/b", "b"), files), ["COPY src/ /src/"]);
    assert.deepEqual(await executedAfter(copy, write(".dockerignore", ""), files), ["COPY src/ /src/"]);
  });

  // The result is small: what is measured is not how long an image takes to be written.
  const run =
    "FROM python:3.12\nCOPY f /f\nENV A=1\nRUN echo $A > /out\nFROM scratch\nCOPY --from=0 /etc/passwd /";
  const cases: Readonly<Record<string, readonly [changed: string, executed: readonly string[]]>> = {
    "nothing changed": [run, []],
    "the command": [run.replace("> /out", "> /new"), ["RUN echo $A > /new"]],
    "the environment": [run.replace("A=1", "A=2"), ["RUN echo $A > /out"]],
    "an argument": [run.replace("RUN", "ARG B=2\nRUN"), ["RUN echo $A > /out"]],
    "a label, which it does not see": [run.replace("RUN", "LABEL a=b\nRUN"), []],
    "the user": [run.replace("RUN", "USER 1000\nRUN"), ["RUN echo $A > /out"]],
    "the tree below": [run.replace("COPY f /f", "COPY f /g"), ["COPY f /g", "RUN echo $A > /out"]],
    "a mount": [
      run.replace("RUN ", "RUN --mount=type=tmpfs,target=/t "),
      ["RUN --mount=type=tmpfs,target=/t echo $A > /out"],
    ],
    "the shell": [run.replace("RUN", 'SHELL ["/bin/sh", "-ec"]\nRUN'), ["RUN echo $A > /out"]],
  };
  for (const [name, [changed, executed]] of Object.entries(cases)) {
    it(`RUN: ${name}`, async () => {
      const context = makeContext({ Dockerfile: run, f: "f" });
      await buildDirectory(context, { home });
      writeFileSync(path.join(context, "Dockerfile"), changed);
      const built = await buildDirectory(context, { home });
      assert.deepEqual(
        built.executed
          .map((step) => step.replace(/^\[[^\]]*\] /, ""))
          .filter((step) => !/^FROM|--from/.test(step)),
        executed,
      );
    });
  }
});

describe("independent stages", () => {
  it("are built at the same time", { timeout: 60_000 }, async () => {
    // Each base image is asked for before the answer to the other one.
    const asked = new Set<string>();
    let release = (): void => {};
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = createServer(async (request, response) => {
      const image = /^\/v2\/library\/(\w+)\/manifests/.exec(request.url ?? "")?.[1];
      if (image !== undefined) {
        asked.add(image);
        if (asked.size === 2) release();
        await both;
      }
      response.writeHead(404).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}/library`;
    const dockerfile = `FROM ${host}/one AS one\nFROM ${host}/two AS two\nFROM ${host}/unused AS unused
      FROM scratch\nCOPY --from=one /a /a\nCOPY --from=two /b /b`;
    await assert.rejects(
      build({
        context: { kind: "empty" },
        dockerfile: { kind: "text", text: dockerfile },
        format: "oci",
        output: temporaryDirectory(),
        home,
      }),
    );
    server.close();
    assert.deepEqual([...asked].sort(), ["one", "two"]);
  });

  it("of the same content make each step once", async () => {
    const { executed } = await buildDirectory(
      makeContext({
        Dockerfile:
          "FROM scratch AS a\nCOPY f /f\nFROM scratch AS b\nCOPY f /f\nFROM scratch\nCOPY --from=a /f /a\nCOPY --from=b /f /b",
        f: "once",
      }),
      { home: temporaryDirectory() },
    );
    assert.equal(executed.filter((name) => name.endsWith("COPY f /f")).length, 2);
  });
});
