import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import {
  applyLayer,
  createWorkingTree,
  emptySnapshot,
  type Layer,
  type Snapshot,
  type WorkingTree,
  writeLayer,
} from "../../src/filesystem/index.ts";
import type { Image } from "../../src/image/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";

/** A directory that is removed after the tests of the file. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-image-"));
  after(() => rm(directory, { recursive: true }));
  return directory;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function treeOf(layers: readonly Layer[]): Snapshot {
  return layers.reduce((below, { changes }) => applyLayer(below, changes), emptySnapshot());
}

/** An image of one layer for each edit of its tree. */
export async function imageOf(
  store: Store,
  ...edits: readonly ((tree: WorkingTree) => void)[]
): Promise<Image> {
  const layers: Layer[] = [];
  for (const [i, edit] of edits.entries()) {
    const now = () => ({ seconds: 1000 + i, nanos: 0 });
    const tree = createWorkingTree(treeOf(layers), store, { now });
    edit(tree);
    layers.push(await writeLayer(tree.changes(), store));
  }
  return {
    config: {
      architecture: "amd64",
      os: "linux",
      config: { Env: ["PATH=/bin"], Cmd: ["x"], Labels: { b: "2", a: "1" }, WorkingDir: "/" },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map((_, i) => ({ created_by: `step ${i}` })),
    },
    layers,
    runtime: undefined,
  };
}

/** Two layers with all that a tree can have. */
export async function richImage(store: Store): Promise<Image> {
  return imageOf(
    store,
    (tree) => {
      tree.makeDirectories("/usr/bin");
      tree.create(1, "bin", { kind: "symlink", target: "usr/bin", attributes: {} });
      tree.writeFile("/usr/bin/tool", bytes("#!/bin/sh\n"), { mode: 0o4755 });
      tree.link(tree.resolve("/usr/bin/tool"), tree.resolve("/"), "another");
      tree.makeDirectories("/dir/inner", { mode: 0o1777, uid: 1000, gid: 50 });
      tree.writeFile(`/dir/é${"x".repeat(150)}`, bytes("long name"), { mtime: { seconds: 5, nanos: 0 } });
      tree.writeFile("/dir/locked", bytes("locked"), { mode: 0 });
      tree.writeFile("/gone", bytes("gone"));
      tree.makeDirectories("/replaced/by");
      tree.create(1, "pipe", { kind: "fifo", attributes: {} });
    },
    (tree) => {
      tree.removeRecursively("/gone");
      tree.removeRecursively("/replaced");
      tree.writeFile("/replaced", bytes("a file"));
      tree.writeFile("/bin/tool", bytes("changed"));
      tree.removeRecursively("/dir/inner");
    },
  );
}

export async function newStore(): Promise<Store> {
  return openStore(await temporaryDirectory());
}
