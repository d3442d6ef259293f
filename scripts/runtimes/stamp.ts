/** Build steps that are skipped when nothing they read has changed. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One digest over files, and over all files of directories: names and contents, in a fixed order. */
export function hashInputs(root: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((each) => filesUnder(root, each))) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function filesUnder(root: string, path: string): readonly string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesUnder(root, `${path}/${name}`));
}

/**
 * Runs `step` unless `directory/name.stamp` says that it ran with the same inputs and `outputs` (in `directory`)
 * are all there. The stamp is removed before and written after, so that a step that was cut off runs again.
 */
export async function unlessUpToDate(
  { directory, name, inputs, outputs }: Step,
  step: () => Promise<void> | void,
): Promise<boolean> {
  const stamp = join(directory, `${name}.stamp`);
  const complete = existsSync(stamp) && outputs.every((output) => existsSync(join(directory, output)));
  if (complete && readFileSync(stamp, "utf8") === inputs) return false;
  rmSync(stamp, { force: true });
  await step();
  writeWhole(stamp, inputs);
  return true;
}

export interface Step {
  readonly directory: string;
  readonly name: string;
  /** Digest of everything that the step reads. */
  readonly inputs: string;
  readonly outputs: readonly string[];
}

/** Readers see the old file or the new one, never a part. */
export function writeWhole(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
