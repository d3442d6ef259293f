/** OCI images: configuration, manifests, layout directories, and what becomes of them in the store. */
export { encodeImageConfig, parseImageConfig } from "./config.ts";
export { type ImageSource, type ImportOptions, importImage } from "./import.ts";
export { type ReadLayoutOptions, readOciLayout } from "./layout-read.ts";
export { type WriteLayoutOptions, writeOciLayout } from "./layout-write.ts";
export type { Platform } from "./manifest.ts";
export type * from "./types.ts";
