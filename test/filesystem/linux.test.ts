/**
 * The working tree does what Linux does: the same random operations, on both, errno for errno; and what
 * `changes()` says, applied to what was there before, gives the tree.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  applyLayer,
  emptySnapshot,
  readLayer,
  type Snapshot,
  treeDigest,
  type WorkingTree,
  writeLayer,
} from "../../src/filesystem/index.ts";
import { bytes, errnoOf, newTree, temporaryStore } from "./support.ts";

const store = await temporaryStore();

type Operation =
  | {
      readonly kind: "mkdir" | "rmdir" | "unlink" | "readdir" | "stat" | "lstat" | "readlink";
      readonly path: string;
    }
  | { readonly kind: "create" | "write"; readonly path: string; readonly at: number; readonly data: string }
  | { readonly kind: "truncate" | "chmod"; readonly path: string; readonly at: number }
  | { readonly kind: "rename" | "link" | "symlink"; readonly path: string; readonly to: string };

const name = fc.constantFrom("a", "b", "c");
// Never above the root: on the host that would be outside of the test's directory.
const path = fc
  .array(name, { minLength: 1, maxLength: 3 })
  .chain((parts) => fc.constantFrom("", "", "", "/", "/.").map((end) => parts.join("/") + end));
const plainPath = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const small = fc.integer({ min: 0, max: 12 });
const data = fc.constantFrom("", "x", "yyyy");

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("mkdir" as const, "rmdir" as const, "unlink" as const),
    path: plainPath,
  }),
  fc.record({ kind: fc.constant("mkdir" as const), path: plainPath }),
  fc.record({
    kind: fc.constantFrom("readdir" as const, "stat" as const, "lstat" as const, "readlink" as const),
    path,
  }),
  fc.record({ kind: fc.constantFrom("create" as const, "write" as const), path: plainPath, at: small, data }),
  fc.record({ kind: fc.constantFrom("truncate" as const, "chmod" as const), path, at: small }),
  fc.record({
    kind: fc.constantFrom("rename" as const, "link" as const, "symlink" as const),
    path: plainPath,
    to: plainPath,
  }),
);

function onTree(tree: WorkingTree, op: Operation): unknown {
  const place = (of: string) => tree.resolveParent(of, { followLast: false });
  switch (op.kind) {
    case "mkdir": {
      const { parent, name } = place(op.path);
      tree.create(parent, name, { kind: "directory", attributes: { mode: 0o755 } });
      return;
    }
    case "rmdir":
      return tree.removeDirectory(place(op.path).parent, place(op.path).name);
    case "unlink":
      return tree.unlink(place(op.path).parent, place(op.path).name);
    case "readdir":
      return tree.readDirectory(tree.resolve(op.path)).map((entry) => entry.name);
    case "stat":
    case "lstat": {
      const { kind, mode, links, size } = tree.stat(
        tree.resolve(op.path, { followLast: op.kind === "stat" }),
      );
      return [kind, mode, kind === "directory" ? 0 : links, kind === "directory" ? 0 : size];
    }
    case "readlink":
      return tree.readLink(tree.resolve(op.path, { followLast: false }));
    case "create":
      tree.writeFile(op.path, bytes(op.data), {});
      return;
    case "write":
      return tree.write(tree.resolve(op.path), op.at, bytes(op.data));
    case "truncate":
      return tree.truncate(tree.resolve(op.path), op.at);
    case "chmod":
      return tree.setAttributes(tree.resolve(op.path), { mode: 0o600 + op.at });
    case "rename": {
      // Linux looks at the way to the old name first.
      const from = place(op.path);
      const to = place(op.to);
      return tree.rename(from.parent, from.name, to.parent, to.name);
    }
    case "link": {
      const inode = tree.resolve(op.path, { followLast: false });
      return tree.link(inode, place(op.to).parent, place(op.to).name);
    }
    case "symlink":
      tree.create(place(op.to).parent, place(op.to).name, {
        kind: "symlink",
        target: op.path,
        attributes: {},
      });
      return;
  }
}

function onLinux(root: string, op: Operation): unknown {
  // Not path.join, which would take the dots and slashes away.
  const at = `${root}/${op.path}`;
  switch (op.kind) {
    case "mkdir":
      return fs.mkdirSync(at, { mode: 0o755 });
    case "rmdir":
      return fs.rmdirSync(at);
    case "unlink":
      return fs.unlinkSync(at);
    case "readdir":
      return fs.readdirSync(at).sort();
    case "stat":
    case "lstat": {
      const found = op.kind === "stat" ? fs.statSync(at) : fs.lstatSync(at);
      const kind = found.isDirectory() ? "directory" : found.isSymbolicLink() ? "symlink" : "file";
      return [
        kind,
        found.mode & 0o7777,
        kind === "directory" ? 0 : found.nlink,
        kind === "directory" ? 0 : found.size,
      ];
    }
    case "readlink":
      return fs.readlinkSync(at);
    case "create":
      return fs.writeFileSync(at, op.data);
    case "write": {
      const fd = fs.openSync(at, "r+");
      try {
        return fs.writeSync(fd, bytes(op.data), 0, op.data.length, op.at);
      } finally {
        fs.closeSync(fd);
      }
    }
    case "truncate":
      return fs.truncateSync(at, op.at);
    case "chmod":
      return fs.chmodSync(at, 0o600 + op.at);
    case "rename":
      return fs.renameSync(at, `${root}/${op.to}`);
    case "link":
      return fs.linkSync(at, `${root}/${op.to}`);
    case "symlink":
      return fs.symlinkSync(op.path, `${root}/${op.to}`);
  }
}

function outcome(action: () => unknown): readonly unknown[] {
  let value: unknown;
  let errno: string;
  try {
    errno = errnoOf(() => {
      value = action();
    });
  } catch (error) {
    errno = String((error as NodeJS.ErrnoException).code);
  }
  return [errno, value];
}

test("random operations have the outcome that they have on Linux", () => {
  process.umask(0o022);
  fc.assert(
    fc.property(fc.array(operation, { minLength: 20, maxLength: 60 }), (operations) => {
      const root = fs.mkdtempSync(join(tmpdir(), "boxwright-linux-"));
      try {
        const tree = newTree(store);
        for (const [i, op] of operations.entries()) {
          const expected = outcome(() => onLinux(root, op));
          const actual = outcome(() => onTree(tree, op));
          assert.deepEqual(actual, expected, `operation ${i}: ${JSON.stringify(op)}`);
        }
      } finally {
        fs.rmSync(root, { recursive: true });
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

function perform(tree: WorkingTree, operations: readonly Operation[]): void {
  for (const op of operations) outcome(() => onTree(tree, op));
}

/** All that can be seen of a tree: names, attributes, contents, and which names share an inode. */
function list(tree: WorkingTree): unknown[] {
  const found: unknown[] = [];
  const firstNames = new Map<number, string>();
  const visit = (path: string, inode: number): void => {
    const { kind, mode, uid, gid, mtime, links, size } = tree.stat(inode);
    const first = firstNames.get(inode) ?? path;
    firstNames.set(inode, first);
    const content = kind === "file" ? tree.readFile(path) : kind === "symlink" ? tree.readLink(inode) : "";
    found.push([path, first, kind, mode, uid, gid, mtime, links, size, content]);
    if (kind !== "directory") return;
    for (const entry of tree.readDirectory(inode)) visit(`${path}/${entry.name}`, entry.inode);
  };
  visit("", 1);
  return found;
}

test("the changes of a tree, applied to its snapshot, give the tree, through a tar too", async () => {
  const operations = fc.array(operation, { minLength: 10, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(operations, operations, operations, async (...steps) => {
      let layered: Snapshot = emptySnapshot();
      for (const [i, step] of steps.entries()) {
        const tree = newTree(store, layered, 100 + i);
        perform(tree, step);
        const layer = await writeLayer(tree.changes(), store);
        const next = applyLayer(layered, layer.changes);
        assert.deepEqual(list(newTree(store, next)), list(tree));
        const reread = await readLayer(fs.createReadStream(store.blobPath(layer.diffId)), store);
        assert.equal(reread.diffId, layer.diffId);
        assert.equal(treeDigest(applyLayer(layered, reread.changes)), treeDigest(next));
        layered = next;
      }
    }),
    { numRuns: 60, seed: 2 },
  );
});
