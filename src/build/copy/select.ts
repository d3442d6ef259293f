import { sourceLinkBroken, sourceNotFound, unsupportedFile } from "../../errors/build.ts";
import { compileIgnorePatterns, compilePattern, hasWildcard } from "../../filesystem/index.ts";
import {
  baseName,
  cleanPath,
  joinPath,
  resolvePath,
  type SourceNode,
  type SourceTree,
} from "../context/source-tree.ts";

/** One entry at or below what a source names; `path` is relative to the source, "" for itself. */
export interface SelectedEntry {
  readonly path: string;
  readonly node: Exclude<SourceNode, { kind: "special" }>;
}

/** What one source of COPY or ADD comes to. A wildcard comes to several. */
export interface Selection {
  /** The name that it gets in a destination that is a directory. */
  readonly name: string;
  /** `--parents`: the directories to keep above it, relative to the pivot. */
  readonly parents: string;
  /** In the source tree, links followed. */
  readonly sourcePath: string;
  readonly entries: readonly SelectedEntry[];
}

export interface SelectOptions {
  readonly exclude: readonly string[];
  readonly parents: boolean;
}

/**
 * What a source path names. A wildcard may match nothing; a plain path must exist. Links are followed in the
 * source's own path, and kept below it. Throws SOURCE_NOT_FOUND, SOURCE_LINK_BROKEN, SOURCE_UNSUPPORTED, PATTERN_INVALID.
 */
export function selectSource(tree: SourceTree, source: string, options: SelectOptions): readonly Selection[] {
  const [kept, pivoted] = options.parents ? splitPivot(source) : ["", source];
  const pattern = cleanPath(joinPath(kept, pivoted));
  const paths = hasWildcard(pattern) ? expandWildcard(tree, pattern) : [unescaped(pattern)];
  return paths.map((path) => {
    const resolved = resolvePath(tree, path);
    if (resolved === undefined) {
      const throughLink = leadsThroughLink(tree, path);
      throw throughLink ? sourceLinkBroken(`/${path}`) : sourceNotFound(`/${path}`, tree.isIgnored(path));
    }
    const below = kept === "" ? path : path.slice(cleanPath(kept).length).replace(/^\//, "");
    const slash = below.lastIndexOf("/");
    return {
      name: baseName(path),
      parents: options.parents ? below.slice(0, Math.max(slash, 0)) : "",
      sourcePath: resolved,
      entries: [...collect(tree, resolved, baseName(path), options.exclude)],
    };
  });
}

/** Whether the path, or a directory on the way to it, is a link. */
function leadsThroughLink(tree: SourceTree, path: string): boolean {
  const names = path.split("/");
  return names.some((_, index) => tree.node(names.slice(0, index + 1).join("/"))?.kind === "symlink");
}

/** `--parents` keeps only the directories after `/./`. */
function splitPivot(source: string): readonly [before: string, after: string] {
  const at = source.startsWith("./") ? source.indexOf("/./", 1) : source.indexOf("/./");
  return at === -1 ? ["", source] : [source.slice(0, at), source.slice(at + 3)];
}

/** A backslash keeps a wildcard character literal. */
const unescaped = (pattern: string) => pattern.replace(/\\(.)/gsu, "$1");

function expandWildcard(tree: SourceTree, pattern: string): readonly string[] {
  const compiled = compilePattern(pattern);
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const name of tree.names(directory)) {
      const path = joinPath(directory, name);
      if (compiled.matches(path)) found.push(path);
      if (tree.node(path)?.kind === "directory" && compiled.mayMatchBelow(path)) visit(path);
    }
  };
  const base = unescaped(compiled.base);
  if (base === "" || tree.node(base)?.kind === "directory") visit(base);
  return found;
}

function* collect(
  tree: SourceTree,
  root: string,
  name: string,
  exclude: readonly string[],
): Generator<SelectedEntry> {
  const matcher = exclude.length === 0 ? undefined : compileIgnorePatterns(exclude);
  const node = tree.node(root);
  // A file has no path below its source: patterns see its name.
  if (node !== undefined && node.kind !== "directory" && matcher?.ignores(name)) return;
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const found = tree.node(joinPath(root, path));
    if (found === undefined) continue;
    const ignored = path !== "" && matcher?.ignores(path) === true;
    if (found.kind === "directory") {
      if (ignored && matcher?.canSkip(path)) continue;
      if (!ignored) yield { path, node: found };
      pending.push(
        ...tree
          .names(joinPath(root, path))
          .map((each) => joinPath(path, each))
          .reverse(),
      );
    } else if (!ignored) {
      if (found.kind === "special") throw unsupportedFile(`/${joinPath(root, path)}`);
      yield { path, node: found };
    }
  }
}
