/** Bundling a big image: 9,000 files, 150 MB, a tenth of them copies of others. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readMetadata } from "../../dist/src/component/inspect.js";
import { writeTree } from "./files.ts";
import { median, milliseconds, node, project, type Row, spread, time } from "./measure.ts";

const FILES = 9_000;
const BYTES = 150_000_000;
const ROUNDS = 5;

interface Outcome {
  readonly exporting: number;
  readonly size: number;
  readonly peak: number;
}

export function benchBundle(): readonly Row[] {
  const work = mkdtempSync(path.join(tmpdir(), "boxwright-bench-"));
  const context = path.join(work, "context");
  writeTree(path.join(context, "data"), FILES, Math.round(BYTES / FILES), (n) => (n % 10 === 9 ? n - 1 : n));
  const child = path.join(path.dirname(fileURLToPath(import.meta.url)), "build-child.ts");
  const output = path.join(work, "big.wasm");
  // Only the configuration changes from run to run: the snapshot comes from the cache, the component is new.
  const build = (label: number): Outcome => {
    writeFileSync(
      path.join(context, "Dockerfile"),
      `FROM python:3.12-slim\nCOPY data /data\nLABEL run=${label}\n`,
    );
    return JSON.parse(time(node(child, context, output, path.join(work, "home"))).stdout) as Outcome;
  };
  build(0);
  const outcomes = Array.from({ length: ROUNDS }, (_, round) => build(round + 1));
  const exporting = outcomes.map((outcome) => outcome.exporting);
  const peak = Math.max(...outcomes.map((outcome) => outcome.peak));
  const size = outcomes[0]!.size;

  const metadata = readMetadata(output)!;
  const template = statSync(path.join(project, "dist/runtimes/python/component.wasm")).size;
  const perInode = (size - template - metadata.rom.size) / metadata.index.inodes;
  rmSync(work, { recursive: true });
  return [
    {
      what: `bundling ${metadata.index.inodes} inodes, ${(size / 1e6).toFixed(0)} MB`,
      measured: spread(exporting, milliseconds),
      goal: "< 1 s",
      met: median(exporting) < 1000,
    },
    {
      what: "peak memory of the building process, against the output",
      measured: `${(peak / 1e6).toFixed(0)} MB / ${(size / 1e6).toFixed(0)} MB = ${(peak / size).toFixed(2)}`,
      goal: "< 2",
      met: peak / size < 2,
    },
    {
      what: "output beyond template and de-duplicated files, an inode",
      measured: `${perInode.toFixed(1)} B`,
      goal: "≤ 80 B",
      met: perInode <= 80,
    },
  ];
}
