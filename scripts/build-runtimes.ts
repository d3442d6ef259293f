/** Builds every runtime into dist/runtimes/<name>; what is up to date stays as it is. */

import { fileURLToPath } from "node:url";
import { buildPython } from "./runtimes/python/build.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const steps = await buildPython(root);
process.stderr.write(
  steps.length === 0 ? "runtimes: up to date\n" : `runtimes: built python (${steps.join(", ")})\n`,
);
