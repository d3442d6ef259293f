import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import { findRuntime, listRuntimes, loadRuntime, runtimeFile } from "../../src/runtimes/index.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

const place = { sizeOffset: 10, dataOffset: 11, size: 16 };
const manifest = {
  name: "snake",
  version: "3.12.0",
  license: "MIT",
  kernelVersion: "1",
  claims: [
    { repository: "snake", tag: "3\\.12(-.+)?", match: "exact" },
    { repository: "snake", tag: "3(\\..+)?|latest", match: "substitute" },
  ],
  guestPaths: ["/usr/bin/snake"],
  envPaths: ["/usr/bin/env"],
  base: { file: "base.tar", diffId: DIGEST, size: 1024, settings: { Env: ["A=b"], Cmd: ["snake"] } },
  guest: { file: "guest.wasm", sha256: DIGEST, functions: { chdir: "boxwright_chdir" } },
  templates: [
    {
      file: "component.wasm",
      sha256: DIGEST,
      format: "component",
      port: "wasip2",
      rom: place,
      index: place,
      enclosing: [{ sizeOffset: 1, sizeLength: 3, size: 99 }],
      imports: ["wasi:cli/exit@0.2.0"],
      exports: ["wasi:cli/run@0.2.0"],
    },
  ],
};

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "boxwright-runtimes-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function install(name: string, content: unknown): void {
  mkdirSync(join(directory, name));
  writeFileSync(
    join(directory, name, "manifest.json"),
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

const failsWith = (code: string) => (error: unknown) =>
  error instanceof BoxwrightError && error.code === code;

describe("runtimes", () => {
  it("are listed by name, each with its manifest", async () => {
    install("snake", manifest);
    install("adder", { ...manifest, name: "adder" });
    writeFileSync(join(directory, "notes.txt"), "");
    const found = await listRuntimes(directory);
    assert.deepEqual(
      found.map((runtime) => runtime.manifest.name),
      ["adder", "snake"],
    );
    assert.deepEqual(found[1]?.manifest, manifest);
    assert.equal(runtimeFile(found[1]!, "base.tar"), join(directory, "snake", "base.tar"));
  });

  it("are loaded by name, and an unknown name is an error", async () => {
    install("snake", manifest);
    assert.equal((await loadRuntime("snake", directory)).directory, join(directory, "snake"));
    await assert.rejects(loadRuntime("../snake", directory), failsWith("RUNTIME_UNKNOWN"));
    await assert.rejects(loadRuntime("lizard", directory), failsWith("RUNTIME_UNKNOWN"));
  });

  it("that were never built are an error", async () => {
    await assert.rejects(listRuntimes(join(directory, "nowhere")), failsWith("RUNTIMES_NOT_BUILT"));
  });

  for (const [reference, match] of [
    ["snake:3.12", "exact"],
    ["snake:3.12-slim", "exact"],
    ["docker.io/library/snake:3.12", "exact"],
    ["index.docker.io/library/snake:3.12", "exact"],
    ["library/snake:3.12", "exact"],
    ["snake", "substitute"],
    ["snake:3.11", "substitute"],
    [`snake:3.12@${DIGEST}`, "substitute"],
  ] as const) {
    it(`stand in for ${reference}: ${match}`, async () => {
      install("snake", manifest);
      const found = await findRuntime(reference, directory);
      assert.equal(found?.match, match);
      assert.equal(found?.runtime.manifest.name, "snake");
    });
  }

  for (const reference of [
    "snake:2.7",
    "snakes:3.12",
    "acme/snake:3.12",
    "ghcr.io/library/snake:3.12",
    "localhost:5000/snake:3.12",
    `snake@${DIGEST}`,
    "snake:x3.12",
    "",
    ":",
    "@",
  ]) {
    it(`do not stand in for ${JSON.stringify(reference)}`, async () => {
      install("snake", manifest);
      assert.equal(await findRuntime(reference, directory), undefined);
    });
  }

  it("are not found by arbitrary text, and nothing is thrown", async () => {
    install("snake", manifest);
    await fc.assert(
      fc.asyncProperty(fc.string(), async (reference) => {
        const found = await findRuntime(`x${reference}`, directory);
        assert.equal(found, undefined);
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});

describe("a damaged manifest", () => {
  for (const [what, content] of [
    ["that is no JSON", "{"],
    ["of another runtime", { ...manifest, name: "lizard" }],
    [
      "with a file outside its directory",
      { ...manifest, guest: { ...manifest.guest, file: "../guest.wasm" } },
    ],
    [
      "with a claim that is no regular expression",
      { ...manifest, claims: [{ ...manifest.claims[0], tag: "(" }] },
    ],
    ["with a short digest", { ...manifest, base: { ...manifest.base, diffId: "sha256:00" } }],
    ["with a relative guest path", { ...manifest, guestPaths: ["usr/bin/snake"] }],
    ["that is too large", JSON.stringify({ ...manifest, license: "x".repeat(2 ** 20) })],
  ] as const) {
    it(`${what} is refused`, async () => {
      install("snake", content);
      await assert.rejects(listRuntimes(directory), failsWith("RUNTIME_DAMAGED"));
    });
  }

  it("is refused whichever field is missing or of another type", async () => {
    install("snake", manifest);
    const paths = fieldsOf(manifest);
    for (const path of paths) {
      for (const replacement of [undefined, [-1.5], -1.5]) {
        const broken = structuredClone(manifest) as unknown;
        const optional =
          (path[1] === "settings" && path.length === 3) || (path[1] === "functions" && path.length === 3);
        if (optional && replacement === undefined) continue;
        replace(broken, path, replacement);
        writeFileSync(join(directory, "snake", "manifest.json"), JSON.stringify(broken));
        await assert.rejects(
          listRuntimes(directory),
          failsWith("RUNTIME_DAMAGED"),
          `${path.join(".")} = ${JSON.stringify(replacement)}`,
        );
      }
    }
  });

  it("that cannot be read is refused", async () => {
    mkdirSync(join(directory, "snake"));
    await assert.rejects(listRuntimes(directory), failsWith("RUNTIME_DAMAGED"));
  });
});

type Path = readonly (string | number)[];

function fieldsOf(value: unknown, prefix: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [prefix];
  const inner = Object.entries(value).flatMap(([key, element]) =>
    fieldsOf(element, [...prefix, Array.isArray(value) ? Number(key) : key]),
  );
  // An element that is taken out of a list leaves a shorter list, which is no fault: only its own fields are tried.
  return prefix.length === 0 || typeof prefix.at(-1) === "number" ? inner : [prefix, ...inner];
}

function replace(root: unknown, path: Path, replacement: unknown): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], root);
  (parent as Record<string, unknown>)[path.at(-1) as string] = replacement;
}
