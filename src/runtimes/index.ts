/** The runtimes that come with Boxwright: which there are, and which one stands in for a base image. */

export {
  findRuntime,
  listRuntimes,
  loadRuntime,
  type Runtime,
  type RuntimeMatch,
  runtimeFile,
} from "./runtimes.ts";
