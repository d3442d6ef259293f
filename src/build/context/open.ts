import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { contextMissing, dockerfileMissing, dockerfileTooLarge } from "../../errors/build.ts";
import {
  applyLayer,
  compileIgnore,
  emptySnapshot,
  type IgnoreMatcher,
  readLayer,
} from "../../filesystem/index.ts";
import type { Snapshot, Timestamp } from "../../filesystem/types.ts";
import type { Store } from "../../store/index.ts";
import { readContent } from "../copy/work.ts";
import type { ContextInput, DockerfileInput } from "../types.ts";
import { createHostTree } from "./host-tree.ts";
import { createSnapshotTree } from "./snapshot-tree.ts";
import { cleanPath, resolvePath, type SourceTree } from "./source-tree.ts";

export interface OpenedContext {
  readonly dockerfile: string;
  /** What errors call the Dockerfile. */
  readonly dockerfileName: string;
  readonly tree: SourceTree;
  readonly ignore: IgnoreMatcher | undefined;
  /** Names the context in the stat cache. */
  readonly key: string;
}

const dockerfileLimit = 4 << 20;

/** A place that files are read from: a directory of the host, or an unpacked archive. */
interface Place {
  readonly key: string;
  readonly read: (file: string) => Promise<string | undefined>;
  readonly tree: (ignore: IgnoreMatcher | undefined) => SourceTree;
}

/** `time` is what files of the context get; undefined keeps their own. */
export async function openContext(
  input: ContextInput,
  dockerfile: DockerfileInput,
  options: { readonly store: Store; readonly time: Timestamp | undefined; readonly signal: AbortSignal },
): Promise<OpenedContext> {
  const place = await openPlace(input, options);
  const { text, name, ignoreText } = await readDockerfile(place, dockerfile);
  const ignore = ignoreText === undefined ? undefined : compileIgnore(ignoreText);
  return { dockerfile: text, dockerfileName: name, tree: place.tree(ignore), ignore, key: place.key };
}

async function openPlace(
  input: ContextInput,
  options: { readonly store: Store; readonly time: Timestamp | undefined; readonly signal: AbortSignal },
): Promise<Place> {
  if (input.kind === "directory") return hostPlace(input.path, options.time);
  if (input.kind === "empty") return snapshotPlace(emptySnapshot(), options);
  const layer = await readLayer(input.chunks, options.store, { kind: "archive", signal: options.signal });
  return snapshotPlace(applyLayer(emptySnapshot(), layer.changes), options);
}

async function hostPlace(directory: string, time: Timestamp | undefined): Promise<Place> {
  const root = path.resolve(directory);
  try {
    if (!(await stat(root)).isDirectory()) throw contextMissing(directory);
  } catch (cause) {
    throw contextMissing(directory, cause);
  }
  return {
    key: root,
    read: (file) => readHostFile(path.join(root, file)),
    tree: (ignore) => createHostTree(root, { ignore, time }),
  };
}

function snapshotPlace(
  snapshot: Snapshot,
  { store, time }: { readonly store: Store; readonly time: Timestamp | undefined },
): Place {
  const all = createSnapshotTree(snapshot);
  return {
    key: "archive",
    async read(file) {
      const found = resolvePath(all, cleanPath(file));
      const node = found === undefined ? undefined : all.node(found);
      if (node?.kind !== "file") return undefined;
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of readContent(store, node.content)) {
        length += chunk.length;
        if (length > dockerfileLimit) throw dockerfileTooLarge(dockerfileLimit);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString("utf8");
    },
    tree: (ignore) => createSnapshotTree(snapshot, { ignore, time }),
  };
}

/** Undefined if there is no such file. Throws DOCKERFILE_TOO_LARGE. */
async function readHostFile(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > dockerfileLimit) throw dockerfileTooLarge(dockerfileLimit);
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function readDockerfile(place: Place, dockerfile: DockerfileInput) {
  if (dockerfile.kind === "text") {
    return { text: dockerfile.text, name: "Dockerfile", ignoreText: await place.read(".dockerignore") };
  }
  const { path: file } = dockerfile;
  const read = dockerfile.kind === "file" ? readHostFile : place.read;
  let text: string | undefined;
  try {
    text = await read(file);
  } catch (cause) {
    throw dockerfileMissing(file, cause);
  }
  if (text === undefined) throw dockerfileMissing(file);
  // The Dockerfile's own ignore file wins over the context's.
  const ignoreText = (await read(`${file}.dockerignore`)) ?? (await place.read(".dockerignore"));
  return { text, name: file, ignoreText };
}
