import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BuildOptions } from "../../src/build/index.ts";
import { type Built, buildImage, type Files, failsWith, temporaryDirectory } from "./support.ts";

/** What the RUN steps of a Dockerfile print, and the paths that are new below /out. */
async function runSteps(
  steps: string,
  files: Files = {},
  options: Partial<BuildOptions> = {},
): Promise<Built & { readonly output: string; readonly made: Readonly<Record<string, string>> }> {
  const built = await buildImage(`FROM python:3.12-slim\n${steps}`, files, options);
  const output = built.events.map((event) => (event.kind === "log" ? event.text : "")).join("");
  const made = Object.fromEntries(Object.entries(built.tree).filter(([path]) => path.startsWith("out")));
  return { ...built, output, made };
}

describe("RUN", () => {
  it("sees ENV, ARG, WORKDIR and USER, and what it changes is one layer", async () => {
    const { output, made, config } = await runSteps(
      `ENV A=env B=env\nARG B=arg\nARG C\nWORKDIR /out\nUSER 7\nRUN echo "$A $B $C $(pwd) $(id -u)"; echo made > f`,
      {},
      { buildArguments: { C: "given", http_proxy: "proxy:1" } },
    );
    assert.equal(output, "env arg given /out 7\n");
    assert.deepEqual(made, { out: "dir 755 0:0", "out/f": made["out/f"] });
    assert.match(made["out/f"] ?? "", /^file 644 7:\d+ made\n$/);
    assert.equal(
      config.history.at(-1)?.created_by,
      `RUN |2 B=arg C=given /bin/sh -c echo "$A $B $C $(pwd) $(id -u)"; echo made > f # buildkit`,
    );
  });

  it("heredocs, the exec form, and scripts that name their interpreter", async () => {
    const { output } = await runSteps(
      `RUN <<EOF\nset -e\necho one\nEOF\nRUN ["python", "-c", "print('two')"]\nRUN <<EOF\n#!/usr/bin/env python3\nprint("three")\nEOF\nRUN cat <<'EOF' && echo four\n$HOME\nEOF`,
    );
    assert.equal(output, "one\ntwo\nthree\n$HOME\nfour\n");
  });

  it("fails as BuildKit says it, at its line", async () => {
    await assert.rejects(
      runSteps("RUN echo out; exit 3"),
      failsWith(
        "RUN_FAILED",
        2,
        /^process "\/bin\/sh -c echo out; exit 3" did not complete successfully: exit code: 3$/,
      ),
    );
    await assert.rejects(runSteps("ENV A=1\nRUN apt-get install x"), failsWith("COMMAND_NOT_FOUND", 3));
  });

  it("a proxy argument is neither in the key nor in the image", async () => {
    const home = temporaryDirectory();
    const steps = "RUN echo $HTTP_PROXY";
    const first = await runSteps(steps, {}, { home, buildArguments: { HTTP_PROXY: "one" } });
    const second = await runSteps(steps, {}, { home, buildArguments: { HTTP_PROXY: "two" } });
    assert.equal(first.output, "one\n");
    assert.equal(second.output, "");
    assert.equal(second.digest, first.digest);
  });

  it("is executed again when an argument that it sees changes", async () => {
    const home = temporaryDirectory();
    const steps = "ARG V\nRUN echo $V";
    const first = await runSteps(steps, {}, { home, buildArguments: { V: "1" } });
    const same = await runSteps(steps, {}, { home, buildArguments: { V: "1" } });
    const other = await runSteps(steps, {}, { home, buildArguments: { V: "2" } });
    assert.deepEqual([first.output, same.output, other.output], ["1\n", "", "2\n"]);
  });
});

describe("RUN --mount", () => {
  it("bind: a directory and a file of the context, and a stage; nothing of them reaches the layer", async () => {
    const dockerfile = `FROM scratch AS data\nCOPY d /d\nFROM python:3.12-slim
RUN --mount=target=/ctx --mount=source=f,target=/file --mount=from=data,source=d,target=/data cat /ctx/f /file /data/x`;
    const { events, tree } = await buildImage(dockerfile, { f: "f\n", "d/x": "x\n" });
    const output = events.map((event) => (event.kind === "log" ? event.text : "")).join("");
    assert.equal(output, "f\nf\nx\n");
    assert.deepEqual(
      ["ctx", "file", "data"].map((path) => tree[path]),
      [undefined, undefined, undefined],
    );
  });

  it("bind: a change of what is bound executes the step again", async () => {
    const home = temporaryDirectory();
    const steps = "RUN --mount=source=f,target=/f cat /f";
    const outputs: string[] = [];
    for (const f of ["1", "1", "2"])
      outputs.push((await runSteps(steps, { f, other: outputs.join() }, { home })).output);
    assert.deepEqual(outputs, ["1", "", "2"]);
  });

  it("cache: outlives the build", async () => {
    const home = temporaryDirectory();
    const step = (text: string) =>
      `RUN --mount=type=cache,target=/c cat /c/* 2>/dev/null; echo ${text} >> /c/log`;
    const outputs: string[] = [];
    for (const text of ["a", "b", "c"]) outputs.push((await runSteps(step(text), {}, { home })).output);
    assert.deepEqual(outputs, ["", "a\n", "a\nb\n"]);
  });

  it("secret: as a file and as a variable, in no layer and no key", async () => {
    const home = temporaryDirectory();
    const steps = "RUN --mount=type=secret,id=s --mount=type=secret,id=t,env=T cat /run/secrets/s; echo $T";
    const secrets = (s: string) => [
      { id: "s", kind: "bytes", bytes: Buffer.from(s) } as const,
      { id: "t", kind: "bytes", bytes: Buffer.from("t") } as const,
    ];
    const first = await runSteps(steps, {}, { home, secrets: secrets("s") });
    assert.equal(first.output, "st\n");
    assert.equal(JSON.stringify(first.tree).includes("run/secrets"), false);
    assert.equal((await runSteps(steps, {}, { home, secrets: secrets("other") })).output, "");
  });

  it("secret: missing is an error only where it is required", async () => {
    const { output } = await runSteps("RUN --mount=type=secret,id=s ls /run/secrets 2>/dev/null; echo ok");
    assert.equal(output, "ok\n");
    await assert.rejects(
      runSteps("RUN --mount=type=secret,id=s,required true"),
      failsWith("SECRET_NOT_FOUND", 2),
    );
  });

  it("tmpfs: is empty, and leaves nothing", async () => {
    const { output, made } = await runSteps(
      "RUN mkdir /out && touch /out/f\nRUN --mount=type=tmpfs,target=/out ls /out; touch /out/g",
    );
    assert.equal(output, "");
    assert.deepEqual(Object.keys(made), ["out", "out/f"]);
  });

  it("what is not implemented is an error at its line", async () => {
    for (const flag of ["--mount=type=ssh", "--security=insecure", "--device=x"]) {
      await assert.rejects(runSteps(`RUN ${flag} true`), failsWith("NOT_IMPLEMENTED", 2));
    }
  });
});
