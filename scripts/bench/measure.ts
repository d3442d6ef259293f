/** Timing whole processes, medians over alternating runs, and tables. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const boxwright = path.join(project, "dist/src/cli/main.js");

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export function node(script: string, ...args: readonly string[]): Command {
  return { program: process.execPath, args: [script, ...args] };
}

/** Runs to the end; throws with the standard error where the exit code is not 0. Milliseconds and stdout. */
export function time(command: Command): { readonly milliseconds: number; readonly stdout: string } {
  const start = performance.now();
  const result = spawnSync(command.program, command.args, {
    env: { ...process.env, ...command.env },
    input: command.input ?? "",
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const milliseconds = performance.now() - start;
  if (result.status !== 0) {
    throw new Error(
      `${command.program} ${command.args.join(" ")}: exit code ${result.status}\n${result.stderr}`,
    );
  }
  return { milliseconds, stdout: result.stdout };
}

/** Milliseconds of processor time, of all threads, in steps of 10: what other programs do hardly changes it. */
export function processorTime({ program, args, env }: Command): number {
  const wrapped = ["-f", "%U %S", program, ...args];
  const result = spawnSync("/usr/bin/time", wrapped, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${result.stderr}`);
  const [user, system] = result.stderr.trim().split("\n").at(-1)!.split(" ").map(Number) as [number, number];
  return (user + system) * 1000;
}

export const least = (values: readonly number[]): number => Math.min(...values);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A median, and the least: what the machine's other work did not add to. */
export function spread(values: readonly number[], format: (value: number) => string): string {
  return `${format(median(values))} (least ${format(least(values))})`;
}

/** Several measurements taken in turn, so that a noisy moment hits all of them. */
export function alternate(
  rounds: number,
  measurements: readonly (() => number)[],
): readonly (readonly number[])[] {
  const values = measurements.map(() => [] as number[]);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, measure] of measurements.entries()) values[index]!.push(measure());
  }
  return values;
}

export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  /** Absent where there is no goal. */
  readonly met?: boolean;
}

export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${row.what} | ${row.measured} | ${row.goal} | ${verdict(row)} |`);
  return ["| what | measured | goal | met |", "|---|---|---|---|", ...lines].join("\n");
}

function verdict({ met }: Row): string {
  return met === undefined ? "" : met ? "yes" : "no";
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
