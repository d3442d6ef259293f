import type { Attributes, WorkingTree } from "../filesystem/types.ts";

/** The tree, in which what is newly made belongs to the step's user. */
export function ownedTree(
  tree: WorkingTree,
  user: { readonly uid: number; readonly gid: number },
): WorkingTree {
  const own = (attributes: Partial<Attributes> = {}) => ({ ...user, ...attributes });
  return {
    ...tree,
    create: (parent, name, what) => tree.create(parent, name, { ...what, attributes: own(what.attributes) }),
    writeFile: (path, bytes, attributes) => tree.writeFile(path, bytes, own(attributes)),
    makeDirectories: (path, attributes) => tree.makeDirectories(path, own(attributes)),
  };
}
