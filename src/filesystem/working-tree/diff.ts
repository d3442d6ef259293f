import { sameAttributes } from "../attributes.ts";
import { compareNames, comparePaths } from "../order.ts";
import type { DirectoryInode, DraftChange, Inode, InodeNumber, Snapshot } from "../types.ts";
import type { Device, DirectoryNode, LeafNode, NodeTable } from "./nodes.ts";
import { leafLinks } from "./nodes.ts";
import type { Walker } from "./walk.ts";

interface LeafPlace {
  readonly path: string;
  readonly changed: boolean;
}

export function leafAsDraft(path: string, node: LeafNode): DraftChange {
  const { attributes, leaf, data } = node;
  if (data !== undefined) return { kind: "new-file", path, attributes, bytes: data.bytes().slice() };
  return { kind: "leaf", path, inode: { ...leaf, attributes } };
}

function modified(node: LeafNode): boolean {
  if (node.origin === undefined || node.data !== undefined) return true;
  return !sameAttributes(node.attributes, node.origin.attributes);
}

/**
 * What turns `base` into the device's tree as it is now: whiteouts by path, then additions by path, each in
 * path order (which is the order of the walk). An inode with several names is given whole: its first name
 * as the leaf, the others as hard links to it, so that the layer needs nothing of the layers below.
 */
export function diff(
  nodes: NodeTable,
  walker: Walker,
  device: Device,
  base: Snapshot,
  ignored: ReadonlySet<InodeNumber>,
): DraftChange[] {
  const whiteouts: DraftChange[] = [];
  const additions: { readonly path: string; readonly change: DraftChange }[] = [];
  const shared = new Map<InodeNumber, { readonly node: LeafNode; readonly places: LeafPlace[] }>();
  // An unvisited directory has nothing new in it, unless a file in it was changed under another name.
  const links = leafLinks(base);
  let sharedChange = false;
  for (const node of nodes.allLoaded()) {
    if (node.device !== device || node.kind === "directory") continue;
    if (links.has(node.number - device.base) && modified(node)) sharedChange = true;
  }

  const baseInode = (number: InodeNumber | undefined): Inode | undefined =>
    number === undefined ? undefined : base.inodes.get(number);

  function visitDirectory(node: DirectoryNode, path: string, below: DirectoryInode | undefined): void {
    if (below === undefined || !sameAttributes(node.attributes, below.attributes)) {
      additions.push({ path, change: { kind: "directory", path, attributes: node.attributes } });
    }
    const prefix = path === "" ? "" : `${path}/`;
    for (const name of [...(below?.entries.keys() ?? [])].sort(compareNames)) {
      if (!node.entries.has(name)) whiteouts.push({ kind: "whiteout", path: prefix + name });
    }
    for (const name of [...node.entries.keys()].sort(compareNames)) {
      const number = node.entries.get(name);
      if (number === undefined || ignored.has(number)) continue;
      const belowNumber = below?.entries.get(name);
      const sameInode = belowNumber !== undefined && belowNumber + device.base === number;
      if (sameInode && !sharedChange && nodes.loaded(number) === undefined) continue;
      visit(node, name, number, prefix + name, belowNumber, sameInode);
    }
  }

  function visit(
    parent: DirectoryNode,
    name: string,
    number: InodeNumber,
    path: string,
    belowNumber: InodeNumber | undefined,
    sameInode: boolean,
  ): void {
    const node = walker.child(parent, name, number);
    if (node.kind === "directory") {
      const below = baseInode(belowNumber);
      visitDirectory(node, path, below?.kind === "directory" ? below : undefined);
      return;
    }
    const changed = !sameInode || modified(node);
    if (node.links > 1) {
      const known = shared.get(number);
      if (known === undefined) shared.set(number, { node, places: [{ path, changed }] });
      else known.places.push({ path, changed });
    } else if (changed) {
      additions.push({ path, change: leafAsDraft(path, node) });
    }
  }

  const root = nodes.find(device.root);
  if (root.kind !== "directory") return modified(root) ? [leafAsDraft("", root)] : [];
  const below = base.inodes.get(1);
  visitDirectory(root, "", below?.kind === "directory" ? below : undefined);
  return [...whiteouts, ...merge(additions, shared.values())];
}

/** Puts the groups of hard links among the other additions, all in the order of their paths. */
function merge(
  additions: readonly { readonly path: string; readonly change: DraftChange }[],
  groups: Iterable<{ readonly node: LeafNode; readonly places: readonly LeafPlace[] }>,
): DraftChange[] {
  const all = [...additions];
  for (const { node, places } of groups) {
    const first = places[0];
    if (first === undefined || !places.some(({ changed }) => changed)) continue;
    all.push({ path: first.path, change: leafAsDraft(first.path, node) });
    for (const { path } of places.slice(1)) {
      all.push({ path, change: { kind: "hard-link", path, target: first.path } });
    }
  }
  return all.sort((a, b) => comparePaths(a.path, b.path)).map(({ change }) => change);
}
