import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { applyLayer, emptySnapshot, lookup, readHostFile, writeLayer } from "../../src/filesystem/index.ts";
import { plain } from "./support.ts";
import { store } from "./tar-support.ts";

const directory = await mkdtemp(join(tmpdir(), "boxwright-host-files-"));
after(() => rm(directory, { recursive: true }));

const sizes = [0, 1, 511, 512, 513, 262_144, 262_145, 1_048_576, 1_048_577, 3_500_001];
const sha256 = (content: Uint8Array) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

describe("files of the host", () => {
  test("small and large ones come into a layer byte for byte, with their digests", async () => {
    const contents = sizes.map((size) => randomBytes(size));
    const changes = contents.map((content, index) => {
      const hostPath = join(directory, String(index));
      return {
        kind: "host-file",
        path: `f${index}`,
        attributes: plain,
        hostPath,
        size: content.length,
      } as const;
    });
    for (const [index, { hostPath }] of changes.entries()) await writeFile(hostPath, contents[index]!);
    const snapshot = applyLayer(emptySnapshot(), (await writeLayer({ changes }, store)).changes);
    for (const [index, content] of contents.entries()) {
      const inode = lookup(snapshot, `f${index}`)?.inode;
      assert.ok(inode?.kind === "file");
      const stored = Buffer.alloc(inode.content.size);
      store.read(inode.content, 0, stored);
      assert.ok(stored.equals(content), `${content.length} bytes`);
      assert.equal(inode.content.sha256, sha256(content));
    }
  });

  test("no more is read than was asked for, however a file grows", async () => {
    const path = join(directory, "growing");
    await writeFile(path, randomBytes(3_000_000));
    let length = 0;
    for await (const piece of readHostFile(path, 2_500_000)) {
      length += piece.length;
      await appendFile(path, piece);
    }
    assert.equal(length, 2_500_000);
  });

  test("a large file whose size is another is refused", async () => {
    const hostPath = join(directory, "large");
    await writeFile(hostPath, randomBytes(2_000_000));
    for (const size of [1_999_999, 2_000_001]) {
      const change = { kind: "host-file", path: "f", attributes: plain, hostPath, size } as const;
      await assert.rejects(writeLayer({ changes: [change] }, store), { code: "CONTEXT_FILE_CHANGED" });
    }
  });
});
