import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyLayer, createWorkingTree, emptySnapshot, writeLayer } from "../../src/filesystem/index.ts";
import { bytes, errnoOf, newTree, plain, temporaryStore, text } from "./support.ts";

const store = await temporaryStore();

describe("paths", () => {
  test("40 symbolic links are followed, and not one more", () => {
    const tree = newTree(store);
    tree.writeFile("/0", bytes("end"));
    for (let i = 1; i <= 41; i++)
      tree.create(1, String(i), { kind: "symlink", target: String(i - 1), attributes: {} });
    assert.equal(text(tree.readFile("/40")), "end");
    assert.equal(
      errnoOf(() => tree.readFile("/41")),
      "ELOOP",
    );
  });

  test("links and dots never lead out of the root", () => {
    const tree = newTree(store);
    tree.makeDirectories("/a/b");
    tree.create(tree.resolve("/a/b"), "up", { kind: "symlink", target: "../../../../a", attributes: {} });
    tree.create(tree.resolve("/a"), "root", { kind: "symlink", target: "/a/b", attributes: {} });
    assert.equal(tree.pathOf(tree.resolve("/a/b/up/root/../../..")), "/");
    assert.equal(tree.pathOf(tree.resolve("up/root", { base: tree.resolve("/a/b") })), "/a/b");
  });

  test("lengths are limited in bytes", () => {
    const tree = newTree(store);
    assert.equal(
      errnoOf(() => tree.writeFile(`/${"é".repeat(127)}`, bytes(""))),
      "ok",
    );
    assert.equal(
      errnoOf(() => tree.writeFile(`/${"é".repeat(128)}`, bytes(""))),
      "ENAMETOOLONG",
    );
    assert.equal(
      errnoOf(() => tree.resolve(`/${"a/".repeat(2047)}`)),
      "ENOENT",
    );
    assert.equal(
      errnoOf(() => tree.resolve(`/${"a/".repeat(2048)}`)),
      "ENAMETOOLONG",
    );
    assert.equal(
      errnoOf(() => tree.resolve("")),
      "ENOENT",
    );
    assert.equal(
      errnoOf(() => tree.writeFile("/\ud800", bytes(""))),
      "EINVAL",
    );
  });

  test("a parent can be had for a name that is missing, behind a dangling link too", () => {
    const tree = newTree(store);
    tree.makeDirectories("/d");
    tree.create(1, "dangling", { kind: "symlink", target: "d/new", attributes: {} });
    const followed = tree.resolveParent("/dangling");
    assert.deepEqual(
      [tree.pathOf(followed.parent), followed.name, followed.existing],
      ["/d", "new", undefined],
    );
    const link = tree.resolveParent("/dangling", { followLast: false });
    assert.deepEqual([tree.pathOf(link.parent), link.name], ["/", "dangling"]);
    assert.equal(tree.resolveParent("/d//").trailingSlash, true);
    for (const path of ["/", "/d/.", "/d/.."])
      assert.equal(
        errnoOf(() => tree.resolveParent(path)),
        "EEXIST",
      );
  });
});

