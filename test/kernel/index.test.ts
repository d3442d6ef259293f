import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { wasmEngine } from "../../scripts/runtimes/wasm/engine.ts";
import { type Encoded, encodeImage } from "./support/image.ts";
import { type Started, startModule, testTemplate } from "./support/kernel.ts";
import { spliceImage } from "./support/splice.ts";
import { execProgram } from "./support/start.ts";

let template: Uint8Array;
let image: Encoded;
before(async () => {
  template = await testTemplate("two");
  image = encodeImage({
    root: {
      a: { dir: { b: { dir: { c: { file: "text" } } }, e: { file: "more" }, link: { link: "b/c" } } },
      d: { hardLink: "/a/b/c" },
      guest: { file: "", mode: 0o755, role: 1 },
      null: { device: [1, 3], mode: 0o020666 },
    },
    env: ["PATH=/", "A=1"],
    cwd: "/a",
    start: execProgram("/guest", "x"),
  });
});

function start(index: Uint8Array): Started {
  return startModule(new wasmEngine.Module(spliceImage(template, { index, rom: image.rom })));
}

function withWord(at: number, value: number): Uint8Array {
  const index = Buffer.from(image.index);
  index.writeUInt32LE(value >>> 0, at);
  return index;
}

function complaint(index: Uint8Array): string {
  const { exitCode, stderr } = start(index);
  assert.equal(exitCode, 125);
  return stderr.trim().replace("boxwright: this component is damaged: ", "");
}

describe("a damaged index is refused with what is wrong", () => {
  const HUGE = 0xfffffff0;
  const cases: readonly (readonly [number, number, string])[] = [
    [0, 0, "no index (was this template bundled?)"],
    [4, 2, "index of another version"],
    [8, 64, "index too short"],
    [12, 0, "no root directory"],
    [12, 0x10000000, "inodes out of range"],
    [16, HUGE, "inodes out of range"],
    [20, HUGE, "directory entries out of range"],
    [24, HUGE, "directory entries out of range"],
    [28, HUGE, "strings out of range"],
    [32, HUGE, "strings out of range"],
    [40, 3, "malformed environment"],
    [44, HUGE, "environment out of range"],
    [52, HUGE, "working directory out of range"],
    [56, 0, "malformed working directory"],
    [68, HUGE, "start program out of range"],
    [84, 1, "unknown flags"],
  ];
  for (const [at, value, expected] of cases) {
    test(`superblock word ${at} = ${value}`, () => assert.equal(complaint(withWord(at, value)), expected));
  }

  test("a directory that is its own descendant", () => {
    // Directory b (inode 2) is named in a (inode 1); let the entry name the root, or a itself.
    const direntsOffset = Buffer.from(image.index).readUInt32LE(24);
    for (const inode of [0, 1]) {
      const index = Buffer.from(image.index);
      for (let at = direntsOffset; at < direntsOffset + 12 * index.readUInt32LE(20); at += 12) {
        if (index.readUInt32LE(at) === 2) index.writeUInt32LE(inode, at);
      }
      assert.equal(complaint(index), "directory with a wrong parent");
    }
  });

  test("an index that is cut off ends the instance", () => {
    assert.throws(() => start(image.index.subarray(0, 200)), /out of bounds|memory access/);
  });
});

/** Looks at everything that the index describes; whatever is wrong, the kernel must not run wild. */
function explore(started: Started): void {
  const { kernel } = started;
  const walk = (path: string, depth: number): void => {
    const fd = kernel.open(path, { oflags: 2, readdir: true });
    if (fd < 0) return;
    const entries = kernel.readdir(fd);
    assert.ok(typeof entries !== "number");
    kernel.close(fd);
    for (const { name } of entries) {
      const child = `${path}/${name}`;
      if (name === "." || name === ".." || depth > 8) continue;
      kernel.stat(child, false);
      kernel.readlink(child);
      const content = kernel.readFile(child);
      if (typeof content !== "number") kernel.writeFile(child, "changed");
      walk(child, depth + 1);
    }
  };
  walk("a", 0);
  kernel.rename("a", "z");
  walk("z", 0);
}

test("any corruption is refused, or gives a file system that is sound", () => {
  const edit = fc.record({ at: fc.nat(), value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0xff)) });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      const index = Buffer.from(image.index);
      for (const { at, value } of edits) index[at % index.length] = value;
      let started: Started;
      try {
        started = start(index);
      } catch (error) {
        // The index or the ROM is shorter than it says.
        assert.match(String(error), /RuntimeError: .*(out of bounds|memory access)/);
        assert.ok(index.readUInt32LE(8) > image.index.length);
        return;
      }
      if (started.exitCode === undefined) {
        if (index.readUInt32LE(36) === image.rom.length) explore(started);
      } else if (started.exitCode !== 0) assert.match(started.stderr, /^\S+: .*\n$/s);
    }),
    { numRuns: 3000, seed: 11 },
  );
});
