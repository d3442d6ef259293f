/** How long the command line takes where people wait for it. */
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  alternate,
  boxwright,
  median,
  milliseconds,
  node,
  project,
  type Row,
  spread,
  time,
} from "./measure.ts";

export function benchCommandLine(): readonly Row[] {
  const work = mkdtempSync(path.join(tmpdir(), "boxwright-bench-"));
  const env = { BOXWRIGHT_HOME: path.join(work, "home") };
  const build = (fixture: string) => {
    const context = path.join(work, fixture);
    cpSync(path.join(project, "fixtures", fixture), context, { recursive: true });
    return { ...node(boxwright, "build", context, "-o", path.join(work, `${fixture}.wasm`)), env };
  };
  const hello = build("hello");
  const cli = build("cli");
  time(hello);
  time(cli);
  const [empty, help, helloWarm, cliWarm] = alternate(9, [
    () => time(node("-e", "0")).milliseconds,
    () => time(node(boxwright, "--help")).milliseconds,
    () => time(hello).milliseconds,
    () => time(cli).milliseconds,
  ]) as [number[], number[], number[], number[]];
  return [
    { what: "an empty Node process, for comparison", measured: spread(empty, milliseconds), goal: "—" },
    {
      what: "`boxwright --help`",
      measured: spread(help, milliseconds),
      goal: "< 150 ms",
      met: median(help) < 150,
    },
    {
      what: "`build` of hello, warm cache",
      measured: spread(helloWarm, milliseconds),
      goal: "< 500 ms",
      met: median(helloWarm) < 500,
    },
    {
      what: "`build` of the CLI fixture, unchanged",
      measured: spread(cliWarm, milliseconds),
      goal: "< 300 ms",
      met: median(cliWarm) < 300,
    },
  ];
}
