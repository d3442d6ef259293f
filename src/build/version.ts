/** Boxwright's version: part of cache keys and of every component's metadata. */
export const version = "0.1.0";
