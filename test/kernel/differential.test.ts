import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { wasmEngine } from "../../scripts/runtimes/wasm/engine.ts";
import { encodeImage, type TestNode } from "./support/image.ts";
import { startModule, testTemplate } from "./support/kernel.ts";
import { type Operation, operations } from "./support/operations.ts";
import { spliceImage } from "./support/splice.ts";
import { execProgram } from "./support/start.ts";
import { KernelWorld, LinuxWorld, listing } from "./support/worlds.ts";

const BIG = "0123456789abcdef".repeat(6000);
const TREE: Readonly<Record<string, TestNode>> = {
  file: { file: "some text\n" },
  big: { file: BIG },
  dir: { dir: { a: { file: "in dir" }, sub: { dir: { b: { file: "deeper" } } }, c: { dir: {} } } },
  link: { link: "dir" },
  loop: { link: "loop" },
  dangling: { link: "dir/missing" },
  c: { hardLink: "/x1/x2/x3/file" },
};

function makeReal(directory: string, tree: Readonly<Record<string, TestNode>>): void {
  for (const [name, node] of Object.entries(tree)) {
    const path = join(directory, name);
    if ("dir" in node) {
      fs.mkdirSync(path);
      makeReal(path, node.dir);
    } else if ("link" in node) fs.symlinkSync(node.link, path);
    else if ("file" in node) fs.writeFileSync(path, node.file);
    else if ("hardLink" in node) fs.linkSync(join(directory, "file"), path);
  }
}

async function compileModule(memories: "two" | "one"): Promise<object> {
  const image = encodeImage({
    root: {
      x1: { dir: { x2: { dir: { x3: { dir: TREE } } } } },
      guest: { file: "", mode: 0o755, role: 1 },
    },
    start: execProgram("/guest"),
  });
  return new wasmEngine.Module(spliceImage(await testTemplate(memories), image));
}

function compare(module: object, sequence: readonly Operation[]): void {
  const temporary = fs.mkdtempSync(join(tmpdir(), "boxwright-differential-"));
  const directory = join(temporary, "x1/x2/x3");
  fs.mkdirSync(directory, { recursive: true });
  makeReal(directory, TREE);
  const linux = new LinuxWorld(directory);
  const kernel = new KernelWorld(startModule(module).kernel, "x1/x2/x3");
  try {
    for (const operation of sequence) {
      assert.deepEqual(kernel.perform(operation), linux.perform(operation), JSON.stringify(operation));
    }
    assert.deepEqual(listing(kernel), listing(linux));
  } finally {
    linux.closeAll();
    fs.rmSync(temporary, { recursive: true });
  }
}

describe("random operations give what a Linux directory gives", () => {
  for (const [memories, numRuns] of [
    ["two", 300],
    ["one", 40],
  ] as const) {
    test(`with ${memories === "two" ? "two memories" : "one memory"}`, async () => {
      const module = await compileModule(memories);
      fc.assert(
        fc.property(operations, (sequence) => compare(module, sequence)),
        { numRuns, seed: 20240501 },
      );
    });
  }
});
