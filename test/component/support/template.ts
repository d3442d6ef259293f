import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import binaryen from "binaryen";
import type { OutputFormat, Port, RuntimeManifest, TemplateManifest } from "../../../src/component/index.ts";

/** Assembles WebAssembly text, and leaves it as `<name>.wasm` in the directory. */
export function assemble(directory: string, name: string, text: string): Buffer {
  mkdirSync(directory, { recursive: true });
  const module = binaryen.parseText(text);
  module.setFeatures(
    binaryen.Features.BulkMemory | binaryen.Features.BulkMemoryOpt | binaryen.Features.MultiMemory,
  );
  const bytes = Buffer.from(module.emitBinary());
  module.dispose();
  writeFileSync(join(directory, `${name}.wasm`), bytes);
  return bytes;
}

/** The two placeholder segments of a template, for the WebAssembly text of a test. */
export const SEGMENTS = '(data $rom "ROM-PLACEHOLDER!") (data $idx "IDX-PLACEHOLDER!")';

/** A component that is nothing but a core module around which it puts a few sections. */
export function asComponent(module: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
    Buffer.from([1]),
    lebOf(module.length),
    module,
    Buffer.from([0, 5, 4, 0x6e, 0x61, 0x6d, 0x65]),
  ]);
}

export function lebOf(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** Finds the places that a recipe would record, by scanning. */
export function describeTemplate(
  bytes: Buffer,
  file: string,
  format: OutputFormat,
  port: Port,
): TemplateManifest {
  const segment = (marker: string) => {
    const dataOffset = bytes.lastIndexOf(marker);
    return { sizeOffset: dataOffset - 1, dataOffset, size: marker.length };
  };
  const rom = segment("ROM-PLACEHOLDER!");
  const index = segment("IDX-PLACEHOLDER!");
  const enclosing: { sizeOffset: number; sizeLength: number; size: number }[] = [];
  const descend = (start: number, end: number) => {
    for (let at = start + 8; at < end; ) {
      let size = 0;
      let length = 0;
      for (let byte = 128; byte >= 128; length++) {
        byte = bytes[at + 1 + length]!;
        size += (byte % 128) * 128 ** length;
      }
      const body = at + 1 + length;
      if (rom.dataOffset > body && rom.dataOffset < body + size) {
        enclosing.push({ sizeOffset: at + 1, sizeLength: length, size });
        if (bytes.subarray(body, body + 4).equals(Buffer.from("\0asm"))) descend(body, body + size);
        return;
      }
      at = body + size;
    }
  };
  descend(0, bytes.length);
  const sha256 = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
  return { file, sha256, format, port, rom, index, enclosing, imports: [], exports: [] };
}

/** A runtime with these templates, written to `directory`. */
export function writeRuntime(
  directory: string,
  templates: readonly { readonly bytes: Buffer; readonly format: OutputFormat; readonly port: Port }[],
): RuntimeManifest {
  mkdirSync(directory, { recursive: true });
  const described = templates.map(({ bytes, format, port }, number) => {
    const file = `template-${number}.wasm`;
    writeFileSync(join(directory, file), bytes);
    return describeTemplate(bytes, file, format, port);
  });
  return {
    name: "test",
    version: "1.2.3",
    license: "Apache-2.0",
    kernelVersion: "0",
    claims: [],
    guestPaths: ["/usr/bin/guest", "/opt/*/bin/guest"],
    envPaths: ["/usr/bin/env"],
    base: { file: "base.tar", diffId: `sha256:${"0".repeat(64)}`, size: 0, settings: {} },
    guest: { file: "guest.wasm", sha256: `sha256:${"0".repeat(64)}`, functions: {} },
    templates: described,
  };
}