describe("files", () => {
  test("an unlinked file lives as long as it is open", () => {
    const tree = newTree(store);
    const inode = tree.writeFile("/f", bytes("still here"));
    tree.retain(inode);
    tree.unlink(1, "f");
    assert.equal(tree.stat(inode).links, 0);
    tree.write(inode, 0, bytes("STILL"));
    const target = new Uint8Array(10);
    tree.read(inode, 0, target);
    assert.equal(text(target), "STILL here");
    assert.equal(
      errnoOf(() => tree.link(inode, 1, "again")),
      "ENOENT",
    );
    tree.release(inode);
    assert.equal(
      errnoOf(() => tree.stat(inode)),
      "ENOENT",
    );
  });

  test("a hole reads as zeros, and so does what was cut off and grown again", () => {
    const tree = newTree(store);
    const inode = tree.writeFile("/f", bytes("abc"));
    tree.write(inode, 6, bytes("x"));
    assert.deepEqual([...tree.readFile("/f")], [97, 98, 99, 0, 0, 0, 120]);
    tree.truncate(inode, 1);
    tree.truncate(inode, 4);
    assert.deepEqual([...tree.readFile("/f")], [97, 0, 0, 0]);
  });

  test("bytes are copied on the first write, and the snapshot stays as it was", async () => {
    const first = newTree(store);
    first.writeFile("/f", bytes("original"));
    const snapshot = applyLayer(emptySnapshot(), (await writeLayer(first.changes(), store)).changes);
    const second = newTree(store, snapshot);
    second.write(second.resolve("/f"), 0, bytes("CHANGED"));
    assert.equal(text(second.readFile("/f")), "CHANGEDl");
    assert.equal(text(newTree(store, snapshot).readFile("/f")), "original");
  });

  test("room is limited, and given back by what is removed", () => {
    const tree = createWorkingTree(emptySnapshot(), store, {
      now: () => ({ seconds: 0, nanos: 0 }),
      limits: { bytes: 100, fileSize: 80, inodes: 4 },
    });
    const inode = tree.writeFile("/a", new Uint8Array(80));
    assert.equal(
      errnoOf(() => tree.write(inode, 80, bytes("x"))),
      "EFBIG",
    );
    assert.equal(
      errnoOf(() => tree.writeFile("/b", new Uint8Array(30))),
      "ENOSPC",
    );
    tree.unlink(1, "a");
    tree.writeFile("/b", new Uint8Array(80));
    tree.truncate(tree.resolve("/b"), 10);
    tree.writeFile("/c", new Uint8Array(80));
    assert.equal(
      errnoOf(() => tree.makeDirectories("/d/e/f")),
      "ENOSPC",
    );
  });

  test("times change with contents and entries", () => {
    let seconds = 1;
    const tree = createWorkingTree(emptySnapshot(), store, { now: () => ({ seconds: seconds++, nanos: 0 }) });
    const inode = tree.writeFile("/f", bytes("1"), { mtime: { seconds: 9, nanos: 5 } });
    assert.deepEqual(tree.stat(inode).mtime, { seconds: 9, nanos: 5 });
    const directory = tree.stat(1).mtime.seconds;
    tree.write(inode, 0, bytes("2"));
    assert.ok(tree.stat(inode).mtime.seconds > directory);
    assert.equal(tree.stat(1).mtime.seconds, directory);
    tree.link(inode, 1, "g");
    assert.ok(tree.stat(1).mtime.seconds > directory);
  });

  test("a set-group-id directory hands its group on", () => {
    const tree = newTree(store);
    const directory = tree.makeDirectories("/shared", { mode: 0o2775, gid: 7 });
    const inner = tree.create(directory, "inner", { kind: "directory", attributes: { mode: 0o755 } });
    const file = tree.create(directory, "file", { kind: "file", attributes: {} });
    assert.deepEqual([tree.stat(inner).gid, tree.stat(inner).mode], [7, 0o2755]);
    assert.deepEqual([tree.stat(file).gid, tree.stat(file).mode], [7, 0o644]);
  });

  test("names are sorted by their UTF-8 bytes", () => {
    const tree = newTree(store);
    const names = ["\u{1f600}", "\uffee", "b", "a b", "a"];
    for (const name of names) tree.writeFile(`/${name}`, bytes(""));
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(
      tree.readDirectory(1).map(({ name }) => name),
      sorted,
    );
  });
});

