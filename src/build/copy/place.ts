import type { FileMode } from "../../dockerfile/index.ts";
import { applyFileMode } from "../../dockerfile/index.ts";
import { cannotReplace, tooDeep } from "../../errors/build.ts";
import type { Attributes, Digest, InodeNumber, WorkingTree } from "../../filesystem/types.ts";
import { baseName, joinPath, type SourceContent } from "../context/source-tree.ts";
import type { Owner } from "./owner.ts";
import type { SelectedEntry, Selection } from "./select.ts";

export interface PlaceOptions {
  /** Absolute; a trailing slash makes it a directory. */
  readonly destination: string;
  readonly owner: Owner | undefined;
  readonly mode: FileMode | undefined;
  readonly parents: boolean;
  /** The digest of every file content among the entries, and the size. */
  readonly digestOf: (content: SourceContent) => { readonly digest: Digest; readonly size: number };
}

/**
 * Puts a selection into the tree as BuildKit's copy does: a directory's contents go into the destination; a
 * file goes into a destination that is a directory, else becomes it. Directories that had to be made, and
 * existing ones below the destination, get the owner and mode; the destination itself stays as it was.
 * Throws COPY_CONFLICT.
 */
export function placeSelection(tree: WorkingTree, selection: Selection, options: PlaceOptions): void {
  const [top] = selection.entries;
  if (top === undefined) return;
  const isDirectory = top.path === "" && top.node.kind === "directory";
  const above = options.parents ? joinPath(selection.parents, isDirectory ? selection.name : "") : "";
  const destination =
    above === "" ? options.destination : `${options.destination.replace(/\/*$/, "/")}${above}/`;
  const made: Partial<Attributes> = options.owner ?? {};
  const links = new Map<string, InodeNumber>();
  if (isDirectory || top.path !== "") {
    const directory = ensureDirectory(tree, destination, made);
    placeBelow(tree, directory, selection.entries, options, links);
    return;
  }
  const existing = directoryAt(tree, destination);
  if (existing !== undefined || destination.endsWith("/")) {
    const directory = existing ?? ensureDirectory(tree, destination, made);
    placeEntry(tree, directory, selection.name, top, options, links);
    return;
  }
  const slash = destination.lastIndexOf("/");
  const directory = ensureDirectory(tree, destination.slice(0, slash + 1), made);
  // A link at the destination stays, and what it leads to becomes the file: BuildKit resolves all of the
  // destination within the root (fsutil's copy, fs.RootPath) before it replaces what is there.
  const place = followLast(tree, directory, destination.slice(slash + 1));
  placeEntry(tree, place.parent, place.name, top, options, links);
}

function followLast(tree: WorkingTree, base: InodeNumber, name: string) {
  try {
    return tree.resolveParent(name, { base });
  } catch {
    throw cannotReplace(joinPath(tree.pathOf(base).slice(1), name), "the link there leads nowhere");
  }
}

function placeBelow(
  tree: WorkingTree,
  root: InodeNumber,
  entries: readonly SelectedEntry[],
  options: PlaceOptions,
  links: Map<string, InodeNumber>,
): void {
  const directories = new Map<string, InodeNumber>([["", root]]);
  // Directories come before what is in them; a directory that was excluded is made when something below it is not.
  const directory = (path: string): InodeNumber => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parent = directory(path.slice(0, Math.max(slash, 0)));
    const made = makeDirectory(tree, parent, baseName(path), options.owner ?? {});
    directories.set(path, made);
    return made;
  };
  for (const entry of entries) {
    if (entry.path === "") continue;
    const slash = entry.path.lastIndexOf("/");
    const parent = directory(entry.path.slice(0, Math.max(slash, 0)));
    const placed = placeEntry(tree, parent, baseName(entry.path), entry, options, links);
    if (entry.node.kind === "directory") directories.set(entry.path, placed);
  }
}

function placeEntry(
  tree: WorkingTree,
  parent: InodeNumber,
  name: string,
  { node }: SelectedEntry,
  options: PlaceOptions,
  links: Map<string, InodeNumber>,
): InodeNumber {
  const attributes = changed(node.attributes, node.kind, options);
  if (node.kind === "directory") {
    const made = makeDirectory(tree, parent, name, attributes);
    tree.setAttributes(made, attributes);
    return made;
  }
  removeLeaf(tree, parent, name);
  if (node.kind === "symlink")
    return tree.create(parent, name, { kind: "symlink", target: node.target, attributes });
  const linked = node.sameAs === undefined ? undefined : links.get(node.sameAs);
  if (linked !== undefined) {
    tree.link(linked, parent, name);
    return linked;
  }
  const { digest, size } = options.digestOf(node.content);
  const content =
    node.content.kind === "stored" ? node.content.content : { blob: digest, offset: 0, size, sha256: digest };
  const placed = tree.placeFile(parent, name, content, attributes);
  if (node.sameAs !== undefined) links.set(node.sameAs, placed);
  return placed;
}

function changed(
  attributes: Attributes,
  kind: SelectedEntry["node"]["kind"],
  options: PlaceOptions,
): Attributes {
  const owned = options.owner === undefined ? attributes : { ...attributes, ...options.owner };
  if (options.mode === undefined || kind === "symlink") return owned;
  return { ...owned, mode: applyFileMode(options.mode, owned.mode, kind === "directory") };
}

function makeDirectory(
  tree: WorkingTree,
  parent: InodeNumber,
  name: string,
  attributes: Partial<Attributes>,
): InodeNumber {
  const place = tree.resolveParent(name, { base: parent, followLast: false });
  if (place.existing === undefined) return tree.create(parent, name, { kind: "directory", attributes });
  if (tree.stat(place.existing).kind === "directory") return place.existing;
  throw cannotReplace(joinPath(tree.pathOf(parent).slice(1), name), "it is not a directory there");
}

function removeLeaf(tree: WorkingTree, parent: InodeNumber, name: string): void {
  const { existing } = tree.resolveParent(name, { base: parent, followLast: false });
  if (existing === undefined) return;
  if (tree.stat(existing).kind === "directory") {
    throw cannotReplace(joinPath(tree.pathOf(parent).slice(1), name), "it is a directory there");
  }
  tree.unlink(parent, name);
}

function directoryAt(tree: WorkingTree, path: string): InodeNumber | undefined {
  try {
    const inode = tree.resolve(path);
    return tree.stat(inode).kind === "directory" ? inode : undefined;
  } catch {
    return undefined;
  }
}

const linkLimit = 40;

/**
 * `mkdir -p` where every directory that is made gets the attributes. Links on the way are followed inside the root,
 * and what they lead to is made too. Throws COPY_CONFLICT, SYMLINK_LOOP.
 */
export function ensureDirectory(
  tree: WorkingTree,
  path: string,
  attributes: Partial<Attributes>,
): InodeNumber {
  const pending = path.split("/").reverse();
  let at = tree.resolve("/");
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = tree.resolve("..", { base: at });
      continue;
    }
    const { existing } = tree.resolveParent(name, { base: at, followLast: false });
    const kind = existing === undefined ? undefined : tree.stat(existing).kind;
    if (existing === undefined) {
      at = tree.create(at, name, { kind: "directory", attributes: { mode: 0o755, ...attributes } });
    } else if (kind === "symlink") {
      if (++links > linkLimit) throw tooDeep(path);
      const target = tree.readLink(existing);
      if (target.startsWith("/")) at = tree.resolve("/");
      pending.push(...target.split("/").reverse());
    } else if (kind === "directory") {
      at = existing;
    } else {
      throw cannotReplace(path.slice(1), "it is not a directory there");
    }
  }
  return at;
}
