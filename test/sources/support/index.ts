import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { BoxwrightError } from "../../../src/errors/index.ts";
import { walk } from "../../../src/filesystem/index.ts";
import type { FileContent, Snapshot } from "../../../src/filesystem/types.ts";
import { openStore, type Store } from "../../../src/store/index.ts";

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-sources-"));
  after(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

export async function temporaryStore(): Promise<Store> {
  const store = await openStore(await temporaryDirectory());
  after(() => store.close());
  return store;
}

export const never = (): AbortSignal => new AbortController().signal;

/** The coded error that `action` fails with. */
export async function failureOf(action: Promise<unknown> | (() => unknown)): Promise<BoxwrightError> {
  try {
    await (typeof action === "function" ? action() : action);
  } catch (error) {
    if (error instanceof BoxwrightError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

export const codeOf = async (action: Promise<unknown> | (() => unknown)): Promise<string> =>
  (await failureOf(action)).code;

export function textOf(store: Store, content: FileContent): string {
  const bytes = new Uint8Array(content.size);
  store.read(content, 0, bytes);
  return Buffer.from(bytes).toString("utf8");
}

/** Path → what is there: `mode:text` of a file, `-> target`, `dir`. */
export function treeOf(store: Store, snapshot: Snapshot): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const { path, inode } of walk(snapshot)) {
    if (path === "") continue;
    const mode = inode.attributes.mode.toString(8);
    if (inode.kind === "file") tree[path] = `${mode}:${textOf(store, inode.content)}`;
    else if (inode.kind === "symlink") tree[path] = `-> ${inode.target}`;
    else tree[path] = inode.kind === "directory" ? "dir" : inode.kind;
  }
  return tree;
}
