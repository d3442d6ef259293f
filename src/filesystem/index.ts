/** The immutable layered tree: snapshots, layers, the working tree of a build step, tar in and out. */
export { applyLayer } from "./apply-layer.ts";
export { FilesystemError } from "./errno.ts";
export { readHostFile, readSmallHostFile } from "./host-file.ts";
export { isArchive, type ReadLayerOptions, readLayer } from "./layer/read.ts";
export { parseLayer } from "./layer/record.ts";
export { writeLayer } from "./layer/write.ts";
export { compareNames, comparePaths } from "./order.ts";
export { compileIgnore, compileIgnorePatterns, type IgnoreMatcher } from "./pattern/ignore.ts";
export { compilePattern, hasWildcard, type PathPattern } from "./pattern/wildcard.ts";
export { emptySnapshot, lookup, type Place, walk } from "./snapshot.ts";
export { type Compression, decompress, sniffCompression } from "./tar/decompress.ts";
export { treeDigest } from "./tree-digest.ts";
export type * from "./types.ts";
export { createWorkingTree, type WorkingTreeLimits, type WorkingTreeOptions } from "./working-tree/index.ts";
