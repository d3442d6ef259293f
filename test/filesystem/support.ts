import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import {
  type Attributes,
  createWorkingTree,
  emptySnapshot,
  FilesystemError,
  type Snapshot,
  type WorkingTree,
} from "../../src/filesystem/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";

/** A store in a directory that is removed after the tests of the file. */
export async function temporaryStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-filesystem-"));
  const store = await openStore(directory);
  after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return store;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (content: Uint8Array): string => new TextDecoder().decode(content);

export const plain: Attributes = { mode: 0o644, uid: 0, gid: 0, mtime: { seconds: 1, nanos: 0 }, xattrs: {} };

export function newTree(store: Store, snapshot: Snapshot = emptySnapshot(), seconds = 100): WorkingTree {
  return createWorkingTree(snapshot, store, { now: () => ({ seconds, nanos: 0 }) });
}

/** The errno that an action fails with, or "ok". */
export function errnoOf(action: () => unknown): string {
  try {
    action();
    return "ok";
  } catch (error) {
    if (error instanceof FilesystemError) return error.errno;
    throw error;
  }
}
