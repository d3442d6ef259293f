import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { contextKindUnknown } from "../../errors/build.ts";
import { compileIgnore, type IgnoreMatcher } from "../../filesystem/index.ts";
import type { Timestamp } from "../../filesystem/types.ts";
import { type RemoteAccess, withoutCredentials } from "../remote/access.ts";
import { openRemote } from "../remote/tree.ts";
import type { NamedSource } from "../session.ts";
import { createHostTree } from "./host-tree.ts";
import { createSnapshotTree } from "./snapshot-tree.ts";
import type { SourceTree } from "./source-tree.ts";

/**
 * The files of `--build-context NAME=value`: a directory (through its .dockerignore), a git repository, an archive,
 * or a single file over HTTP. `time` is what they get; undefined keeps their own.
 * Throws BUILD_CONTEXT_UNSUPPORTED, GIT_… and HTTP_… errors.
 */
export async function openNamedContext(
  access: RemoteAccess,
  { name, value }: { readonly name: string; readonly value: string },
  time: Timestamp | undefined,
): Promise<NamedSource> {
  if (isDirectory(value)) {
    const tree = createHostTree(value, { ignore: await readIgnore(value), time });
    return { key: undefined, tree: async () => tree };
  }
  const remote = await openRemote(access, value);
  if (remote === undefined) throw contextKindUnknown(name, withoutCredentials(value));
  const found = await remote.load(() => undefined);
  if (found.kind === "tree") {
    const tree = createSnapshotTree(found.snapshot, { time });
    return { key: `${found.key} ${JSON.stringify(time ?? null)}`, tree: async () => tree };
  }
  const { content, mode, mtime, name: fileName } = found.file;
  const attributes = { mode, uid: 0, gid: 0, mtime: time ?? mtime ?? { seconds: 0, nanos: 0 }, xattrs: {} };
  const file = { kind: "file", attributes, content: { kind: "stored", content }, sameAs: undefined } as const;
  const tree: SourceTree = {
    node: (at) =>
      at === ""
        ? { kind: "directory", attributes: { ...attributes, mode: 0o755 } }
        : at === fileName
          ? file
          : undefined,
    names: (at) => (at === "" ? [fileName] : []),
    isIgnored: () => false,
  };
  return { key: undefined, tree: async () => tree };
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function readIgnore(directory: string): Promise<IgnoreMatcher | undefined> {
  try {
    return compileIgnore(await readFile(path.join(directory, ".dockerignore"), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
