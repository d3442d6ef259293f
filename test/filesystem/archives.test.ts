import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  applyLayer,
  decompress,
  emptySnapshot,
  isArchive,
  lookup,
  readLayer,
} from "../../src/filesystem/index.ts";
import { bytes } from "./support.ts";
import { tarOf } from "./tar-blocks.ts";
import { archive, contentOf, file, inChunks, pax, paxRecord, read, store } from "./tar-support.ts";

/** tarOf([{ name: "x", size: 10 }, "compressed"]) through `xz -9` and `bzip2 -9`. */
const packedElsewhere = {
  xz:
    "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Af/AEldADwAM1AYaImDAdzibiD9/i9rqHyG0bOGF9JeUjAibbvy24rzxZ" +
    "sem2L/5VYb5edIz+pt4zt4/rVHTKQh4DkBEkcWy730gHHAQAAAAAAAxne+JBaGAa8AAWWAEAAAADmtk3qxxGf7AgAA" +
    "AAAEWVo=",
  bzip2:
    "QlpoOTFBWSZTWR2jloYAADrbkMsAQAB9hAAA7gLeQAQAAIggAFRnomACYJiemkGKJ6gNGnqADQ3ij8RqwBF3TYoSqt" +
    "rBCBSkiYIEvB0RF5zZ2+i6MOAlndR+EdqWRy5EA/F3JFOFCQHaOWhg",
};

describe("archives of others are read as their tools read them:", () => {
  test("absolute paths are below the root, and dots are taken out", async () => {
    const layer = await read(tarOf(file("/etc/x", "1"), file("./a/./b/../c", "2")));
    assert.deepEqual([contentOf(layer, "etc/x"), contentOf(layer, "a/c")], ["1", "2"]);
  });

  test("the last of several entries with one name counts", async () => {
    const layer = await read(
      tarOf(file("x", "first"), [{ name: "y", type: "1", linkName: "x" }, ""], file("x", "last")),
    );
    assert.deepEqual([contentOf(layer, "x"), contentOf(layer, "y")], ["last", "first"]);
  });

  test("links and directories have no body, whatever their size says", async () => {
    const layer = await read(tarOf([{ name: "s", type: "2", linkName: "x", size: 100 }, ""], file("x")));
    assert.equal(contentOf(layer, "s"), "body");
  });

  test("whiteouts count for lower layers only, wherever they stand", async () => {
    const lower = await read(tarOf(file("d/old"), file("d/kept"), file("e/old")));
    const upper = await read(tarOf(file("d/old2"), file("d/.wh.old"), file("e/new"), file("e/.wh..wh..opq")));
    const snapshot = [lower, upper].reduce(
      (below, { changes }) => applyLayer(below, changes),
      emptySnapshot(),
    );
    const names = (path: string) => {
      const inode = lookup(snapshot, path)?.inode;
      return inode?.kind === "directory" ? [...inode.entries.keys()].sort() : [];
    };
    assert.deepEqual([names("d"), names("e")], [["kept", "old2"], ["new"]]);
    const unpacked = await read(tarOf(file("d/.wh.old")), archive);
    assert.equal(contentOf(unpacked, "d/.wh.old"), "body");
  });

  test("entries below a link of a lower layer go where it leads", async () => {
    const lower = await read(
      tarOf([{ name: "usr/bin", type: "5" }, ""], [{ name: "bin", type: "2", linkName: "usr/bin" }, ""]),
    );
    const upper = await read(tarOf(file("bin/tool")));
    const snapshot = applyLayer(applyLayer(emptySnapshot(), lower.changes), upper.changes);
    assert.equal(lookup(snapshot, "bin/tool")?.path, "usr/bin/tool");
  });

  test("extended attributes keep their bytes, and devices are kept in layers", async () => {
    const value = Buffer.from([1, 0, 0xff, 0x3d, 10]).toString("latin1");
    const layer = await read(
      tarOf(pax("x", paxRecord("SCHILY.xattr.security.capability", value)), file("x"), [
        { name: "d", type: "3", major: 1, minor: 3 },
        "",
      ]),
    );
    const snapshot = applyLayer(emptySnapshot(), layer.changes);
    const stored = lookup(snapshot, "x")?.inode.attributes.xattrs["security.capability"];
    assert.deepEqual([...Buffer.from(stored ?? "", "base64")], [1, 0, 0xff, 0x3d, 10]);
    const device = lookup(snapshot, "d")?.inode;
    assert.ok(device?.kind === "character-device" && device.major === 1 && device.minor === 3);
  });

  test("git's global header with a comment is passed over", async () => {
    assert.equal(
      contentOf(await read(tarOf(pax("g", paxRecord("comment", "0123")), file("x"))), "x"),
      "body",
    );
  });

  test("every compression is recognised by its first bytes", async () => {
    const tar = tarOf(file("x", "compressed"));
    const others = [packedElsewhere.xz, packedElsewhere.bzip2].map((packed) => Buffer.from(packed, "base64"));
    for (const content of [
      tar,
      ...others,
      gzipSync(tar),
      zstdCompressSync(tar),
      Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]),
    ]) {
      const layer = await read(content);
      assert.equal(contentOf(layer, "x"), "compressed");
      assert.equal(await isArchive(inChunks(content)), true);
    }
    for (const content of [bytes("#!/bin/sh\n"), new Uint8Array(0), gzipSync(bytes("no tar"))]) {
      assert.equal(await isArchive(inChunks(content)), false);
    }
  });
});

test("an unread rest of a compressed stream is let go", async () => {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield gzipSync(new Uint8Array(1 << 16));
    } finally {
      closed = true;
    }
  }
  for await (const chunk of decompress(source())) {
    assert.ok(chunk.length > 0);
    break;
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, true);
});

test("a source that fails is not taken for a damaged archive", async () => {
  const failure = new Error("unplugged");
  async function* source(): AsyncGenerator<Uint8Array> {
    yield gzipSync(tarOf(file("x"))).subarray(0, 40);
    throw failure;
  }
  await assert.rejects(readLayer(source(), store), (error) => error === failure);
});
