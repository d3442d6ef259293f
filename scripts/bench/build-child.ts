/** Builds once in a process of its own; prints how long export and COPY took, and how much memory the process had. */
import { build } from "../../dist/src/index.js";

const [context, output, home] = process.argv.slice(2) as [string, string, string];
let exporting = 0;
let copying = 0;
const result = await build({
  context: { kind: "directory", path: context },
  output,
  home,
  onEvent: (event) => {
    if (event.kind !== "done") return;
    if (event.step.name.startsWith("exporting")) exporting = event.seconds * 1000;
    if (event.step.name.includes("COPY")) copying = event.seconds * 1000;
  },
});
process.stdout.write(
  JSON.stringify({ exporting, copying, size: result.size, peak: process.resourceUsage().maxRSS * 1024 }),
);
