import { tooDeep } from "../../errors/build.ts";
import type { Attributes, FileContent } from "../../filesystem/types.ts";

/** What tells whether a host file is still the one whose digest is known. */
export interface HostIdentity {
  readonly inode: string;
  readonly size: number;
  readonly mtime: string;
  readonly ctime: string;
}

/** Where a source file's bytes are. Nothing is read until a digest or the bytes are asked for. */
export type SourceContent =
  | { readonly kind: "stored"; readonly content: FileContent }
  | { readonly kind: "host"; readonly path: string; readonly identity: HostIdentity }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

export type SourceNode =
  | { readonly kind: "directory"; readonly attributes: Attributes }
  | {
      readonly kind: "file";
      readonly attributes: Attributes;
      readonly content: SourceContent;
      /** Equal for the names of one file; undefined where it has one name. */
      readonly sameAs: string | undefined;
    }
  | { readonly kind: "symlink"; readonly attributes: Attributes; readonly target: string }
  /** Devices, sockets, pipes. */
  | { readonly kind: "special"; readonly attributes: Attributes };

/**
 * Where COPY and ADD take files from: the build context, a stage, an image. Paths are relative to the root,
 * normalised, without a leading slash; the root is "". Synchronous, since a context of many files is walked at
 * every build and only its metadata is looked at.
 */
export interface SourceTree {
  /** No symbolic link is followed. Undefined: not there, or left out by .dockerignore. */
  node(path: string): SourceNode | undefined;
  /** Sorted by code units; without what .dockerignore leaves out. */
  names(directory: string): readonly string[];
  /** Whether .dockerignore leaves out a path, for messages. */
  isIgnored(path: string): boolean;
}

const linkLimit = 40;

/**
 * The path that a path leads to once all symbolic links in it are followed, `..` staying inside the root.
 * Undefined if something on the way is missing. Throws SYMLINK_LOOP.
 */
export function resolvePath(tree: SourceTree, path: string): string | undefined {
  const pending = path.split("/").reverse();
  let names: string[] = [];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      names.pop();
      continue;
    }
    const node = tree.node([...names, name].join("/"));
    if (node === undefined) return undefined;
    if (node.kind === "symlink") {
      if (++links > linkLimit) throw tooDeep(path);
      if (node.target.startsWith("/")) names = [];
      pending.push(...node.target.split("/").reverse());
    } else {
      names.push(name);
    }
  }
  return names.join("/");
}

/** A cleaned path relative to the root: `..` never leads above it. */
export function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.join("/");
}

export const joinPath = (directory: string, name: string): string =>
  directory === "" ? name : name === "" ? directory : `${directory}/${name}`;

export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
