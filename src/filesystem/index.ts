/** The immutable layered tree: snapshots, layers, the working tree of a build step, tar in and out. */
export { applyLayer } from "./apply-layer.ts";
export { FilesystemError } from "./errno.ts";
export { compareNames, comparePaths } from "./order.ts";
export { emptySnapshot, lookup, type Place, walk } from "./snapshot.ts";
export type * from "./types.ts";
export { createWorkingTree, type WorkingTreeLimits, type WorkingTreeOptions } from "./working-tree/index.ts";
