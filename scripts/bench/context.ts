/** COPY of large contexts, against `cp -a` and buildah; the same again unchanged; memory. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeLarge, writeTree } from "./files.ts";
import { boxwright, median, milliseconds, node, type Row, spread, time } from "./measure.ts";

const FILES = 20_000;
const BYTES = 1_000_000_000;
const ROUNDS = 2;
const REBUILDS = 3;

const child = path.join(path.dirname(fileURLToPath(import.meta.url)), "build-child.ts");

export function benchContext(): readonly Row[] {
  const work = mkdtempSync(path.join(tmpdir(), "boxwright-bench-"));
  const rows = [...benchFiles(work), ...benchMemory(work)];
  rmSync(work, { recursive: true });
  return rows;
}

function benchFiles(work: string): readonly Row[] {
  const context = path.join(work, "context");
  writeTree(path.join(context, "data"), FILES, BYTES / FILES);
  writeFileSync(path.join(context, "Dockerfile"), "FROM python:3.12-slim\nCOPY data /data\n");
  const place = (name: string) => path.join(work, name);
  // buildah has no base image here; that spares it the copy of one.
  writeFileSync(place("Dockerfile.scratch"), "FROM scratch\nCOPY data /data\n");
  const ours = {
    ...node(boxwright, "build", context, "-o", place("big.wasm")),
    env: { BOXWRIGHT_HOME: place("home") },
  };
  const measured = node(child, context, place("big.wasm"), place("home"));
  const copyStep = () => (JSON.parse(time(measured).stdout) as { readonly copying: number }).copying;
  const storage = ["--root", place("storage"), "--runroot", place("run"), "--storage-driver", "vfs"];
  const theirs = {
    program: "buildah",
    args: [
      ...[...storage, "bud", "--layers", "--isolation", "chroot", "-t", "localhost/bench"],
      ...["-f", place("Dockerfile.scratch"), context],
    ],
  };
  const copy = { program: "cp", args: ["-a", path.join(context, "data"), place("copy")] };
  const hasBuildah = spawnSync("buildah", ["--version"]).status === 0;

  const times: Record<"ours" | "step" | "theirs" | "copy", number[]> = {
    ours: [],
    step: [],
    theirs: [],
    copy: [],
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ["home", "big.wasm", "storage", "run", "copy"]) {
      rmSync(place(name), { recursive: true, force: true });
    }
    // What the last one left to be written is not to slow down the next.
    time({ program: "sync", args: [] });
    times.copy.push(time(copy).milliseconds);
    time({ program: "sync", args: [] });
    const start = performance.now();
    times.step.push(copyStep());
    times.ours.push(performance.now() - start);
    time({ program: "sync", args: [] });
    if (hasBuildah) times.theirs.push(time(theirs).milliseconds);
  }
  const again: Record<"ours" | "theirs", number[]> = { ours: [], theirs: [] };
  for (let round = 0; round < REBUILDS; round += 1) {
    again.ours.push(time(ours).milliseconds);
    if (hasBuildah) again.theirs.push(time(theirs).milliseconds);
  }
  const against = (mine: readonly number[], others: readonly number[]) =>
    others.length === 0
      ? "not installed"
      : `${milliseconds(median(mine))} / ${milliseconds(median(others))} = ${(median(mine) / median(others)).toFixed(2)}`;
  return [
    { what: `COPY of ${FILES} files, 1 GB`, measured: spread(times.step, milliseconds), goal: "—" },
    { what: "COPY and bundling, whole process", measured: spread(times.ours, milliseconds), goal: "—" },
    { what: "COPY against `cp -a`", measured: against(times.step, times.copy), goal: "—" },
    {
      what: "whole process against `buildah bud --layers` (vfs)",
      measured: against(times.ours, times.theirs),
      goal: "—",
    },
    {
      what: "the same again, unchanged, whole process",
      measured: spread(again.ours, milliseconds),
      goal: "< 1 s",
      met: median(again.ours) < 1000,
    },
    { what: "against `buildah bud --layers` (vfs)", measured: against(again.ours, again.theirs), goal: "—" },
  ];
}

function benchMemory(work: string): readonly Row[] {
  const peak = (bytes: number): number => {
    const directory = path.join(work, `large-${bytes}`);
    const context = path.join(directory, "context");
    mkdirSync(context, { recursive: true });
    writeLarge(path.join(context, "file"), bytes);
    writeFileSync(path.join(context, "Dockerfile"), "FROM python:3.12-slim\nCOPY file /\n");
    const command = node(child, context, path.join(directory, "big.wasm"), path.join(directory, "home"));
    const { peak } = JSON.parse(time(command).stdout) as { readonly peak: number };
    rmSync(directory, { recursive: true });
    return peak;
  };
  const [small, large] = [peak(BYTES / 10), peak(BYTES)];
  const ratio = large / small;
  return [
    {
      what: "peak memory of COPY of one file of 1 GB, against one of 100 MB",
      measured: `${(large / 1e6).toFixed(0)} MB / ${(small / 1e6).toFixed(0)} MB = ${ratio.toFixed(2)}`,
      goal: "flat: < 1.2",
      met: ratio < 1.2,
    },
  ];
}
