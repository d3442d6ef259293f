import { layerInvalidPath, layerLinkLoop, layerLinkTarget } from "../errors/filesystem.ts";
import { rootUserDirectory } from "./attributes.ts";
import { FilesystemError } from "./errno.ts";
import { type Place, rootNumber, walkPath } from "./snapshot.ts";
import type { DirectoryInode, Inode, InodeNumber, LayerChange, Snapshot } from "./types.ts";

/**
 * The tree after a layer. Whiteouts and opaque marks remove what the lower layers had, wherever they stand
 * among the changes (image-spec, layer.md, "Whiteouts"). As in other unpackers, directories on the way to an
 * entry are created when missing and may be symbolic links, which are resolved inside the root.
 */
export function applyLayer(snapshot: Snapshot, changes: readonly LayerChange[]): Snapshot {
  const builder = new Builder(snapshot);
  for (const change of changes) {
    if (change.kind === "whiteout") builder.remove(change.path);
    else if (change.kind === "opaque") builder.empty(change.path);
  }
  for (const change of changes) {
    if (change.kind === "directory") builder.putDirectory(change.path, change.attributes);
    else if (change.kind === "leaf") builder.put(change.path, builder.add(change.inode));
    else if (change.kind === "hard-link") builder.link(change.path, change.target);
  }
  return builder.finish();
}

type MutableDirectory = DirectoryInode & { readonly entries: Map<string, InodeNumber> };

class Builder {
  readonly #inodes: Map<InodeNumber, Inode>;
  /** Directories whose entries were copied already. */
  readonly #own = new Map<InodeNumber, MutableDirectory>();
  #next: number;

  constructor(snapshot: Snapshot) {
    this.#inodes = new Map(snapshot.inodes);
    this.#next = rootNumber + 1;
    for (const number of this.#inodes.keys()) if (number >= this.#next) this.#next = number + 1;
  }

  add(inode: Inode): InodeNumber {
    this.#inodes.set(this.#next, inode);
    return this.#next++;
  }

  remove(path: string): void {
    const { parent, name } = split(path);
    const directory = this.#find(parent);
    if (directory?.inode.kind === "directory" && directory.inode.entries.has(name)) {
      this.#writable(directory.number).entries.delete(name);
    }
  }

  empty(path: string): void {
    const directory = this.#find(path);
    if (directory?.inode.kind === "directory") this.#writable(directory.number).entries.clear();
  }

  put(path: string, number: InodeNumber): void {
    const { parent, name } = split(path);
    this.#writable(this.#makeDirectory(parent)).entries.set(name, number);
  }

  putDirectory(path: string, attributes: DirectoryInode["attributes"]): void {
    let number = rootNumber;
    if (path !== "") {
      const { parent, name } = split(path);
      const directory = this.#writable(this.#makeDirectory(parent));
      const existing = directory.entries.get(name);
      if (existing === undefined || this.#inodes.get(existing)?.kind !== "directory") {
        directory.entries.set(name, this.add({ kind: "directory", attributes, entries: new Map() }));
        return;
      }
      number = existing;
    }
    const changed = { ...this.#writable(number), attributes };
    this.#own.set(number, changed);
    this.#inodes.set(number, changed);
  }

  link(path: string, target: string): void {
    const { parent, name } = split(target);
    const directory = this.#find(parent);
    const number = directory?.inode.kind === "directory" ? directory.inode.entries.get(name) : undefined;
    const inode = number === undefined ? undefined : this.#inodes.get(number);
    if (number === undefined || inode === undefined || inode.kind === "directory") {
      throw layerLinkTarget(path, target);
    }
    this.put(path, number);
  }

  /** Without the inodes that no entry leads to any more. */
  finish(): Snapshot {
    const reachable = new Set<InodeNumber>([rootNumber]);
    for (const number of reachable) {
      const inode = this.#inodes.get(number);
      if (inode?.kind === "directory") for (const child of inode.entries.values()) reachable.add(child);
    }
    for (const number of this.#inodes.keys()) if (!reachable.has(number)) this.#inodes.delete(number);
    return { inodes: this.#inodes };
  }

  #find(path: string): Place | undefined {
    return guarded(path, () => walkPath(this.#inodes, path, { followLast: true }));
  }

  #makeDirectory(path: string): InodeNumber {
    const onMissing = (parent: InodeNumber, name: string): InodeNumber => {
      // The name may come from a symbolic link's target.
      checkName(name, path);
      const number = this.add({ kind: "directory", attributes: rootUserDirectory, entries: new Map() });
      this.#writable(parent).entries.set(name, number);
      return number;
    };
    const place = guarded(path, () => walkPath(this.#inodes, path, { followLast: true, onMissing }));
    if (place?.inode.kind !== "directory") throw layerInvalidPath(path);
    return place.number;
  }

  #writable(number: InodeNumber): MutableDirectory {
    const known = this.#own.get(number);
    if (known !== undefined) return known;
    const inode = this.#inodes.get(number);
    if (inode?.kind !== "directory") throw new Error(`inode ${number} is not a directory`);
    const copy = { ...inode, entries: new Map(inode.entries) };
    this.#own.set(number, copy);
    this.#inodes.set(number, copy);
    return copy;
  }
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof FilesystemError) throw layerLinkLoop(path);
    throw error;
  }
}

function split(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  for (const part of path.split("/")) checkName(part, path);
  return { parent: path.slice(0, Math.max(slash, 0)), name };
}

function checkName(name: string, path: string): void {
  const bad = name === "" || name === "." || name === ".." || name.includes("\0") || !name.isWellFormed();
  if (bad || Buffer.byteLength(name) > 255) throw layerInvalidPath(path);
}
