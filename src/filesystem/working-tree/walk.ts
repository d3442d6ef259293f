import { FilesystemError } from "../errno.ts";
import type { InodeNumber, ResolveOptions } from "../types.ts";
import type { Device, DirectoryNode, Node, NodeTable } from "./nodes.ts";

/** Linux: PATH_MAX counts the NUL (limits.h); NAME_MAX; MAXSYMLINKS (include/linux/namei.h). */
const pathLimit = 4095;
const nameLimit = 255;
const linkLimit = 40;

function longerThan(text: string, limit: number): boolean {
  return text.length > limit || (text.length * 3 > limit && Buffer.byteLength(text) > limit);
}

/** Throws ENAMETOOLONG, ENOENT (empty) or EINVAL (a NUL, or text that has no UTF-8 form). */
export function checkPath(path: string): void {
  if (path === "") throw new FilesystemError("ENOENT", path);
  if (longerThan(path, pathLimit)) throw new FilesystemError("ENAMETOOLONG", `${path.slice(0, 64)}…`);
  if (path.includes("\0") || !path.isWellFormed()) throw new FilesystemError("EINVAL", JSON.stringify(path));
}

/** Throws unless `name` can be given to a new directory entry. */
export function checkName(name: string): void {
  if (name === "." || name === "..") throw new FilesystemError("EEXIST", name);
  if (name === "" || name.includes("/") || name.includes("\0") || !name.isWellFormed()) {
    throw new FilesystemError("EINVAL", JSON.stringify(name));
  }
  if (longerThan(name, nameLimit)) throw new FilesystemError("ENAMETOOLONG", `${name.slice(0, 64)}…`);
}

export interface ParentResult {
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly existing: InodeNumber | undefined;
  readonly trailingSlash: boolean;
}

/** Path resolution as path_resolution(7) has it, over the nodes and what is mounted on them. */
export class Walker {
  readonly #nodes: NodeTable;
  readonly #root: InodeNumber;
  readonly #mounts: ReadonlyMap<InodeNumber, Device>;

  constructor(nodes: NodeTable, root: InodeNumber, mounts: ReadonlyMap<InodeNumber, Device>) {
    this.#nodes = nodes;
    this.#root = root;
    this.#mounts = mounts;
  }

  resolve(path: string, options: ResolveOptions): Node {
    checkPath(path);
    const followLast = options.followLast ?? true;
    const links = { left: linkLimit };
    return this.#walk(this.#start(path, options.base), components(path), followLast, links, path);
  }

  resolveParent(path: string, options: ResolveOptions): ParentResult {
    checkPath(path);
    const links = { left: linkLimit };
    let at = this.#start(path, options.base);
    let rest = path;
    let trailingSlash = false;
    for (;;) {
      const parts = components(rest);
      while (parts[0] === "") {
        trailingSlash = true;
        parts.shift();
      }
      const name = parts.shift();
      if (name === undefined || name === "." || name === "..") throw new FilesystemError("EEXIST", path);
      const parent = this.#walk(at, parts, true, links, path);
      if (parent.kind !== "directory") throw new FilesystemError("ENOTDIR", path);
      const existing = this.lookup(parent, name, path);
      if (existing?.kind !== "symlink" || options.followLast === false) {
        return { parent, name, existing: existing?.number, trailingSlash };
      }
      rest = this.#follow(existing, links, path);
      at = rest.startsWith("/") ? this.#nodes.get(this.#root) : parent;
    }
  }

  /** The entry of a directory, crossing into what is mounted on it; undefined where there is none. */
  lookup(directory: DirectoryNode, name: string, path: string): Node | undefined {
    if (longerThan(name, nameLimit)) throw new FilesystemError("ENAMETOOLONG", path);
    const number = directory.entries.get(name);
    if (number === undefined) return undefined;
    const mounted = this.#mounts.get(number);
    if (mounted !== undefined) return this.#nodes.get(mounted.root);
    return this.child(directory, name, number);
  }

  /** The node of an entry, not crossing mounts. Directories learn here where they are. */
  child(directory: DirectoryNode, name: string, number: InodeNumber): Node {
    const known = this.#nodes.loaded(number);
    if (known !== undefined) return known;
    const node = this.#nodes.find(number);
    if (node.kind === "directory") {
      node.parent = directory.number;
      node.name = name;
    }
    return node;
  }

  #start(path: string, base: InodeNumber | undefined): Node {
    return this.#nodes.get(path.startsWith("/") ? this.#root : (base ?? this.#root));
  }

  #follow(link: Node, links: { left: number }, path: string): string {
    if (link.kind === "directory" || link.leaf.kind !== "symlink") throw new FilesystemError("EINVAL", path);
    if (links.left-- === 0) throw new FilesystemError("ELOOP", path);
    return link.leaf.target;
  }

  /** `pending` holds what is left of the path, its next component last. */
  #walk(from: Node, pending: string[], followLast: boolean, links: { left: number }, path: string): Node {
    let current = from;
    for (;;) {
      const name = pending.pop();
      if (name === undefined) return current;
      if (current.kind !== "directory") throw new FilesystemError("ENOTDIR", path);
      if (name === "" || name === ".") continue;
      if (name === "..") {
        current = this.#nodes.get(current.parent);
        continue;
      }
      const next = this.lookup(current, name, path);
      if (next === undefined) throw new FilesystemError("ENOENT", path);
      if (next.kind === "symlink" && (followLast || pending.length > 0)) {
        const target = this.#follow(next, links, path);
        pending.push(...components(target));
        if (target.startsWith("/")) current = this.#nodes.get(this.#root);
      } else {
        current = next;
      }
    }
  }
}

/**
 * The components, last one first. An empty one stands for a slash, and so for "this is a directory":
 * `a/` does what `a/.` does.
 */
function components(path: string): string[] {
  return path.split("/").reverse();
}
