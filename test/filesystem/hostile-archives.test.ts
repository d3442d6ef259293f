import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { applyLayer, emptySnapshot, readLayer } from "../../src/filesystem/index.ts";
import { tarOf } from "./tar-blocks.ts";
import { archive, contentOf, file, pax, paxRecord, read, store } from "./tar-support.ts";

describe("hostile archives are refused with their codes:", () => {
  const cases: Record<string, readonly [code: string, content: Uint8Array, options?: object]> = {
    "a path that leads out": ["TAR_PATH_ESCAPES", tarOf(file("a/../../etc/passwd"))],
    "an absolute path that leads out": ["TAR_PATH_ESCAPES", tarOf(file("/../x"))],
    "a hard link that leads out": [
      "TAR_PATH_ESCAPES",
      tarOf([{ name: "x", type: "1", linkName: "../y" }, ""]),
    ],
    "an extended path that leads out": [
      "TAR_PATH_ESCAPES",
      tarOf(pax("x", paxRecord("path", "../x")), file("ok")),
    ],
    "a long GNU path that leads out": [
      "TAR_PATH_ESCAPES",
      tarOf([{ name: "L", type: "L", size: 5 }, "../x\0"], file("ok")),
    ],
    "a NUL in a name": ["TAR_INVALID_NAME", tarOf(pax("x", paxRecord("path", "a\0b")), file("ok"))],
    "a name that is not UTF-8": ["TAR_INVALID_NAME", tarOf(file("\xff\xfe"))],
    "a name that is too long": [
      "TAR_INVALID_NAME",
      tarOf(pax("x", paxRecord("path", "a".repeat(256))), file("ok")),
    ],
    "a file in place of the root": ["TAR_INVALID_NAME", tarOf(file("."))],
    "a symbolic link without target": ["TAR_INVALID_NAME", tarOf([{ name: "x", type: "2" }, ""])],
    "a directory with a body": ["TAR_INVALID_SIZE", tarOf(file("d/"))],
    "a negative size in base 256": [
      "TAR_INVALID_NUMBER",
      tarOf([{ name: "x", rawSize: "\xff".repeat(12) }, ""]),
    ],
    "a huge size in base 256": [
      "TAR_INVALID_NUMBER",
      tarOf([{ name: "x", rawSize: `\x80${"\xff".repeat(11)}` }, ""]),
    ],
    "a size with a minus": ["TAR_INVALID_NUMBER", tarOf([{ name: "x", rawSize: "-0000000001\0" }, ""])],
    "a negative extended size": ["TAR_INVALID_PAX", tarOf(pax("x", paxRecord("size", "-1")), file("x"))],
    "an extended size that is no number": [
      "TAR_INVALID_PAX",
      tarOf(pax("x", paxRecord("size", "1e3")), file("x")),
    ],
    "a size beyond the end": ["TAR_TRUNCATED", tarOf([{ name: "x", size: 5000 }, "short"])],
    "an end within a header": ["TAR_TRUNCATED", tarOf(file("x")).subarray(0, 300)],
    "an end within a body": ["TAR_TRUNCATED", tarOf(file("x", "y".repeat(600))).subarray(0, 700)],
    "an end after an extended header": ["TAR_TRUNCATED", tarOf(pax("x", paxRecord("path", "x")))],
    "a wrong checksum": ["TAR_CHECKSUM", tarOf([{ name: "x", checksum: 1 }, ""])],
    "what is no archive": ["TAR_CHECKSUM", new Uint8Array(1024).fill(65)],
    "a sparse file": ["TAR_UNSUPPORTED_ENTRY", tarOf([{ name: "x", type: "S" }, ""])],
    "an extended sparse file": [
      "TAR_UNSUPPORTED_ENTRY",
      tarOf(pax("x", paxRecord("GNU.sparse.major", "1")), file("x")),
    ],
    "a part of a multi-volume archive": ["TAR_UNSUPPORTED_ENTRY", tarOf([{ name: "x", type: "M" }, ""])],
    "a global header that renames": [
      "TAR_UNSUPPORTED_ENTRY",
      tarOf(pax("g", paxRecord("path", "x")), file("y")),
    ],
    "an extended header with a wrong length": ["TAR_INVALID_PAX", tarOf(pax("x", "99 path=x\n"), file("x"))],
    "an extended header without keyword": ["TAR_INVALID_PAX", tarOf(pax("x", "5 =x\n"), file("x"))],
    "a huge extended header": ["TAR_INVALID_PAX", tarOf([{ name: "x", type: "x", size: 2 ** 30 }, ""])],
    "a device in an archive to unpack": [
      "TAR_DEVICE_REFUSED",
      tarOf([{ name: "x", type: "3" }, ""]),
      archive,
    ],
    "too many entries": [
      "TAR_TOO_MANY_ENTRIES",
      tarOf(file("a"), file("b"), file("c")),
      { limits: { entries: 2 } },
    ],
    "too many bytes": ["TAR_TOO_LARGE", tarOf(file("a", "x".repeat(5000))), { limits: { size: 4000 } }],
    "a bare whiteout": ["LAYER_INVALID_WHITEOUT", tarOf(file("a/.wh."))],
    "a whiteout of the parent": ["LAYER_INVALID_WHITEOUT", tarOf(file("a/.wh..."))],
    "damaged gzip": ["TAR_DECOMPRESSION", gzipSync(tarOf(file("x", "y".repeat(3000)))).fill(0, 20, 40)],
    "gzip that ends early": ["TAR_DECOMPRESSION", gzipSync(tarOf(file("x"))).subarray(0, 60)],
    "damaged zstd": ["TAR_DECOMPRESSION", zstdCompressSync(tarOf(file("x"))).fill(255, 8, 30)],
    "damaged bzip2": ["TAR_DECOMPRESSION", Buffer.from("BZh91AY&SY-----------------------------")],
    "damaged xz": [
      "TAR_DECOMPRESSION",
      Buffer.concat([Buffer.from("fd377a585a0000", "hex"), new Uint8Array(90)]),
    ],
  };
  for (const [name, [code, content, options]] of Object.entries(cases)) {
    test(name, async () => {
      const before = await readdir(join(store.directory, "tmp"));
      await assert.rejects(read(content, options), { code });
      assert.deepEqual(await readdir(join(store.directory, "tmp")), before);
    });
  }

  test("a bomb", async () => {
    async function* zeros(): AsyncGenerator<Uint8Array> {
      const member = gzipSync(Buffer.alloc(1 << 26));
      for (let i = 0; i < 1000; i++) yield member;
    }
    await assert.rejects(readLayer(zeros(), store, { limits: { ratio: 500 } }), {
      code: "TAR_EXPANDS_TOO_MUCH",
    });
  });

  test("a chain of links that leads out of the root stays inside", async () => {
    const layer = await read(
      tarOf(
        [{ name: "a", type: "2", linkName: "../../.." }, ""],
        [{ name: "b", type: "2", linkName: "a/../../tmp" }, ""],
        file("b/inside"),
      ),
    );
    assert.equal(contentOf(layer, "/tmp/inside"), "body");
  });

  test("an entry behind a loop of links", async () => {
    const loop = tarOf(
      [{ name: "a", type: "2", linkName: "b" }, ""],
      [{ name: "b", type: "2", linkName: "a" }, ""],
      file("a/x"),
    );
    const layer = await read(loop);
    assert.throws(() => applyLayer(emptySnapshot(), layer.changes), { code: "LAYER_LINK_LOOP" });
  });

  test("a hard link to nothing, or to a directory", async () => {
    for (const target of ["nothing", "d"]) {
      const layer = await read(
        tarOf([{ name: "d", type: "5" }, ""], [{ name: "x", type: "1", linkName: target }, ""]),
      );
      assert.throws(() => applyLayer(emptySnapshot(), layer.changes), { code: "LAYER_LINK_TARGET" });
    }
  });
});
