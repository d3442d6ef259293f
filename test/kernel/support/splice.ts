import { readUnsigned, unsigned } from "../../../scripts/runtimes/wasm/leb128.ts";
import { readModule, SECTION, withSection, writeModule } from "../../../scripts/runtimes/wasm/module.ts";
import type { Encoded } from "./image.ts";

/** Puts a ROM and an index in place of the placeholders, which must each be there once, as passive segments. */
export function spliceImage(template: Uint8Array, image: Encoded): Uint8Array {
  return writeModule(
    withSection(readModule(template), SECTION.data, (body) =>
      replace(replace(Buffer.from(body), "ROM-PLACEHOLDER!", image.rom), "IDX-PLACEHOLDER!", image.index),
    ),
  );
}

function replace(body: Buffer, placeholder: string, bytes: Uint8Array): Buffer {
  const at = body.indexOf(placeholder);
  const isPassive = body[at - 2] === 1 && readUnsigned(body, at - 1).value === placeholder.length;
  if (at < 0 || !isPassive || body.includes(placeholder, at + 1)) throw new Error(`no single ${placeholder}`);
  const rest = body.subarray(at + placeholder.length);
  return Buffer.concat([body.subarray(0, at - 1), unsigned(bytes.length), bytes, rest]);
}
