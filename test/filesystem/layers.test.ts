import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { extract, type Header, pack } from "tar-stream";
import { BoxwrightError } from "../../src/errors/index.ts";
import {
  applyLayer,
  type DraftChange,
  emptySnapshot,
  parseLayer,
  readLayer,
  treeDigest,
  writeLayer,
} from "../../src/filesystem/index.ts";
import { type HostFiles, hostFiles, openStore } from "../../src/store/index.ts";
import { bytes, plain } from "./support.ts";
import { block } from "./tar-blocks.ts";
import { contentOf, read, store } from "./tar-support.ts";

describe("layers", () => {
  const attributes = fc.record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.constantFrom(0, 1000, 0o777777, 2 ** 31),
    gid: fc.constantFrom(0, 70_000_000),
    mtime: fc.record({
      seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
      nanos: fc.constantFrom(0, 1, 999_999_999),
    }),
    xattrs: fc.dictionary(
      fc.constantFrom("user.a", "user.b", "security.x"),
      fc.uint8Array({ maxLength: 900 }).map((value) => Buffer.from(value).toString("base64")),
      { noNullPrototype: true },
    ),
  });
  const name = fc.oneof(
    fc.constantFrom("a", "b", ".whx", "a b", "-", "é", "\u{1f600}", "a".repeat(101), "ü".repeat(127)),
    fc
      .string({ minLength: 1, maxLength: 8, unit: "grapheme" })
      .filter((part) => !/[/\0]/.test(part) && !/^\.{1,2}$/.test(part)),
  );
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const inode = fc.oneof(
    fc.record({
      kind: fc.constant("new-file" as const),
      attributes,
      bytes: fc.uint8Array({ maxLength: 1100 }),
    }),
    fc.record({ kind: fc.constant("directory" as const), attributes }),
    fc.record({
      kind: fc.constant("leaf" as const),
      inode: fc.record({ kind: fc.constant("symlink" as const), attributes, target: path }),
    }),
    fc.record({
      kind: fc.constant("leaf" as const),
      inode: fc.record({
        kind: fc.constant("fifo" as const),
        attributes,
        major: fc.constant(0),
        minor: fc.constant(0),
      }),
    }),
    fc.record({ kind: fc.constant("whiteout" as const) }),
  );
  /** Paths of which none is below another, as only directories have something below them. */
  const draft = fc
    .uniqueArray(fc.tuple(path, inode), { maxLength: 12, selector: ([at]) => at })
    .map((entries) => {
      const isBelow = (a: string, b: string) => a.startsWith(`${b}/`);
      const apart = entries.filter(([at], i) => !entries.some(([other], j) => i !== j && isBelow(at, other)));
      const changes = apart.map(([at, what]) => ({ ...what, path: at }) as DraftChange);
      const files = changes.filter(({ kind }) => kind === "new-file").slice(0, 2);
      return [
        ...changes,
        ...files.map(({ path: target }) => ({ kind: "hard-link", path: `${target}~`, target }) as const),
      ];
    });

  test("any order of the same changes gives the same bytes, and reading them gives the same changes", async () => {
    const shuffled = draft.chain((changes) =>
      fc.shuffledSubarray(changes, { minLength: changes.length }).map((other) => [changes, other] as const),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([changes, other]) => {
        const layer = await writeLayer({ changes }, store);
        assert.equal((await writeLayer({ changes: other }, store)).diffId, layer.diffId);
        const reread = await read(await store.readBlob(layer.diffId, 1 << 24));
        // Through JSON, because fast-check's records have no prototype; that is how records are kept, too.
        const kept: unknown = JSON.parse(JSON.stringify(layer));
        assert.deepEqual(reread, kept);
        assert.deepEqual(parseLayer(kept), kept);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  test("tar-stream reads what is written, and what it writes is read", async () => {
    const changes: DraftChange[] = [
      { kind: "directory", path: "d", attributes: { ...plain, mode: 0o755 } },
      {
        kind: "new-file",
        path: `d/${"x".repeat(120)}`,
        attributes: { ...plain, mode: 0 },
        bytes: bytes("long"),
      },
      { kind: "leaf", path: "s", inode: { kind: "symlink", attributes: plain, target: "d/é" } },
    ];
    const layer = await writeLayer({ changes }, store);
    const seen: [string, string | undefined, number | undefined][] = [];
    const reader = extract();
    reader.end(Buffer.from(await store.readBlob(layer.diffId, 1 << 20)));
    for await (const entry of reader) {
      seen.push([entry.header.name, entry.header.type, entry.header.mode]);
      entry.resume();
    }
    assert.deepEqual(seen, [
      ["d/", "directory", 0o755],
      [`d/${"x".repeat(120)}`, "file", 0],
      ["s", "symlink", 0o644],
    ]);

    const packer = pack();
    const header: Partial<Header> & { name: string } = {
      name: `é/${"y".repeat(120)}`,
      mode: 0o640,
      uid: 7,
      mtime: new Date(5000),
    };
    packer.entry(header, "theirs");
    packer.finalize();
    const theirs = await readLayer(packer as AsyncIterable<Uint8Array>, store);
    assert.equal(contentOf(theirs, header.name), "theirs");
  });

  test("contents are taken from the store and from the host, and copied into the layer", async () => {
    const first = await writeLayer(
      { changes: [{ kind: "new-file", path: "f", attributes: plain, bytes: bytes("stored") }] },
      store,
    );
    const [stored] = first.changes;
    assert.ok(stored?.kind === "leaf");
    const hostPath = join(import.meta.dirname, "support.ts");
    const size = (await import("node:fs")).statSync(hostPath).size;
    const host = { kind: "host-file", path: "h", attributes: plain, hostPath, size } as const;
    const second = await writeLayer({ changes: [{ ...stored, path: "copy" }, host] }, store);
    assert.equal(contentOf(second, "copy"), "stored");
    assert.match(contentOf(second, "h"), /temporaryStore/);
    for (const wrong of [size - 1, size + 1]) {
      await assert.rejects(writeLayer({ changes: [{ ...host, size: wrong }] }, store), {
        code: "CONTEXT_FILE_CHANGED",
      });
    }
    await assert.rejects(writeLayer({ changes: [{ ...host, hostPath: "/nowhere/at/all" }] }, store), {
      code: "CONTEXT_FILE_UNREADABLE",
    });
    await assert.rejects(writeLayer({ changes: [host, host] }, store), { code: "LAYER_DUPLICATE_PATH" });
  });

  test("a file that would be taken for a whiteout is refused", async () => {
    const change = { kind: "new-file", path: "a/.wh.b", attributes: plain, bytes: bytes("") } as const;
    await assert.rejects(writeLayer({ changes: [change] }, store), { code: "LAYER_RESERVED_NAME" });
  });

  test("a disk that is full leaves no layer and nothing half-written", async () => {
    let room = 1 << 20;
    const files: HostFiles = {
      ...hostFiles,
      async write(target, chunk) {
        room -= chunk.length;
        if (room < 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        await hostFiles.write(target, chunk);
      },
    };
    const small = await openStore(join(store.directory, "full"), { files });
    const changes = [
      { kind: "new-file", path: "big", attributes: plain, bytes: new Uint8Array(3 << 20) },
    ] as const;
    await assert.rejects(writeLayer({ changes }, small), { code: "STORE_WRITE_FAILED" });
    assert.deepEqual(await readdir(join(small.directory, "tmp")), []);
    assert.deepEqual(await readdir(join(small.directory, "blobs", "sha256")), []);
  });

  test("random damage to an archive is an error with a code, or an archive", async () => {
    const changes: DraftChange[] = [
      {
        kind: "new-file",
        path: "dir/file",
        attributes: { ...plain, mtime: { seconds: 1, nanos: 5 } },
        bytes: bytes("data"),
      },
      { kind: "leaf", path: "dir/link", inode: { kind: "symlink", attributes: plain, target: "ö" } },
    ];
    const layer = await writeLayer({ changes }, store);
    const sound = await store.readBlob(layer.diffId, 1 << 20);
    const damage = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(sound.length), fc.boolean(), async (changed, length, fixed) => {
        const content = Buffer.from(sound.subarray(0, length));
        for (const [at, value] of changed) if (at < length) content[at] = value;
        // Half of them get right checksums, so that damage reaches further than that check.
        if (fixed)
          for (let at = 0; at + 512 <= length; at += 512) block.fixChecksum(content.subarray(at, at + 512));
        try {
          const damaged = await read(content);
          treeDigest(applyLayer(emptySnapshot(), damaged.changes));
        } catch (error) {
          assert.ok(error instanceof BoxwrightError, String(error));
          assert.match(error.code, /^(TAR|LAYER)_/);
        }
      }),
      { numRuns: 400, seed: 4 },
    );
  });
});