describe("mounts", () => {
  async function snapshotOf(files: Readonly<Record<string, string>>) {
    const tree = newTree(store);
    for (const [path, content] of Object.entries(files)) {
      tree.makeDirectories(path.slice(0, path.lastIndexOf("/")) || "/");
      tree.writeFile(path, bytes(content));
    }
    return applyLayer(emptySnapshot(), (await writeLayer(tree.changes(), store)).changes);
  }

  test("nothing of a mount reaches the layer, not even the directories it needed", async () => {
    const tree = newTree(store, await snapshotOf({ "/keep": "1" }), 500);
    tree.mount("/deep/inside/here", await snapshotOf({ "/in": "mounted" }), { readOnly: false });
    assert.equal(text(tree.readFile("/deep/inside/here/in")), "mounted");
    assert.equal(tree.pathOf(tree.resolve("/deep/inside/here/../here")), "/deep/inside/here");
    tree.writeFile("/deep/inside/here/new", bytes("n"));
    assert.deepEqual(tree.changes().changes, []);
    const { changes } = tree.unmount("/deep/inside/here");
    assert.deepEqual(
      changes.map(({ kind, path }) => `${kind} ${path}`),
      ["directory ", "leaf in", "new-file new"],
    );
    assert.deepEqual(tree.changes().changes, []);
    assert.equal(
      errnoOf(() => tree.resolve("/deep")),
      "ENOENT",
    );
  });

  test("what a step puts beside a mount stays", async () => {
    const tree = newTree(store);
    tree.mount("/a/b", await snapshotOf({}), { readOnly: false });
    tree.writeFile("/a/mine", bytes("m"));
    tree.unmount("/a/b");
    assert.equal(
      errnoOf(() => tree.resolve("/a/b")),
      "ENOENT",
    );
    const paths = tree.changes().changes.map(({ path }) => path);
    assert.deepEqual(paths, ["a", "a/mine"]);
  });

  test("a mount hides what is below it, and its mount point cannot be moved or removed", async () => {
    const tree = newTree(store, await snapshotOf({ "/m/hidden": "h", "/f": "f" }));
    tree.mount("/m", await snapshotOf({ "/shown": "s" }), { readOnly: true });
    assert.deepEqual(
      tree.readDirectory(tree.resolve("/m")).map(({ name }) => name),
      ["shown"],
    );
    assert.equal(
      errnoOf(() => tree.writeFile("/m/x", bytes(""))),
      "EROFS",
    );
    assert.equal(
      errnoOf(() => tree.write(tree.resolve("/m/shown"), 0, bytes("x"))),
      "EROFS",
    );
    assert.equal(
      errnoOf(() => tree.setAttributes(tree.resolve("/m/shown"), { mode: 0 })),
      "EROFS",
    );
    assert.equal(
      errnoOf(() => tree.rename(1, "m", 1, "n")),
      "EBUSY",
    );
    assert.equal(
      errnoOf(() => tree.removeDirectory(1, "m")),
      "EBUSY",
    );
    assert.equal(
      errnoOf(() => tree.rename(1, "f", tree.resolve("/m"), "f")),
      "EXDEV",
    );
    assert.equal(
      errnoOf(() => tree.link(tree.resolve("/f"), tree.resolve("/m"), "f")),
      "EXDEV",
    );
    tree.unmount("/m");
    assert.equal(text(tree.readFile("/m/hidden")), "h");
  });

  test("one file can be mounted on a file", async () => {
    const tree = newTree(store);
    const content = (await snapshotOf({ "/x": "one file" })).inodes;
    const file = [...content.values()].find(({ kind }) => kind === "file");
    assert.ok(file);
    tree.mount("/etc/secret", { inodes: new Map([[1, file]]) }, { readOnly: true });
    assert.equal(text(tree.readFile("/etc/secret")), "one file");
    assert.deepEqual(tree.changes().changes, []);
    assert.equal(tree.unmount("/etc/secret").changes.length, 1);
    assert.equal(
      errnoOf(() => tree.resolve("/etc")),
      "ENOENT",
    );
  });
});

test("placing stored content replaces a leaf, not a directory", async () => {
  const tree = newTree(store);
  const { digest, size } = await store.writeBlob([bytes("stored")]);
  const content = { blob: digest, offset: 0, size, sha256: digest };
  tree.writeFile("/f", bytes("old"));
  tree.placeFile(1, "f", content, plain);
  assert.equal(text(tree.readFile("/f")), "stored");
  tree.makeDirectories("/d");
  assert.equal(
    errnoOf(() => tree.placeFile(1, "d", content, plain)),
    "EISDIR",
  );
});

test("rm -rf removes links, not what they lead to, and is content with nothing", () => {
  const tree = newTree(store);
  tree.makeDirectories("/a/b/c");
  tree.makeDirectories("/keep");
  tree.writeFile("/keep/f", bytes(""));
  tree.create(tree.resolve("/a/b"), "link", { kind: "symlink", target: "/keep", attributes: {} });
  tree.removeRecursively("/a");
  tree.removeRecursively("/missing/too");
  assert.deepEqual(
    tree.readDirectory(1).map(({ name }) => name),
    ["keep"],
  );
  assert.equal(tree.readDirectory(tree.resolve("/keep")).length, 1);
});
