/** What the tests of archives share: a store, archives in chunks, entries with text as body. */
import assert from "node:assert/strict";
import { applyLayer, emptySnapshot, type Layer, lookup, readLayer } from "../../src/filesystem/index.ts";
import { temporaryStore, text } from "./support.ts";
import type { Fields } from "./tar-blocks.ts";

export const store = await temporaryStore();

export async function* inChunks(content: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

export const read = (content: Uint8Array, options = {}): Promise<Layer> =>
  readLayer(inChunks(content), store, options);
export const archive = { kind: "archive" } as const;

export function contentOf(layer: Layer, path: string): string {
  const found = lookup(applyLayer(emptySnapshot(), layer.changes), path);
  assert.equal(found?.inode.kind, "file");
  const target = new Uint8Array(found.inode.content.size);
  store.read(found.inode.content, 0, target);
  return text(target);
}

export const file = (name: string, body = "body"): readonly [Fields, string] => [
  { name, size: body.length },
  body,
];
export const paxRecord = (keyword: string, value: string): string => {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return length + rest;
};
export const pax = (type: "x" | "g", records: string): readonly [Fields, string] => [
  { name: "pax", type, size: records.length },
  records,
];
