import { FilesystemError } from "../errno.ts";
import type { InodeNumber, Snapshot, TreeDraft } from "../types.ts";
import { diff, leafAsDraft } from "./diff.ts";
import { emptyContent } from "./file-data.ts";
import type { DirectoryNode, Node } from "./nodes.ts";
import type { TreeState } from "./state.ts";

interface Mount {
  readonly path: string;
  readonly covered: InodeNumber;
  /** What was created to be mounted on, outermost first. */
  readonly placeholders: readonly {
    readonly parent: DirectoryNode;
    readonly name: string;
    readonly node: Node;
  }[];
}

const nothing: Snapshot = { inodes: new Map() };

/** Mounts snapshots over a tree, without a trace in the tree itself (not even a directory's mtime). */
export class Mounts {
  readonly #state: TreeState;
  readonly #mounts: Mount[] = [];

  constructor(state: TreeState) {
    this.#state = state;
  }

  /** A snapshot whose inode 1 is a file is mounted on a file. Throws ENOTDIR or EISDIR where they differ. */
  mount(path: string, what: Snapshot, readOnly: boolean): void {
    const state = this.#state;
    const root = what.inodes.get(1);
    if (root === undefined) throw new FilesystemError("EINVAL", path);
    const isDirectory = root.kind === "directory";
    const placeholders: Mount["placeholders"][number][] = [];
    let at: Node = state.directory(state.device.root);
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.length === 0 || parts.includes("..")) throw new FilesystemError("EINVAL", path);
    try {
      for (const [i, name] of parts.entries()) {
        at = this.#step(at, name, isDirectory || i < parts.length - 1, path, placeholders);
      }
      if ((at.kind === "directory") !== isDirectory) {
        throw new FilesystemError(isDirectory ? "ENOTDIR" : "EISDIR", path);
      }
      if (this.#isMounted(at.number)) throw new FilesystemError("EBUSY", path);
    } catch (error) {
      this.#removePlaceholders(placeholders);
      throw error;
    }
    const device = state.nodes.addDevice(what, readOnly);
    const mountRoot = state.nodes.get(device.root);
    if (mountRoot.kind === "directory" && at.kind === "directory") {
      mountRoot.parent = at.parent;
      mountRoot.name = at.name;
    }
    // What is mounted on stays, whatever happens to its names meanwhile.
    at.holds++;
    state.mounts.set(at.number, device);
    this.#mounts.push({ path, covered: at.number, placeholders });
  }

  unmount(path: string): TreeDraft {
    const index = this.#mounts.findLastIndex((mount) => mount.path === path);
    const mount = this.#mounts[index];
    const device = mount === undefined ? undefined : this.#state.mounts.get(mount.covered);
    if (mount === undefined || device === undefined) throw new FilesystemError("EINVAL", path);
    for (const covered of this.#state.mounts.keys()) {
      if (this.#state.nodes.find(covered).device === device) throw new FilesystemError("EBUSY", path);
    }
    const root = this.#state.nodes.find(device.root);
    const changes =
      root.kind === "directory"
        ? diff(this.#state.nodes, this.#state.walker, device, nothing, new Set())
        : [leafAsDraft("", root)];
    this.#mounts.splice(index, 1);
    this.#state.mounts.delete(mount.covered);
    this.#state.release(device);
    this.#state.nodes.find(mount.covered).holds--;
    this.#removePlaceholders(mount.placeholders);
    return { changes };
  }

  /** Placeholders in which nobody put anything: they are no part of what changed. */
  ignored(): ReadonlySet<InodeNumber> {
    const ignored = new Set<InodeNumber>();
    for (const mount of this.#mounts.toReversed()) {
      for (const { node } of mount.placeholders.toReversed()) {
        const empty =
          node.kind !== "directory" || [...node.entries.values()].every((entry) => ignored.has(entry));
        if (empty) ignored.add(node.number);
      }
    }
    return ignored;
  }

  #isMounted(number: InodeNumber): boolean {
    return [...this.#state.mounts.values()].some((device) => device.root === number);
  }

  #step(
    from: Node,
    name: string,
    wantsDirectory: boolean,
    path: string,
    placeholders: Mount["placeholders"][number][],
  ): Node {
    const state = this.#state;
    if (from.kind !== "directory") throw new FilesystemError("ENOTDIR", path);
    const options = { base: from.number };
    const existing = state.walker.lookup(from, name, path);
    if (existing !== undefined)
      return existing.kind === "symlink" ? state.walker.resolve(name, options) : existing;
    const node = this.#placeholder(from, wantsDirectory);
    state.nodes.add(node);
    state.addEntry(from, name, node);
    placeholders.push({ parent: from, name, node });
    return node;
  }

  #placeholder(parent: DirectoryNode, wantsDirectory: boolean): Node {
    const number = this.#state.allocate();
    const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: this.#state.now(), xattrs: {} };
    const common = { number, device: parent.device, attributes, links: 1, holds: 0, origin: undefined };
    if (wantsDirectory) {
      return { ...common, kind: "directory", entries: new Map(), parent: 0, name: "", subdirectories: 0 };
    }
    const leaf = { kind: "file", attributes, content: emptyContent } as const;
    return { ...common, kind: "file", leaf, data: undefined };
  }

  #removePlaceholders(placeholders: Mount["placeholders"]): void {
    for (const { parent, name, node } of placeholders.toReversed()) {
      if (node.kind === "directory" && node.entries.size > 0) return;
      if (parent.entries.get(name) !== node.number) return;
      this.#state.removeEntry(parent, name, node);
      node.links = 0;
      this.#state.reclaim(node);
    }
  }
}
