/** The guest against the same Python on a host directory, same engine: start-up and opening files. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  alternate,
  boxwright,
  type Command,
  least,
  median,
  milliseconds,
  node,
  processorTime,
  project,
  type Row,
  time,
} from "./measure.ts";

const FILES = 5_000;
const STARTS = 11;
const OPENS = 9;

/** The first pass pays for compiling what it uses; the later ones do not. */
const openMany = `
import os, time
names = ["/data/%d/%d.txt" % (n // 100, n) for n in range(${FILES})]
def once():
    start = time.perf_counter()
    for name in names:
        descriptor = os.open(name, os.O_RDONLY)
        os.read(descriptor, 4096)
        os.close(descriptor)
    return (time.perf_counter() - start) * 1000
print(once(), min(once() for _ in range(10)))
`;

export function benchGuest(): readonly Row[] {
  const work = mkdtempSync(path.join(tmpdir(), "boxwright-bench-"));
  const context = path.join(work, "context");
  for (let directory = 0; directory < FILES / 100; directory += 1) {
    mkdirSync(path.join(context, "data", String(directory)), { recursive: true });
    for (let n = directory * 100; n < (directory + 1) * 100; n += 1) {
      writeFileSync(path.join(context, "data", String(directory), `${n}.txt`), `file ${n}\n`);
    }
  }
  writeFileSync(path.join(context, "open.py"), openMany);
  writeFileSync(path.join(context, "Dockerfile"), "FROM python:3.12-slim\nCOPY data /data\nCOPY open.py /\n");
  const file = path.join(work, "bench.wasm");
  const env = { BOXWRIGHT_HOME: path.join(work, "home") };
  time({ ...node(boxwright, "build", context, "-o", file), env });

  const runtime = path.join(project, "dist/runtimes/python");
  const root = path.join(work, "root");
  mkdirSync(root);
  execFileSync("tar", ["-xf", path.join(runtime, "base.tar"), "-C", root]);
  execFileSync("cp", ["-a", path.join(context, "data"), path.join(context, "open.py"), root]);
  const hostPython = path.join(path.dirname(fileURLToPath(import.meta.url)), "host-python.ts");
  const host = ["--no-warnings", hostPython, path.join(runtime, "guest.wasm"), root];
  const ours = (...args: string[]): Command => ({
    ...node(boxwright, "run", file, "--", "python3", ...args),
    env,
  });
  const theirs = (...args: string[]) => node(host[0]!, ...host.slice(1), ...args);
  // The flag that `boxwright run` sets for itself: what is left is not V8's.
  const theirsLazy = (...args: string[]) => node("--wasm-lazy-validation", ...host, ...args);

  const start = (command: Command) => () => time(command).milliseconds;
  const print = ["-c", "print(1)"];
  const [our, their, lazy, ourProcessor, theirProcessor] = alternate(STARTS, [
    start(ours(...print)),
    start(theirs(...print)),
    start(theirsLazy(...print)),
    () => processorTime(ours(...print)),
    () => processorTime(theirs(...print)),
  ]) as [number[], number[], number[], number[], number[]];

  const passes: Record<"first" | "later", [number[], number[]]> = { first: [[], []], later: [[], []] };
  for (let round = 0; round < OPENS; round += 1) {
    for (const [side, command] of [ours("/open.py"), theirs("/open.py")].entries()) {
      const [first, later] = time(command).stdout.trim().split(" ").map(Number) as [number, number];
      passes.first[side]!.push(first);
      passes.later[side]!.push(later);
    }
  }
  rmSync(work, { recursive: true });
  return [
    compare("start-up of `print(1)`, whole process, against plain host preopens", our, their, 1.15),
    compare("the same, processor time", ourProcessor, theirProcessor, 1.15),
    compare("the same, V8 checking functions lazily there too", our, lazy),
    compare(
      `first ${FILES} × open, read, close of a process, against plain host preopens`,
      ...passes.first,
      0.5,
    ),
    compare(
      `${FILES} × open, read, close again (best of 10), against plain host preopens`,
      ...passes.later,
      0.5,
    ),
  ];
}

/** Medians over each other, and the least over each other: other work on the machine disturbs the latter less. */
function compare(what: string, ours: readonly number[], theirs: readonly number[], goal?: number): Row {
  const ratio = (of: (values: readonly number[]) => number) => of(ours) / of(theirs);
  const describe = (of: (values: readonly number[]) => number) =>
    `${milliseconds(of(ours))} / ${milliseconds(of(theirs))} = ${ratio(of).toFixed(2)}`;
  return {
    what,
    measured: `${describe(median)} (least ${describe(least)})`,
    goal: goal === undefined ? "—" : `≤ ${goal}`,
    ...(goal === undefined ? {} : { met: ratio(median) <= goal }),
  };
}
