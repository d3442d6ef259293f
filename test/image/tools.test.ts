/** Other tools take the layouts that are written, and see the same tree. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { type Snapshot, walk } from "../../src/filesystem/index.ts";
import { readOciLayout, writeOciLayout } from "../../src/image/index.ts";
import { newStore, richImage, temporaryDirectory, treeOf } from "./support.ts";

const run = promisify(execFile);
const store = await newStore();

async function skipWithout(tool: string): Promise<string | false> {
  const found = await run(tool, ["--version"]).catch(() => undefined);
  return found === undefined ? `${tool} is not installed` : false;
}

function expectedTree(snapshot: Snapshot): string[] {
  const links = new Map<number, number>();
  const places = [...walk(snapshot)];
  for (const { number } of places) links.set(number, (links.get(number) ?? 0) + 1);
  return places.map(({ path, number, inode }) => {
    const { mode, uid, gid, mtime } = inode.attributes;
    const content = inode.kind === "file" ? inode.content.size : inode.kind === "symlink" ? inode.target : "";
    // A directory's link count is the host's business, and a link's mode as well.
    const count = inode.kind === "directory" ? 0 : links.get(number);
    const permissions = inode.kind === "symlink" ? 0 : mode;
    return [path, inode.kind, permissions, uid, gid, mtime.seconds, count, content].join(" ");
  });
}

function unpackedTree(root: string, path = ""): string[] {
  const at = join(root, path);
  const found = lstatSync(at);
  const kind = found.isDirectory()
    ? "directory"
    : found.isSymbolicLink()
      ? "symlink"
      : found.isFIFO()
        ? "fifo"
        : "file";
  const content = kind === "file" ? readFileSync(at).length : kind === "symlink" ? readlinkSync(at) : "";
  const count = kind === "directory" ? 0 : found.nlink;
  const permissions = kind === "symlink" ? 0 : found.mode & 0o7777;
  const line = [
    path,
    kind,
    permissions,
    found.uid,
    found.gid,
    Math.floor(found.mtimeMs / 1000),
    count,
    content,
  ];
  const names = kind === "directory" ? readdirSync(at) : [];
  return [
    line.join(" "),
    ...names.flatMap((name) => unpackedTree(root, path === "" ? name : `${path}/${name}`)),
  ];
}

for (const compression of ["gzip", "none"] as const) {
  const skip = (await skipWithout("umoci")) || (process.getuid?.() !== 0 && "only root can unpack owners");
  test(`umoci unpacks a layout (${compression}) to the same tree`, { skip }, async () => {
    const image = await richImage(store);
    const [layout, target] = [await temporaryDirectory(), join(await temporaryDirectory(), "bundle")];
    await writeOciLayout(image, layout, { store, refName: "latest", compression });
    await run("umoci", ["unpack", "--image", `${layout}:latest`, target]);
    const actual = unpackedTree(join(target, "rootfs"));
    assert.deepEqual(actual.sort(), expectedTree(treeOf(image.layers)).sort());
  });
}

for (const compression of ["gzip", "zstd", "none"] as const) {
  test(`skopeo copies a layout (${compression}), and what it copied is read`, {
    skip: await skipWithout("skopeo"),
  }, async () => {
    const image = await richImage(store);
    const [layout, copy] = [await temporaryDirectory(), await temporaryDirectory()];
    await writeOciLayout(image, layout, { store, refName: "1.0", compression });
    await run("skopeo", ["copy", "--insecure-policy", `oci:${layout}:1.0`, `oci:${copy}:2.0`]);
    const read = await readOciLayout(copy, { store: await newStore(), reference: "2.0" });
    assert.deepEqual(read.image.layers, image.layers);
  });
}
