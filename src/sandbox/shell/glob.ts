import type { WorkingTree } from "../../filesystem/types.ts";
import { compilePattern, hasWildcard, patternSource, unescapePattern } from "./pattern.ts";

function listNames(tree: WorkingTree, path: string): readonly string[] {
  try {
    return tree.readDirectory(tree.resolve(path)).map(({ name }) => name);
  } catch {
    return [];
  }
}

function exists(tree: WorkingTree, path: string): boolean {
  try {
    tree.resolve(path, { followLast: false });
    return true;
  } catch {
    return false;
  }
}

/**
 * Pathname expansion (POSIX 2.13.3): the sorted paths that match, or none. The pattern is relative to
 * `directory` unless it begins with a slash.
 */
export function expandGlob(tree: WorkingTree, directory: string, pattern: string): readonly string[] {
  const absolute = pattern.startsWith("/");
  const components = pattern.split("/");
  const at = (path: string) => (absolute ? path || "/" : `${directory}/${path}`);
  let found = [""];
  for (const [index, component] of components.entries()) {
    const last = index === components.length - 1;
    const separator = last ? "" : "/";
    if (!hasWildcard(component)) {
      const name = unescapePattern(component);
      found = found.map((prefix) => prefix + name + separator);
      if (index > 0 || name !== "") found = found.filter((path) => exists(tree, at(path)));
      continue;
    }
    const expression = compilePattern(`^${patternSource(component)}$`);
    const dotted = component.startsWith(".") || component.startsWith("\\.");
    found = found.flatMap((prefix) =>
      listNames(tree, at(prefix))
        .filter((name) => (dotted || !name.startsWith(".")) && expression.test(name))
        .map((name) => prefix + name + separator),
    );
    if (!last) found = found.filter((path) => exists(tree, at(`${path}.`)));
  }
  return found;
}
