import assert from "node:assert/strict";
import { errnoName } from "./errno.ts";
import type { HostOptions } from "./host.ts";
import type { TestImage, TestNode } from "./image.ts";
import { type FileStat, type Kernel, type Started, startImage } from "./kernel.ts";
import { execProgram } from "./start.ts";

/** Starts the test guest, which must succeed, in an image of these files and /guest. */
export function startFiles(
  template: Uint8Array,
  root: Readonly<Record<string, TestNode>> = {},
  image: Partial<TestImage> = {},
  host: HostOptions = {},
): Started {
  const guest: TestNode = { file: "", mode: 0o755, role: 1 };
  const all = { root: { guest, ...root }, start: execProgram("/guest"), ...image };
  const started = startImage(template, all, host);
  assert.equal(started.exitCode, undefined, started.stderr);
  return started;
}

export function statOf(kernel: Kernel, path: string, follow = true): FileStat {
  const result = kernel.stat(path, follow);
  assert.ok(typeof result !== "number", `stat ${path}: ${result}`);
  return result;
}

/** The name of an errno, or of a negative one. */
export function nameOf(errno: number): string {
  return errnoName(Math.abs(errno));
}
