/** Prints the tables of docs/benchmarks.md. `npm run bench -- [command-line|guest|bundle|dockerfile|context]` measures one part. */
import { cpus } from "node:os";
import type { Row } from "./bench/measure.ts";
import { table } from "./bench/measure.ts";

const parts: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  "command-line": async () => (await import("./bench/command-line.ts")).benchCommandLine(),
  guest: async () => (await import("./bench/guest.ts")).benchGuest(),
  bundle: async () => (await import("./bench/bundle.ts")).benchBundle(),
  dockerfile: async () => (await import("./bench/dockerfile.ts")).benchDockerfile(),
  context: async () => (await import("./bench/context.ts")).benchContext(),
};

const wanted = process.argv.slice(2);
process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}\n`);
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`\n## ${name}\n\n${table(await measure())}\n`);
}
