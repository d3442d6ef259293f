import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { wasmEngine } from "../../scripts/runtimes/wasm/engine.ts";
import { readUnsigned, signed, unsigned } from "../../scripts/runtimes/wasm/leb128.ts";
import { encodeMemory } from "../../scripts/runtimes/wasm/memory-image.ts";
import { readModule, SECTION, writeModule } from "../../scripts/runtimes/wasm/module.ts";
import { findPlaceholders } from "../../scripts/runtimes/wasm/placeholders.ts";

const utf8 = (text: string) => Buffer.from(text, "utf8");
const name = (text: string) => Buffer.concat([unsigned(text.length), utf8(text)]);

describe("LEB128", () => {
  it("reads what it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        const bytes = unsigned(value);
        assert.deepEqual(readUnsigned(bytes, 0), { value, next: bytes.length });
      }),
      { seed: 1 },
    );
  });

  it("writes the constants that the engine reads", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const code = [0, 0x41, ...signed(value), 0x0b];
        const module = writeModule([
          { id: SECTION.type, body: Uint8Array.of(1, 0x60, 0, 1, 0x7f) },
          { id: SECTION.function, body: Uint8Array.of(1, 0) },
          { id: SECTION.export, body: Buffer.concat([Uint8Array.of(1), name("f"), Uint8Array.of(0, 0)]) },
          { id: SECTION.code, body: Uint8Array.from([1, code.length, ...code]) },
        ]);
        const { exports } = new wasmEngine.Instance(new wasmEngine.Module(module), {});
        assert.equal((exports["f"] as () => number)(), value);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it("refuses a number that does not end", () => {
    assert.throws(() => readUnsigned(Uint8Array.of(0x80, 0x80), 0), RangeError);
    assert.throws(() => readUnsigned(new Uint8Array(9).fill(0xff), 0), RangeError);
  });
});

describe("a memory image", () => {
  it("gives the memory that it was made from, whatever the gap", () => {
    const sparse = fc.array(fc.tuple(fc.nat(65535), fc.uint8Array({ maxLength: 40 })), { maxLength: 20 });
    fc.assert(
      fc.property(sparse, fc.nat(300), (pieces, gap) => {
        const memory = new Uint8Array(65536);
        for (const [at, bytes] of pieces) memory.set(bytes.subarray(0, 65536 - at), at);
        const module = writeModule([
          { id: SECTION.memory, body: Uint8Array.of(1, 0, 1) },
          { id: SECTION.export, body: Buffer.concat([Uint8Array.of(1), name("m"), Uint8Array.of(2, 0)]) },
          { id: SECTION.data, body: encodeMemory(memory, gap) },
        ]);
        const { exports } = new wasmEngine.Instance(new wasmEngine.Module(module), {});
        const made = new Uint8Array((exports["m"] as { buffer: ArrayBuffer }).buffer);
        assert.ok(Buffer.from(made).equals(memory));
      }),
      { seed: 1, numRuns: 50 },
    );
  });
});

describe("a module's sections", () => {
  it("are refused where a section ends after the module", () => {
    assert.throws(() => readModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9)), RangeError);
  });

  it("are refused in what is no module", () => {
    assert.throws(() => readModule(utf8("#!/bin/sh\n")), RangeError);
  });
});

describe("placeholders", () => {
  const passive = (text: string) => Buffer.concat([Uint8Array.of(1), name(text)]);
  const template = (...segments: readonly string[]) =>
    writeModule([
      { id: SECTION.memory, body: Uint8Array.of(1, 0, 1) },
      { id: SECTION.dataCount, body: unsigned(segments.length) },
      { id: SECTION.data, body: Buffer.concat([unsigned(segments.length), ...segments.map(passive)]) },
    ]);

  it("are found with their data section", () => {
    const file = Buffer.from(template("ROM-PLACEHOLDER!", "IDX-PLACEHOLDER!"));
    const { rom, index, enclosing } = findPlaceholders(file);
    assert.equal(file.toString("latin1", rom.dataOffset, rom.dataOffset + rom.size), "ROM-PLACEHOLDER!");
    assert.equal(
      file.toString("latin1", index.dataOffset, index.dataOffset + index.size),
      "IDX-PLACEHOLDER!",
    );
    assert.equal(file[rom.sizeOffset], 16);
    const [section] = enclosing;
    assert.equal(enclosing.length, 1);
    assert.equal(section!.sizeOffset + section!.sizeLength + section!.size, file.length);
  });

  for (const [what, segments] of [
    ["missing", ["ROM-PLACEHOLDER!"]],
    ["twice", ["ROM-PLACEHOLDER!", "IDX-PLACEHOLDER!", "IDX-PLACEHOLDER!"]],
    ["in the wrong order", ["IDX-PLACEHOLDER!", "ROM-PLACEHOLDER!"]],
    ["part of a longer segment", ["ROM-PLACEHOLDER!", "IDX-PLACEHOLDER!more"]],
  ] as const) {
    it(`that are ${what} are refused`, () => {
      assert.throws(() => findPlaceholders(template(...segments)));
    });
  }
});
