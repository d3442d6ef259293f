import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import { encodeImageConfig, parseImageConfig } from "../../src/image/index.ts";
import { bytes } from "./support.ts";

const digest = `sha256:${"a".repeat(64)}`;
const smallest = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } };
const parse = (document: unknown) => parseImageConfig(bytes(JSON.stringify(document)));

test("all that Docker writes is kept, and null counts as missing", () => {
  const config = {
    User: "app",
    ExposedPorts: { "80/tcp": {} },
    Env: ["A=b"],
    Entrypoint: ["/x"],
    Cmd: [],
    Volumes: { "/data": {} },
    WorkingDir: "/w",
    Labels: { a: "b" },
    StopSignal: "SIGTERM",
    Shell: ["/bin/bash", "-c"],
    Healthcheck: { Test: ["CMD", "true"], Interval: 1e9, Retries: 3 },
    OnBuild: ["RUN x"],
    ArgsEscaped: true,
  };
  const history = [{ created: "2020-01-01T00:00:00Z", created_by: "x", empty_layer: true }];
  const full = { ...smallest, created: "2020-01-01T00:00:00Z", author: "me", variant: "v2", config, history };
  const parsed = parse({ ...full, rootfs: { type: "layers", diff_ids: [digest] }, docker_version: "20" });
  assert.deepEqual(parsed, { ...full, rootfs: { type: "layers", diff_ids: [digest] } });
  assert.deepEqual(parseImageConfig(encodeImageConfig(parsed)), parsed);
  const empty = parse({ ...smallest, config: { Cmd: null, Labels: null, Volumes: null }, history: null });
  assert.deepEqual(empty, { ...smallest, config: {}, history: [] });
  assert.deepEqual(parse({ ...smallest, config: null }).config, {});
});

test("the order of keys does not reach the bytes", () => {
  const one = parse({ ...smallest, config: { Labels: { a: "1", b: "2" }, Env: ["x"], User: "u" } });
  const other = parse({ config: { User: "u", Env: ["x"], Labels: { b: "2", a: "1" } }, ...smallest });
  assert.deepEqual(encodeImageConfig(one), encodeImageConfig(other));
});

test("a label may have any name", () => {
  const document = `{"architecture":"a","os":"b","rootfs":{"type":"layers"},"config":{"Labels":{"__proto__":"x"}}}`;
  const { Labels } = parseImageConfig(bytes(document)).config;
  assert.deepEqual(Object.entries(Labels ?? {}), [["__proto__", "x"]]);
});

test("what is of another type is an error that names it", () => {
  const bad: readonly (readonly [name: string, document: unknown])[] = [
    ["config", []],
    ["architecture", { ...smallest, architecture: 1 }],
    ["os", { ...smallest, os: null }],
    ["rootfs", { ...smallest, rootfs: undefined }],
    ["type", { ...smallest, rootfs: { type: "other" } }],
    ["diff_ids", { ...smallest, rootfs: { type: "layers", diff_ids: ["sha256:.."] } }],
    ["layers", { ...smallest, rootfs: { type: "layers", diff_ids: Array(2000).fill(digest) } }],
    ["Env", { ...smallest, config: { Env: [1] } }],
    ["Cmd", { ...smallest, config: { Cmd: "x" } }],
    ["Labels", { ...smallest, config: { Labels: ["x"] } }],
    ["Retries", { ...smallest, config: { Healthcheck: { Retries: 0.5 } } }],
    ["history", { ...smallest, history: [1] }],
  ];
  for (const [name, document] of bad) {
    assert.throws(
      () => parse(document),
      (error: unknown) =>
        error instanceof BoxwrightError &&
        error.code === "IMAGE_INVALID_CONFIG" &&
        error.message.includes(name),
      name,
    );
  }
});

test("any JSON is a configuration or an error with a code", () => {
  const document = fc.record(
    {
      architecture: fc.constant("a"),
      os: fc.constant("b"),
      rootfs: fc.constant(smallest.rootfs),
      config: fc.jsonValue(),
      history: fc.jsonValue(),
    },
    { requiredKeys: ["architecture", "os", "rootfs"] },
  );
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), (value) => {
      try {
        encodeImageConfig(parse(value));
      } catch (error) {
        assert.ok(error instanceof BoxwrightError, String(error));
      }
    }),
    { numRuns: 1000, seed: 7 },
  );
});
