import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { digestOf, type HostFiles, hostFiles, openStore, type Store } from "../../src/store/index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

let root: string;
let store: Store;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "boxwright-store-"));
  store = await openStore(join(root, "main"));
});
after(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

test("a blob is found under the digest of its bytes, and any range of it can be read", async () => {
  const { digest, size } = await store.writeBlob([bytes("hello "), bytes("world")]);
  assert.equal(digest, digestOf("hello world"));
  assert.equal(size, 11);
  assert.equal(await store.blobSize(digest), 11);
  assert.deepEqual(await readFile(store.blobPath(digest), "utf8"), "hello world");
  const target = new Uint8Array(10);
  const content = { blob: digest, offset: 6, size: 5, sha256: digest } as const;
  assert.equal(store.read(content, 1, target), 4);
  assert.equal(Buffer.from(target.subarray(0, 4)).toString(), "orld");
  assert.equal(store.read(content, 5, target), 0);
});

test("more blobs than may be open at once can be read in turn", async () => {
  const written: Awaited<ReturnType<Store["writeBlob"]>>[] = [];
  for (let i = 0; i < 70; i++) written.push(await store.writeBlob([bytes(`blob ${i}`)]));
  for (let round = 0; round < 2; round++) {
    for (const [i, { digest, size }] of written.entries()) {
      const target = new Uint8Array(size);
      store.read({ blob: digest, offset: 0, size, sha256: digest }, 0, target);
      assert.equal(Buffer.from(target).toString(), `blob ${i}`);
    }
  }
});

test("content that is not what was announced never appears", async () => {
  const digest = digestOf("expected");
  await assert.rejects(store.writeBlob([bytes("other")], { digest }), { code: "DIGEST_MISMATCH" });
  await assert.rejects(store.writeBlob([bytes("expected")], { digest, size: 7 }), { code: "SIZE_MISMATCH" });
  await assert.rejects(store.writeBlob([bytes("expected")], { digest, size: 9 }), { code: "SIZE_MISMATCH" });
  assert.equal(await store.hasBlob(digest), false);
  assert.equal(await store.hasBlob(digestOf("other")), false);
  assert.deepEqual(await readdir(join(root, "main", "tmp")), []);
});

test("what is not a digest never becomes a path", async () => {
  for (const text of ["sha256:../../etc/passwd", "sha256:ABC", `sha512:${"0".repeat(64)}`, ""]) {
    assert.throws(() => store.blobPath(text as "sha256:x"), { code: "INVALID_DIGEST" });
  }
});

test("a blob that was damaged on the disk is noticed when it is read", async () => {
  const { digest, size } = await store.writeBlob([bytes("to be cut short")]);
  await truncate(store.blobPath(digest), 3);
  const content = { blob: digest, offset: 0, size, sha256: digest };
  assert.throws(() => store.read(content, 0, new Uint8Array(size)), { code: "BLOB_TRUNCATED" });
  await assert.rejects(store.readBlob(digest, 100), { code: "DIGEST_MISMATCH" });
  await store.writeBlob([bytes("to be cut short")]);
  assert.equal((await store.readBlob(digest, 100)).length, size);
  await assert.rejects(store.readBlob(digest, 5), { code: "BLOB_TOO_LARGE" });
});

test("a missing blob is an error that names it", async () => {
  const blob = digestOf("never written");
  assert.equal(await store.blobSize(blob), undefined);
  assert.throws(() => store.read({ blob, offset: 0, size: 1, sha256: blob }, 0, new Uint8Array(1)), {
    code: "BLOB_MISSING",
  });
  await assert.rejects(store.readBlob(blob, 1), { code: "BLOB_MISSING" });
});

test("records are kept by kind and key, whatever the key holds", async () => {
  await store.writeRecord("build", "../../key\0", { a: [1] });
  await store.writeRecord("build", "other", null);
  assert.deepEqual(await store.readRecord("build", "../../key\0"), { a: [1] });
  assert.equal(await store.readRecord("name", "../../key\0"), undefined);
  const keys = [];
  for await (const { key } of store.listRecords("build")) keys.push(key);
  assert.deepEqual(keys.sort(), ["../../key\0", "other"]);
  await store.deleteRecord("build", "other");
  assert.equal(await store.readRecord("build", "other"), undefined);
  await assert.rejects(store.writeRecord("../up", "key", 1), RangeError);
});

test("a damaged record counts as missing", async () => {
  await store.writeRecord("damaged", "key", 1);
  const directory = join(root, "main", "records", "damaged");
  const [name = ""] = await readdir(directory);
  for (const text of ["{", "null", '{"key":"another","value":2}', "[]"]) {
    await writeFile(join(directory, name), text);
    assert.equal(await store.readRecord("damaged", "key"), undefined);
    for await (const record of store.listRecords("damaged")) assert.fail(`listed ${record.key}`);
  }
});

test("what a killed process left is cleaned up when it is old, and not before", async () => {
  const temporary = join(root, "main", "tmp");
  await writeFile(join(temporary, "old"), "");
  await writeFile(join(temporary, "new"), "");
  await utimes(join(temporary, "old"), 0, 0);
  await (await openStore(join(root, "main"))).close();
  assert.deepEqual(await readdir(temporary), ["new"]);
  await rm(join(temporary, "new"));
});

test("blobs can be listed and deleted", async () => {
  const other = await openStore(join(root, "listed"));
  const { digest } = await other.writeBlob([bytes("x")]);
  const listed = async () => {
    const found = [];
    for await (const blob of other.listBlobs()) found.push(blob.digest);
    return found;
  };
  assert.deepEqual(await listed(), [digest]);
  await other.deleteBlob(digest);
  assert.deepEqual(await listed(), []);
});

for (const operation of ["create", "write", "sync", "rename", "syncDirectory"] as const) {
  test(`a disk that fails in ${operation} leaves the store as it was`, async () => {
    const failing: HostFiles = {
      ...hostFiles,
      [operation]: () => Promise.reject(Object.assign(new Error("no room"), { code: "ENOSPC" })),
    };
    const directory = join(root, `failing-${operation}`);
    const broken = await openStore(directory, { files: failing });
    const content = `content for ${operation}`;
    await assert.rejects(broken.writeBlob([bytes(content)]), { code: "STORE_WRITE_FAILED", exitCode: 1 });
    await assert.rejects(broken.writeRecord("kind", "key", 1), { code: "STORE_WRITE_FAILED" });
    assert.deepEqual(await readdir(join(directory, "tmp")), []);
    const sound = await openStore(directory);
    const { digest } = await sound.writeBlob([bytes(content)]);
    assert.equal(Buffer.from(await sound.readBlob(digest, 100)).toString(), content);
  });
}

test("several processes may write the same blobs and records at once", async () => {
  const directory = join(root, "shared");
  const children = Array.from({ length: 3 }, () =>
    fork(join(import.meta.dirname, "writer-process.ts"), [directory]),
  );
  const codes = await Promise.all(
    children.map((child) => new Promise((resolve) => child.on("exit", (code) => resolve(code)))),
  );
  assert.deepEqual(codes, [0, 0, 0]);
  const shared = await openStore(directory);
  for (let i = 0; i < 20; i++) {
    const digest = digestOf(`shared ${i}`);
    assert.equal(Buffer.from(await shared.readBlob(digest, 100)).toString(), `shared ${i}`);
    assert.deepEqual(await shared.readRecord("shared", String(i)), { i });
  }
  assert.deepEqual(await readdir(join(directory, "tmp")), []);
});
