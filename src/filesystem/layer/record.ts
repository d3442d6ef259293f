import { layerInvalidRecord } from "../../errors/filesystem.ts";
import { isDigest } from "../../store/digest.ts";
import type { Attributes, DeviceKind, FileContent, Layer, LayerChange, Leaf } from "../types.ts";

/**
 * A layer from a record of the store. Layers are plain data, so that `JSON.stringify` writes them; this reads
 * them back, taking nothing on trust. Throws LAYER_INVALID_RECORD.
 */
export function parseLayer(value: unknown): Layer {
  const { diffId, size, changes } = object(value);
  if (!isDigest(diffId)) throw layerInvalidRecord("its digest is wrong");
  if (!Array.isArray(changes)) throw layerInvalidRecord("it has no changes");
  return { diffId, size: natural(size), changes: changes.map(parseChange) };
}

function parseChange(value: unknown): LayerChange {
  const { kind, path, attributes, target, inode } = object(value);
  const at = text(path);
  if (kind === "directory") return { kind, path: at, attributes: parseAttributes(attributes) };
  if (kind === "hard-link") return { kind, path: at, target: text(target) };
  if (kind === "leaf") return { kind, path: at, inode: parseLeaf(inode) };
  if (kind === "whiteout" || kind === "opaque") return { kind, path: at };
  throw layerInvalidRecord("a change is of an unknown kind");
}

const devices: readonly string[] = ["character-device", "block-device", "fifo"] satisfies DeviceKind[];

function parseLeaf(value: unknown): Leaf {
  const { kind, content, target, major, minor, attributes: given } = object(value);
  const attributes = parseAttributes(given);
  if (kind === "file") return { kind, attributes, content: parseContent(content) };
  if (kind === "symlink") return { kind, attributes, target: text(target) };
  if (typeof kind !== "string" || !devices.includes(kind))
    throw layerInvalidRecord("an inode is of an unknown kind");
  return { kind: kind as DeviceKind, attributes, major: natural(major), minor: natural(minor) };
}

function parseContent(value: unknown): FileContent {
  const { blob, offset, size, sha256 } = object(value);
  if (!isDigest(blob) || !isDigest(sha256)) throw layerInvalidRecord("a file's digest is wrong");
  return { blob, offset: natural(offset), size: natural(size), sha256 };
}

function parseAttributes(value: unknown): Attributes {
  const { mode, uid, gid, mtime, xattrs } = object(value);
  const { seconds, nanos } = object(mtime);
  if (!Number.isSafeInteger(seconds) || natural(nanos) >= 1e9) throw layerInvalidRecord("a time is wrong");
  if (natural(mode) > 0o7777) throw layerInvalidRecord("a mode is wrong");
  const parsed = Object.entries(object(xattrs)).map(([name, bytes]) => [name, text(bytes)] as const);
  return {
    mode: natural(mode),
    uid: natural(uid),
    gid: natural(gid),
    mtime: { seconds: Number(seconds), nanos: natural(nanos) },
    xattrs: Object.fromEntries(parsed),
  };
}

function object(value: unknown): Record<string, unknown> & ParsedFields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw layerInvalidRecord("it has another shape");
  }
  return value as ParsedFields;
}

/** The names that are looked at, each of unknown type until it is checked. */
type ParsedFields = Record<
  | "diffId"
  | "size"
  | "changes"
  | "kind"
  | "path"
  | "attributes"
  | "target"
  | "inode"
  | "content"
  | "major"
  | "minor"
  | "blob"
  | "offset"
  | "sha256"
  | "mode"
  | "uid"
  | "gid"
  | "mtime"
  | "xattrs"
  | "seconds"
  | "nanos",
  unknown
>;

function natural(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw layerInvalidRecord("a number is wrong");
  }
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw layerInvalidRecord("a text is missing");
  return value;
}
