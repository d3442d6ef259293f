/** image-spec, layer.md, "Whiteouts": a removal is a file with a prefixed name beside what it removes. */

import { layerInvalidWhiteout } from "../../errors/filesystem.ts";
import type { LayerChange } from "../types.ts";

const prefix = ".wh.";
const opaqueName = ".wh..wh..opq";
/** What AUFS kept for itself in its layers; unpackers ignore it. */
const reservedPrefix = ".wh..wh.";

function split(path: string): { readonly directory: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { directory: path.slice(0, slash + 1), name: path.slice(slash + 1) };
}

export function whiteoutName(path: string): string {
  const { directory, name } = split(path);
  return `${directory}${prefix}${name}`;
}

/** Whether a file of this name would be taken for a whiteout. */
export function hasReservedName(path: string): boolean {
  return path.split("/").some((name) => name.startsWith(prefix));
}

export function opaqueMarker(path: string): string {
  return path === "" ? opaqueName : `${path}/${opaqueName}`;
}

/** What a name in a layer's tar removes; "ordinary" where it is no whiteout. Throws LAYER_INVALID_WHITEOUT. */
export function decodeWhiteout(path: string): LayerChange | "reserved" | "ordinary" {
  const { directory, name } = split(path);
  if (!name.startsWith(prefix)) return "ordinary";
  if (name === opaqueName) return { kind: "opaque", path: directory.slice(0, -1) };
  if (name.startsWith(reservedPrefix)) return "reserved";
  const removed = name.slice(prefix.length);
  if (removed === "" || removed === "." || removed === "..") throw layerInvalidWhiteout(path);
  return { kind: "whiteout", path: directory + removed };
}
