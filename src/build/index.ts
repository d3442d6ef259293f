/** The build engine: a Dockerfile and its context become a component, a module, or an OCI image layout. */
export { build, check, type DockerfileSource, sourceOf } from "./build.ts";
export { homeDirectory } from "./home.ts";
export { type Pruned, type PruneOptions, prune } from "./prune.ts";
export type * from "./types.ts";
export { version } from "./version.ts";
