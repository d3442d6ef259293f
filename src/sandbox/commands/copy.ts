import type { InodeNumber, WorkingTree } from "../../filesystem/types.ts";

export interface CopyOptions {
  readonly recursive: boolean;
  readonly umask: number;
  /** Keep mode, owner and times (`-p`, `-a`). */
  readonly preserve?: boolean;
  /** What a symbolic link becomes: "follow" copies what it points to. Links inside a copied tree are kept. */
  readonly links?: "follow" | "keep";
}

const CHUNK = 1024 * 1024;

const failure = (errno: string, path: string) => Object.assign(new Error(path), { errno });

function copyBytes(tree: WorkingTree, from: InodeNumber, to: InodeNumber): void {
  const buffer = new Uint8Array(CHUNK);
  tree.truncate(to, 0);
  for (let position = 0; ; ) {
    const count = tree.read(from, position, buffer);
    if (count === 0) return;
    tree.write(to, position, buffer.subarray(0, count));
    position += count;
  }
}

/** Copies a file or directory to exactly `to`. Throws with a POSIX name. */
export function copyTree(tree: WorkingTree, from: string, to: string, options: CopyOptions): void {
  const { recursive, umask, preserve = false, links = "follow" } = options;
  const source = tree.resolve(from, { followLast: links === "follow" });
  const { kind, inode } = tree.stat(source);
  const attributes = tree.attributes(source);
  const target = tree.resolveParent(to, { followLast: false });
  const mode = preserve ? attributes.mode : attributes.mode & 0o777 & ~umask;
  if (kind === "directory") {
    if (!recursive) throw failure("EISDIR", from);
    const directory =
      target.existing === undefined
        ? tree.create(target.parent, target.name, { kind: "directory", attributes: { mode } })
        : tree.resolve(to);
    if (tree.stat(directory).kind !== "directory") throw failure("ENOTDIR", to);
    if (isInside(tree, directory, inode)) throw failure("EINVAL", to);
    for (const entry of tree.readDirectory(source)) {
      copyTree(tree, `${from}/${entry.name}`, `${to}/${entry.name}`, { ...options, links: "keep" });
    }
    if (preserve) tree.setAttributes(directory, attributes);
    return;
  }
  if (kind === "symlink") {
    if (target.existing !== undefined) tree.unlink(target.parent, target.name);
    const link = tree.readLink(source);
    const created = tree.create(target.parent, target.name, {
      kind: "symlink",
      target: link,
      attributes: {},
    });
    if (preserve) tree.setAttributes(created, attributes);
    return;
  }
  if (kind !== "file") throw failure("ENOTSUP", from);
  const existing = target.existing === undefined ? undefined : tree.resolve(to);
  if (existing === source) throw failure("EINVAL", to);
  const file = existing ?? tree.create(target.parent, target.name, { kind: "file", attributes: { mode } });
  copyBytes(tree, source, file);
  if (preserve) tree.setAttributes(file, attributes);
}

function isInside(tree: WorkingTree, directory: InodeNumber, ancestor: InodeNumber): boolean {
  const inner = tree.pathOf(directory);
  const outer = tree.pathOf(ancestor);
  return inner === outer || inner.startsWith(outer === "/" ? "/" : `${outer}/`);
}
