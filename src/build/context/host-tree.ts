import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { sourceUnreadable } from "../../errors/build.ts";
import type { IgnoreMatcher } from "../../filesystem/index.ts";
import type { Attributes, Timestamp } from "../../filesystem/types.ts";
import { joinPath, type SourceNode, type SourceTree } from "./source-tree.ts";

export interface HostTreeOptions {
  /** What .dockerignore leaves out. */
  readonly ignore: IgnoreMatcher | undefined;
  /** The time that files get; undefined keeps their own. */
  readonly time: Timestamp | undefined;
}

/**
 * A directory of the host as a build context. Owners are 0:0 whoever owns the files, as in BuildKit. Only
 * metadata is read, and only where it is asked for.
 */
export function createHostTree(root: string, options: HostTreeOptions): SourceTree {
  const nodes = new Map<string, SourceNode | undefined>();

  function read(relative: string): SourceNode | undefined {
    const hostPath = path.join(root, relative);
    let stats: BigIntStats;
    try {
      stats = lstatSync(hostPath, { bigint: true });
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw sourceUnreadable(relative, cause);
    }
    const attributes = attributesOf(stats, options.time);
    if (stats.isDirectory()) return { kind: "directory", attributes };
    if (stats.isSymbolicLink()) return { kind: "symlink", attributes, target: readlinkSync(hostPath) };
    if (!stats.isFile()) return { kind: "special", attributes };
    const identity = {
      inode: `${stats.dev}:${stats.ino}`,
      size: Number(stats.size),
      mtime: String(stats.mtimeNs),
      ctime: String(stats.ctimeNs),
    };
    return {
      kind: "file",
      attributes,
      content: { kind: "host", path: hostPath, identity },
      sameAs: stats.nlink > 1n ? identity.inode : undefined,
    };
  }

  function isVisible(relative: string, isDirectory: () => boolean): boolean {
    const { ignore } = options;
    if (relative === "" || ignore === undefined || !ignore.ignores(relative)) return true;
    return isDirectory() && !ignore.canSkip(relative) && names(relative).length > 0;
  }

  function node(relative: string): SourceNode | undefined {
    if (nodes.has(relative)) return nodes.get(relative);
    const found = read(relative);
    const visible = found !== undefined && isVisible(relative, () => found.kind === "directory");
    const result = visible ? found : undefined;
    nodes.set(relative, result);
    return result;
  }

  function names(directory: string): readonly string[] {
    let entries: string[];
    try {
      entries = readdirSync(path.join(root, directory));
    } catch (cause) {
      if (isMissing(cause)) return [];
      throw sourceUnreadable(directory === "" ? "." : directory, cause);
    }
    return entries.filter((name) => node(joinPath(directory, name)) !== undefined).sort();
  }

  return {
    node,
    names,
    isIgnored: (relative) => options.ignore?.ignores(relative) === true,
  };
}

function attributesOf(stats: BigIntStats, time: Timestamp | undefined): Attributes {
  const second = 1_000_000_000n;
  const nanos = ((stats.mtimeNs % second) + second) % second;
  const own = { seconds: Number((stats.mtimeNs - nanos) / second), nanos: Number(nanos) };
  return { mode: Number(stats.mode & 0o7777n), uid: 0, gid: 0, mtime: time ?? own, xattrs: {} };
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
