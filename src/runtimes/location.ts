import { fileURLToPath } from "node:url";

/** dist/runtimes, seen from the sources (src/runtimes/) and from what they are compiled to (dist/src/runtimes/). */
export function defaultRuntimesDirectory(): string {
  const fromSource = import.meta.url.endsWith(".ts");
  return fileURLToPath(new URL(fromSource ? "../../dist/runtimes" : "../../runtimes", import.meta.url));
}
