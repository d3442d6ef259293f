import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyLayer,
  emptySnapshot,
  type LayerChange,
  lookup,
  parseLayer,
  type Snapshot,
  treeDigest,
  walk,
} from "../../src/filesystem/index.ts";
import { plain } from "./support.ts";

const directory = (path: string, mode = 0o755): LayerChange => ({
  kind: "directory",
  path,
  attributes: { ...plain, mode },
});
const link = (path: string, target: string): LayerChange => ({
  kind: "leaf",
  path,
  inode: { kind: "symlink", attributes: plain, target },
});
const fifo = (path: string): LayerChange => ({
  kind: "leaf",
  path,
  inode: { kind: "fifo", attributes: plain, major: 0, minor: 0 },
});
const layers = (...all: readonly (readonly LayerChange[])[]): Snapshot =>
  all.reduce(applyLayer, emptySnapshot());
const paths = (snapshot: Snapshot, from?: string) => [...walk(snapshot, from)].map(({ path }) => path);

test("a walk visits parents first, then by name, and can start anywhere", () => {
  const snapshot = layers([
    directory("a"),
    fifo("a/z"),
    fifo("a-b"),
    directory("a/é"),
    fifo("a/é/x"),
    link("l", "a"),
  ]);
  assert.deepEqual(paths(snapshot), ["", "a", "a/z", "a/é", "a/é/x", "a-b", "l"]);
  assert.deepEqual(paths(snapshot, "l/é"), ["a/é", "a/é/x"]);
  assert.deepEqual(paths(snapshot, "missing"), []);
});

test("a look-up follows links inside of the root", () => {
  const snapshot = layers([
    directory("d"),
    link("d/up", "../../../d"),
    link("abs", "/d/f"),
    fifo("d/f"),
    link("loop", "loop"),
  ]);
  assert.equal(lookup(snapshot, "/d/up/up/f")?.path, "d/f");
  assert.equal(lookup(snapshot, "abs")?.path, "d/f");
  assert.equal(lookup(snapshot, "abs", { followLast: false })?.inode.kind, "symlink");
  assert.equal(lookup(snapshot, "../..")?.path, "");
  for (const path of ["d/f/x", "nothing", "d/nothing/x"]) assert.equal(lookup(snapshot, path), undefined);
  assert.throws(() => lookup(snapshot, "loop"), { errno: "ELOOP" });
});

test("a layer leaves the snapshot that it is applied to as it was", () => {
  const below = layers([directory("d"), fifo("d/f")]);
  const digest = treeDigest(below);
  applyLayer(below, [{ kind: "whiteout", path: "d/f" }, directory("d", 0o700), fifo("d/g"), directory("")]);
  assert.equal(treeDigest(below), digest);
});

test("a directory over a directory keeps its entries; anything else replaces", () => {
  const below = [directory("d"), fifo("d/f"), link("l", "d")];
  assert.deepEqual(paths(layers(below, [directory("d", 0o700)])), ["", "d", "d/f", "l"]);
  assert.deepEqual(paths(layers(below, [fifo("d")])), ["", "d", "l"]);
  assert.equal(lookup(layers(below, [directory("l")]), "l", { followLast: false })?.inode.kind, "directory");
});

test("replacing one name of an inode leaves its other names", () => {
  const snapshot = layers([fifo("a"), { kind: "hard-link", path: "b", target: "a" }], [link("a", "x")]);
  assert.deepEqual(
    ["a", "b"].map((path) => lookup(snapshot, path, { followLast: false })?.inode.kind),
    ["symlink", "fifo"],
  );
});

test("inodes that no name leads to are dropped", () => {
  const snapshot = layers([directory("d"), fifo("d/f")], [{ kind: "whiteout", path: "d" }]);
  assert.equal(snapshot.inodes.size, 1);
  assert.equal(layers([directory("d"), fifo("d/f")], [{ kind: "opaque", path: "d" }]).inodes.size, 2);
});

test("paths that no layer may have are refused", () => {
  for (const path of ["..", "a/..", "a/../b", ".", "a//b", "", "a\0", "\ud800", "é".repeat(128)]) {
    assert.throws(
      () => applyLayer(emptySnapshot(), [fifo(path)]),
      { code: "LAYER_INVALID_PATH" },
      JSON.stringify(path),
    );
  }
});

test("the digest of a tree depends on what can be seen, and on nothing else", () => {
  const once = layers([directory("d"), fifo("d/f"), { kind: "hard-link", path: "g", target: "d/f" }]);
  const twice = layers(
    [directory("d", 0o700), fifo("x")],
    [
      { kind: "whiteout", path: "x" },
      directory("d"),
      fifo("d/f"),
      { kind: "hard-link", path: "g", target: "d/f" },
    ],
  );
  assert.equal(treeDigest(twice), treeDigest(once));
  const apart = layers([directory("d"), fifo("d/f"), fifo("g")]);
  assert.notEqual(treeDigest(apart), treeDigest(once));
  const later = applyLayer(once, [
    { kind: "directory", path: "d", attributes: { ...plain, mode: 0o755, mtime: { seconds: 2, nanos: 0 } } },
  ]);
  assert.notEqual(treeDigest(later), treeDigest(once));
  assert.equal(treeDigest(later, { times: false }), treeDigest(once, { times: false }));
});

test("a stored layer that was tampered with is refused", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const content = { blob: digest, offset: 0, size: 1, sha256: digest };
  const good = { kind: "leaf", path: "f", inode: { kind: "file", attributes: plain, content } };
  const layer = (change: unknown) => ({ diffId: digest, size: 1, changes: [change] });
  assert.equal(parseLayer(layer(good)).changes.length, 1);
  const bad: readonly unknown[] = [
    undefined,
    { ...layer(good), diffId: "sha256:../x" },
    layer({ ...good, kind: "unknown" }),
    layer({ ...good, path: 1 }),
    layer({ ...good, inode: { ...good.inode, content: { ...content, offset: -1 } } }),
    layer({ ...good, inode: { ...good.inode, content: { ...content, blob: "../../x" } } }),
    layer({ ...good, inode: { ...good.inode, attributes: { ...plain, mode: 0o10000 } } }),
    layer({ ...good, inode: { ...good.inode, attributes: { ...plain, mtime: { seconds: 0.5, nanos: 0 } } } }),
    layer({ ...good, inode: { ...good.inode, attributes: { ...plain, xattrs: { a: 1 } } } }),
    layer({ ...good, inode: { ...good.inode, kind: "socket" } }),
  ];
  for (const value of bad) assert.throws(() => parseLayer(value), { code: "LAYER_INVALID_RECORD" });
});
