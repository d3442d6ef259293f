import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { inspectWasm, readMetadata } from "../../src/component/index.ts";
import { BoxwrightError } from "../../src/errors/index.ts";
import { asComponent, assemble, lebOf, SEGMENTS } from "./support/template.ts";

const directory = mkdtempSync(join(tmpdir(), "boxwright-inspect-"));
after(() => rmSync(directory, { recursive: true }));

const module = assemble(
  directory,
  "module",
  `(module
     (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
     (import "env" "table" (table 1 2 funcref))
     (import "env" "limit" (global i64))
     (memory (export "memory") 1) (memory $other 1 2) ${SEGMENTS}
     (export "other" (memory $other))
     (func (export "_start") (call $exit (i32.const 0))))`,
);

function write(bytes: Uint8Array): string {
  const file = join(directory, "file.wasm");
  writeFileSync(file, bytes);
  return file;
}

function text(value: string): Buffer {
  return Buffer.concat([lebOf(Buffer.byteLength(value)), Buffer.from(value)]);
}

function section(id: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([id]), lebOf(body.length), body]);
}

const component = Buffer.concat([
  asComponent(module),
  section(
    10,
    lebOf(2),
    Buffer.of(0),
    text("wasi:io/poll@0.2.0"),
    Buffer.of(5, 0),
    Buffer.of(0),
    text("f"),
    Buffer.of(1, 0),
  ),
  section(11, lebOf(1), Buffer.of(0), text("wasi:cli/run@0.2.0"), Buffer.of(5, 3, 0)),
  section(4, asComponent(module)),
  section(0, text("boxwright"), Buffer.from("{}")),
]);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof BoxwrightError, String(error));
    return error.code;
  }
  return "none";
}

describe("inspecting a .wasm file", () => {
  it("lists a module's imports and exports", () => {
    const found = inspectWasm(write(module));
    assert.equal(found.format, "module");
    assert.deepEqual(found.modules[0]?.imports, [
      { module: "env", name: "table", kind: "table" },
      { module: "env", name: "limit", kind: "global" },
      { module: "wasi:cli/exit@0.2.0", name: "exit", kind: "function" },
    ]);
    assert.deepEqual(found.modules[0]?.exports.map(({ name, kind }) => `${kind} ${name}`).sort(), [
      "function _start",
      "memory memory",
      "memory other",
    ]);
  });

  it("finds a component's interfaces, sections and all its core modules", () => {
    const found = inspectWasm(write(component));
    assert.equal(found.format, "component");
    assert.deepEqual(found.imports, [
      { name: "wasi:io/poll@0.2.0", kind: "instance" },
      { name: "f", kind: "function" },
    ]);
    assert.deepEqual(found.exports, [{ name: "wasi:cli/run@0.2.0", kind: "instance" }]);
    assert.deepEqual(
      found.customSections.map(({ name }) => name),
      ["name", "boxwright"],
    );
    assert.equal(found.modules.length, 2);
    for (const { offset, size } of found.modules) {
      assert.deepEqual(component.subarray(offset, offset + size), module);
    }
  });

  it("names what is wrong with a file that is none", () => {
    assert.equal(
      codeOf(() => inspectWasm(join(directory, "absent"))),
      "WASM_UNREADABLE",
    );
    assert.equal(
      codeOf(() => inspectWasm(directory)),
      "WASM_UNREADABLE",
    );
    assert.equal(
      codeOf(() => inspectWasm(write(Buffer.from("")))),
      "WASM_NOT_WASM",
    );
    assert.equal(
      codeOf(() => inspectWasm(write(Buffer.from("#!/bin/sh\necho hello\n")))),
      "WASM_NOT_WASM",
    );
    assert.equal(
      codeOf(() => inspectWasm(write(module.subarray(0, module.length - 5)))),
      "WASM_MALFORMED",
    );
    assert.equal(
      codeOf(() => readMetadata(write(component))),
      "METADATA_INVALID",
    );
  });

  it("does not believe sizes and counts", () => {
    const header = module.subarray(0, 8);
    const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert.equal(
      codeOf(() => inspectWasm(write(Buffer.concat([header, Buffer.of(2), huge])))),
      "WASM_MALFORMED",
    );
    assert.equal(
      codeOf(() => inspectWasm(write(Buffer.concat([header, section(2, huge)])))),
      "WASM_MALFORMED",
    );
    assert.equal(
      codeOf(() => inspectWasm(write(Buffer.concat([header, section(0, huge)])))),
      "WASM_MALFORMED",
    );
    const many = Buffer.concat([header, ...Array.from({ length: 30_000 }, () => section(0, text("a")))]);
    assert.equal(
      codeOf(() => inspectWasm(write(many))),
      "WASM_MALFORMED",
    );
    let nested = component;
    for (let depth = 0; depth < 40; depth++)
      nested = Buffer.concat([component.subarray(0, 8), section(4, nested)]);
    assert.equal(
      codeOf(() => inspectWasm(write(nested))),
      "WASM_MALFORMED",
    );
  });

  it("answers any damage with a coded error or an outline", () => {
    const damage = fc.array(fc.tuple(fc.nat(component.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 6,
    });
    const cut = fc.nat(component.length);
    fc.assert(
      fc.property(damage, fc.option(cut, { nil: component.length }), (changes, length) => {
        const bytes = Buffer.from(component);
        for (const [at, value] of changes) bytes[at] = value;
        const file = write(bytes.subarray(0, length));
        for (const read of [inspectWasm, readMetadata]) {
          assert.match(
            codeOf(() => read(file)),
            /^(none|WASM_|METADATA_)/,
          );
        }
      }),
      { numRuns: 3000, seed: 5 },
    );
  });
});
