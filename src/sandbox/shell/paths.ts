/** Removes `.`, `..` and double slashes by the text alone, as `cd -L` does. */
export function normalize(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return `/${kept.join("/")}`;
}

/** A path as the tree takes it: absolute. */
export function absolutePath(directory: string, path: string): string {
  return path.startsWith("/") ? path : `${directory === "/" ? "" : directory}/${path}`;
}
