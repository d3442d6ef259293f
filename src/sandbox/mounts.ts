import type { Digest, Inode, InodeNumber, Snapshot, TreeDraft, WorkingTree } from "../filesystem/types.ts";
import { STREAM_MAJOR } from "./guest/host.ts";
import type { RunMount } from "./types.ts";

/** Mounts of a step: what the request asks for, and /dev, which every container has. */

const ROOT: InodeNumber = 1;
const EMPTY: Digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const TIME = { seconds: 0, nanos: 0 };

const attributes = (mode: number, uid = 0, gid = 0) => ({ mode, uid, gid, mtime: TIME, xattrs: {} });

const DEVICES: readonly (readonly [string, number, number])[] = [
  ["full", 1, 7],
  ["null", 1, 3],
  ["random", 1, 8],
  ["urandom", 1, 9],
  ["zero", 1, 5],
  ["stdin", STREAM_MAJOR, 0],
  ["stdout", STREAM_MAJOR, 1],
  ["stderr", STREAM_MAJOR, 2],
];

function deviceDirectory(): Snapshot {
  const inodes = new Map<InodeNumber, Inode>();
  const entries = new Map<string, InodeNumber>();
  for (const [index, [name, major, minor]] of DEVICES.entries()) {
    const inode = ROOT + 1 + index;
    entries.set(name, inode);
    inodes.set(inode, { kind: "character-device", attributes: attributes(0o666), major, minor });
  }
  const shm = ROOT + 1 + DEVICES.length;
  entries.set("shm", shm);
  inodes.set(shm, { kind: "directory", attributes: attributes(0o1777), entries: new Map() });
  inodes.set(ROOT, { kind: "directory", attributes: attributes(0o755), entries });
  return { inodes };
}

export function emptyDirectory(mode: number): Snapshot {
  return {
    inodes: new Map([[ROOT, { kind: "directory", attributes: attributes(mode), entries: new Map() }]]),
  };
}

function emptyFile(mode: number, uid: number, gid: number): Snapshot {
  const content = { blob: EMPTY, offset: 0, size: 0, sha256: EMPTY };
  return { inodes: new Map([[ROOT, { kind: "file", attributes: attributes(mode, uid, gid), content }]]) };
}

function mountOne(tree: WorkingTree, mount: RunMount): string | undefined {
  switch (mount.kind) {
    case "tree":
      tree.mount(mount.target, mount.snapshot, { readOnly: mount.readOnly });
      return mount.target;
    case "tmpfs":
      tree.mount(mount.target, emptyDirectory(0o1777), { readOnly: false });
      return mount.target;
    case "secret": {
      if (mount.target === undefined) return undefined;
      // The bytes live in the mounted tree alone, in memory: neither the store nor a layer sees them.
      tree.mount(mount.target, emptyFile(mount.mode, mount.uid, mount.gid), { readOnly: false });
      tree.write(tree.resolve(mount.target), 0, mount.bytes);
      return mount.target;
    }
  }
}

/** Mounts everything, outer targets first; the function returned takes it all back. */
export function mountAll(
  tree: WorkingTree,
  mounts: readonly RunMount[],
): () => { readonly mountChanges: ReadonlyMap<string, TreeDraft> } {
  const depth = (mount: RunMount) => (mount.target ?? "").split("/").length;
  const sorted = [...mounts].sort((left, right) => depth(left) - depth(right));
  const mounted: { target: string; key: string | undefined }[] = [];
  tree.mount("/dev", deviceDirectory(), { readOnly: false });
  mounted.push({ target: "/dev", key: undefined });
  for (const mount of sorted) {
    const target = mountOne(tree, mount);
    if (target !== undefined) mounted.push({ target, key: mount.kind === "tree" ? mount.key : undefined });
  }
  return () => {
    const mountChanges = new Map<string, TreeDraft>();
    for (const { target, key } of mounted.reverse()) {
      const draft = tree.unmount(target);
      if (key !== undefined) mountChanges.set(key, draft);
    }
    return { mountChanges };
  };
}

/** The variables through which secrets with `env=` are handed over. */
export function secretEnvironment(mounts: readonly RunMount[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const mount of mounts) {
    if (mount.kind === "secret" && mount.environmentVariable !== undefined) {
      environment[mount.environmentVariable] = new TextDecoder().decode(mount.bytes);
    }
  }
  return environment;
}
