import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ImageSettings } from "../../src/image/types.ts";
import { buildImage, failsWith } from "./support.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Settings besides `Env: [PATH]` and `WorkingDir: "/"`. */
const cases: readonly (readonly [name: string, dockerfile: string, settings: Partial<ImageSettings>])[] = [
  ["PATH is always set", "FROM scratch", {}],
  ["ENV adds and replaces in place", "FROM scratch\nENV A=1 B=2\nENV A=3", { Env: [PATH, "A=3", "B=2"] }],
  [
    "one ENV line sees the values from before it",
    "FROM scratch\nENV A=1\nENV A=2 B=$A",
    { Env: [PATH, "A=2", "B=1"] },
  ],
  ["ENV expands PATH", "FROM scratch\nENV PATH=/x:$PATH", { Env: [`PATH=/x:${PATH.slice(5)}`] }],
  [
    "quotes and blanks in ENV",
    `FROM scratch\nENV A="x y" B='$A' C=x\\ y`,
    { Env: [PATH, "A=x y", "B=$A", "C=x y"] },
  ],
  [
    "ARG after ENV of one name leaves the image's value",
    "FROM scratch\nENV A=env\nARG A=arg\nENV B=$A",
    { Env: [PATH, "A=env", "B=arg"] },
  ],
  ["ENV after ARG wins", "FROM scratch\nARG A=arg\nENV A=env\nENV B=$A", { Env: [PATH, "A=env", "B=env"] }],
  [
    "pairs of one ARG line expand one after another",
    "FROM scratch\nARG A=1 B=${A}2\nENV C=$B",
    { Env: [PATH, "C=12"] },
  ],
  [
    "a global ARG is invisible until redeclared",
    "ARG A=g\nFROM scratch\nENV B=x$A\nARG A\nENV C=$A",
    { Env: [PATH, "B=x", "C=g"] },
  ],
  [
    "a default in the stage beats the global ARG",
    "ARG A=g\nFROM scratch\nARG A=l\nENV C=$A",
    { Env: [PATH, "C=l"] },
  ],
  [
    "child stages inherit ARG and ENV",
    "FROM scratch AS a\nARG A=1\nENV B=2\nFROM a\nENV C=$A$B",
    { Env: [PATH, "B=2", "C=12"] },
  ],
  [
    "platform arguments need an ARG",
    "FROM scratch\nENV A=x$TARGETARCH\nARG TARGETARCH TARGETPLATFORM\nENV B=$TARGETARCH C=$TARGETPLATFORM",
    { Env: [PATH, "A=x", "B=amd64", "C=linux/amd64"] },
  ],
  [
    "ENTRYPOINT clears an inherited CMD",
    `FROM scratch AS a\nCMD ["c"]\nFROM a\nENTRYPOINT ["e"]`,
    { Entrypoint: ["e"], ArgsEscaped: true },
  ],
  [
    "ENTRYPOINT keeps a CMD of its own stage",
    `FROM scratch\nCMD ["c"]\nENTRYPOINT ["e"]`,
    { Cmd: ["c"], Entrypoint: ["e"], ArgsEscaped: true },
  ],
  ["CMD [] resets", `FROM scratch AS a\nCMD ["c"]\nFROM a\nCMD []`, { Cmd: [], ArgsEscaped: true }],
  [
    "the shell form goes through /bin/sh",
    "FROM scratch\nCMD echo $HOME",
    { Cmd: ["/bin/sh", "-c", "echo $HOME"], ArgsEscaped: true },
  ],
  [
    "SHELL changes the shell form",
    `FROM scratch\nSHELL ["/bin/bash", "-ec"]\nENTRYPOINT run it`,
    { Shell: ["/bin/bash", "-ec"], Entrypoint: ["/bin/bash", "-ec", "run it"] },
  ],
  ["the last CMD wins", `FROM scratch\nCMD ["a"]\nCMD ["b"]`, { Cmd: ["b"], ArgsEscaped: true }],
  [
    "EXPOSE expands variables and ranges",
    "FROM scratch\nARG P=80\nEXPOSE $P 90-92/udp 80/tcp",
    { ExposedPorts: { "80/tcp": {}, "90/udp": {}, "91/udp": {}, "92/udp": {} } },
  ],
  [
    "labels merge, later ones win",
    `FROM scratch\nLABEL a=1 b="x y"\nLABEL a=2`,
    { Labels: { a: "2", b: "x y" } },
  ],
  [
    "USER, STOPSIGNAL and VOLUME expand",
    `FROM scratch\nENV U=me S=TERM V=/v\nUSER $U:$U\nSTOPSIGNAL SIG$S\nVOLUME $V /w`,
    {
      Env: [PATH, "U=me", "S=TERM", "V=/v"],
      User: "me:me",
      StopSignal: "SIGTERM",
      Volumes: { "/v": {}, "/w": {} },
    },
  ],
  [
    "relative WORKDIRs chain",
    "FROM scratch\nENV D=c\nWORKDIR /a\nWORKDIR b\nWORKDIR $D/../d",
    { Env: [PATH, "D=c"], WorkingDir: "/a/b/d" },
  ],
  [
    "HEALTHCHECK",
    "FROM scratch\nHEALTHCHECK --interval=5s --retries=3 CMD check it",
    { Healthcheck: { Test: ["CMD-SHELL", "check it"], Interval: 5e9, Retries: 3 } },
  ],
  ["HEALTHCHECK NONE", "FROM scratch\nHEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
  ["ONBUILD is kept as text", "FROM scratch\nONBUILD ENV A=$B", { OnBuild: ["ENV A=$B"] }],
  [
    "ONBUILD runs first in the direct child only",
    "FROM scratch AS a\nONBUILD ENV A=1\nFROM a AS b\nENV B=$A\nFROM b",
    { Env: [PATH, "A=1", "B=1"] },
  ],
];

describe("the image's configuration", () => {
  for (const [name, dockerfile, settings] of cases) {
    it(name, async () => {
      const { config } = await buildImage(dockerfile);
      assert.deepEqual(config.config, { Env: [PATH], WorkingDir: "/", ...settings });
    });
  }

  it("records a history in BuildKit's words, and which entries have a layer", async () => {
    const { config } = await buildImage(
      `FROM scratch\nARG V=1\nENV A=$V\nWORKDIR /w\nCOPY f .\nCMD ["x", "y"]\nUSER me`,
      { f: "" },
    );
    assert.deepEqual(
      config.history.map((entry) => [entry.created_by, entry.empty_layer === true]),
      [
        ["ENV A=1", true],
        ["WORKDIR /w", false],
        ["COPY f . # buildkit", false],
        ['CMD ["x" "y"]', true],
        ["USER me", true],
      ],
    );
    assert.equal(config.rootfs.diff_ids.length, 2);
    assert.equal(config.created, "2000-01-01T00:00:00Z");
  });

  it("MAINTAINER becomes the author", async () => {
    const { config } = await buildImage("FROM scratch\nMAINTAINER Me <me@example.com>");
    assert.equal(config.author, "Me <me@example.com>");
  });

  it("build arguments win over defaults, in the global scope and in stages", async () => {
    const { config } = await buildImage(
      "ARG S=none\nFROM scratch AS other\nFROM ${S}\nARG V=1\nENV V=$V",
      {},
      {
        buildArguments: { S: "other", V: "2" },
      },
    );
    assert.deepEqual(config.config.Env, [PATH, "V=2"]);
  });

  it("labels of the command line win", async () => {
    const { config } = await buildImage("FROM scratch\nLABEL a=1 b=2", {}, { labels: { a: "x" } });
    assert.deepEqual(config.config.Labels, { a: "x", b: "2" });
  });

  it("--platform sets the arguments and the image's platform", async () => {
    const { config } = await buildImage(
      "FROM scratch\nARG TARGETPLATFORM TARGETVARIANT\nENV P=$TARGETPLATFORM V=$TARGETVARIANT",
      {},
      {
        platform: "linux/arm/v6",
        format: "oci",
      },
    );
    assert.deepEqual([config.os, config.architecture, config.variant], ["linux", "arm", "v6"]);
    assert.deepEqual(config.config.Env, [PATH, "P=linux/arm/v6", "V=v6"]);
  });
});

describe("faults", () => {
  const faults: readonly (readonly [name: string, dockerfile: string, code: string, line: number])[] = [
    ["an empty base name", "ARG B\nFROM $B", "BASE_NAME_EMPTY", 2],
    ["a required variable", 'FROM scratch\nARG A\nENV B="${A:?must be set}"', "VARIABLE_REQUIRED", 3],
    ["a faulty port", "FROM scratch\nEXPOSE 99999", "INVALID_PORT", 2],
    ["an unknown signal", "FROM scratch\nSTOPSIGNAL NOPE", "INVALID_SIGNAL", 2],
    ["a missing source", "FROM scratch\nENV A=1\nCOPY nope /", "SOURCE_NOT_FOUND", 3],
    ["a variable in --from", "FROM scratch\nCOPY --from=$X a /", "FROM_VARIABLE", 2],
    [
      "a stage that comes later",
      "FROM scratch AS a\nCOPY --from=b x /\nFROM scratch AS b",
      "STAGE_NOT_DEFINED_YET",
      2,
    ],
    ["an unknown owner", "FROM scratch\nCOPY --chown=who f /", "OWNER_NOT_FOUND", 2],
    ["RUN without a runtime", "FROM scratch\nRUN true", "RUN_UNSUPPORTED_BASE", 2],
  ];
  for (const [name, dockerfile, code, line] of faults) {
    it(`${name}: ${code}`, async () => {
      const target = dockerfile.includes("AS b") ? { target: "a" } : {};
      await assert.rejects(buildImage(dockerfile, { f: "" }, target), failsWith(code, line));
    });
  }

  it("an unknown target names the stages", async () => {
    await assert.rejects(buildImage("FROM scratch AS a", {}, { target: "b" }), failsWith("TARGET_NOT_FOUND"));
  });

  it("an image without a runtime cannot become a component", async () => {
    await assert.rejects(buildImage("FROM scratch", {}, { format: "component" }), failsWith("NO_RUNTIME"));
  });
});
