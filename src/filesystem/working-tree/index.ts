export type { WorkingTreeLimits } from "./state.ts";
export { createWorkingTree, type WorkingTreeOptions } from "./tree.ts";
