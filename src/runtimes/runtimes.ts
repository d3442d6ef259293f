import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageClaim, RuntimeManifest } from "../component/types.ts";
import { runtimeDamaged, runtimesNotBuilt, runtimeUnknown } from "../errors/runtimes.ts";
import { parseImageName } from "./image-name.ts";
import { defaultRuntimesDirectory } from "./location.ts";
import { parseManifest } from "./manifest.ts";

export interface Runtime {
  /** Absolute; the manifest's file names are relative to it. */
  readonly directory: string;
  readonly manifest: RuntimeManifest;
}

export interface RuntimeMatch {
  readonly runtime: Runtime;
  /** "substitute" builds with a warning: the image asks for a version that the runtime is not. */
  readonly match: ImageClaim["match"];
}

const MANIFEST = "manifest.json";
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** All runtimes, by name. Throws RUNTIMES_NOT_BUILT or RUNTIME_DAMAGED. */
export async function listRuntimes(directory = defaultRuntimesDirectory()): Promise<readonly Runtime[]> {
  const names = await runtimeNames(directory);
  return Promise.all(names.map((name) => readRuntime(directory, name)));
}

/** The runtime of that name. Throws RUNTIME_UNKNOWN, RUNTIMES_NOT_BUILT or RUNTIME_DAMAGED. */
export async function loadRuntime(name: string, directory = defaultRuntimesDirectory()): Promise<Runtime> {
  const names = await runtimeNames(directory);
  if (!names.includes(name)) throw runtimeUnknown(name, names);
  return readRuntime(directory, name);
}

/**
 * The runtime that stands in for a base image as FROM names it, or undefined. A digest pins an image that the
 * embedded base can only stand in for, so such a match is never "exact".
 */
export async function findRuntime(
  reference: string,
  directory = defaultRuntimesDirectory(),
): Promise<RuntimeMatch | undefined> {
  const { repository, tag, pinned } = parseImageName(reference);
  if (tag === undefined) return undefined;
  for (const runtime of await listRuntimes(directory)) {
    const claim = runtime.manifest.claims.find(
      (each) => each.repository === repository && new RegExp(`^(?:${each.tag})$`).test(tag),
    );
    if (claim !== undefined) return { runtime, match: pinned ? "substitute" : claim.match };
  }
  return undefined;
}

/** Absolute path of one of the runtime's files. */
export function runtimeFile(runtime: Runtime, file: string): string {
  return join(runtime.directory, file);
}

async function runtimeNames(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  } catch (cause) {
    throw runtimesNotBuilt(directory, cause);
  }
}

async function readRuntime(parent: string, name: string): Promise<Runtime> {
  const directory = join(parent, name);
  const file = join(directory, MANIFEST);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw runtimeDamaged(file, "cannot be read", cause);
  }
  const manifest = parseManifest(text, file);
  if (manifest.name !== name)
    throw runtimeDamaged(file, `describes the runtime ${JSON.stringify(manifest.name)}`);
  return { directory, manifest };
}
