import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import {
  contextMissing,
  contextNotArchive,
  dockerfileMissing,
  dockerfileTooLarge,
} from "../../errors/build.ts";
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
import { type RemoteAccess, withoutCredentials } from "../remote/access.ts";
import { openRemote } from "../remote/tree.ts";
import { reportStep, type Session } from "../session.ts";
import type { ContextInput, DockerfileInput } from "../types.ts";
import { createHostTree } from "./host-tree.ts";
import { createSnapshotTree } from "./snapshot-tree.ts";
import { cleanPath, resolvePath, type SourceContent, type SourceTree } from "./source-tree.ts";

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

/** The name of the Dockerfile in a context where nothing else is said. */
export const defaultDockerfile = "Dockerfile";

/** A place that files are read from: a directory of the host, an unpacked archive, a repository. */
interface Place {
  readonly key: string;
  readonly read: (file: string) => Promise<string | undefined>;
  readonly tree: (ignore: IgnoreMatcher | undefined) => SourceTree;
  /** An address that is not the one of an archive: its content is the Dockerfile. */
  readonly lone?: { readonly address: string; readonly text: string };
  /** .dockerignore says what is not sent to a build; what lies elsewhere is taken as it is, as in BuildKit. */
  readonly isRemote?: boolean;
}

export interface OpenOptions {
  readonly remote: RemoteAccess;
  /** What files of the context get; undefined keeps their own. */
  readonly time: Timestamp | undefined;
  readonly emit: Session["emit"];
}

/** Finds the Dockerfile and the files that go with it. Nothing of a directory is read but the Dockerfile. */
export async function openContext(
  input: ContextInput,
  dockerfile: DockerfileInput,
  options: OpenOptions,
): Promise<OpenedContext> {
  const place = await openPlace(input, options);
  const { text, name, ignoreText } = await readDockerfile(place, dockerfile);
  const ignore = ignoreText === undefined || place.isRemote === true ? undefined : compileIgnore(ignoreText);
  return { dockerfile: text, dockerfileName: name, tree: place.tree(ignore), ignore, key: place.key };
}

async function openPlace(input: ContextInput, options: OpenOptions): Promise<Place> {
  const { store, signal } = options.remote;
  const { time } = options;
  if (input.kind === "directory") return hostPlace(input.path, time);
  if (input.kind === "empty") return snapshotPlace(emptySnapshot(), { store, time });
  if (input.kind === "remote") return remotePlace(input.address, options);
  const layer = await readLayer(input.chunks, store, { kind: "archive", signal });
  return snapshotPlace(applyLayer(emptySnapshot(), layer.changes), { store, time });
}

async function remotePlace(address: string, { remote, time, emit }: OpenOptions): Promise<Place> {
  const shown = withoutCredentials(address);
  const step = { id: "context", name: `load build context ${shown}` };
  const found = await reportStep({ emit, signal: remote.signal }, step, async (start) => {
    const opened = await openRemote(remote, address, remote);
    if (opened === undefined) throw contextMissing(shown);
    let cached = true;
    const begin = () => {
      cached = false;
      start();
    };
    return { value: await opened.load(begin), cached };
  });
  const { store } = remote;
  if (found.kind === "tree") return { ...snapshotPlace(found.snapshot, { store, time }), isRemote: true };
  const text = await readText(store, { kind: "stored", content: found.file.content });
  return { ...snapshotPlace(emptySnapshot(), { store, time }), lone: { address: shown, text } };
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
      return readText(store, node.content);
    },
    tree: (ignore) => createSnapshotTree(snapshot, { ignore, time }),
  };
}

/** Throws DOCKERFILE_TOO_LARGE. */
async function readText(store: Store, content: SourceContent): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readContent(store, content)) {
    length += chunk.length;
    if (length > dockerfileLimit) throw dockerfileTooLarge(dockerfileLimit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
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
  if (place.lone !== undefined) {
    const { address, text } = place.lone;
    // With a Dockerfile from elsewhere, the file would have to be the context.
    if (dockerfile.kind !== "context" || dockerfile.path !== defaultDockerfile)
      throw contextNotArchive(address);
    return { text, name: address, ignoreText: undefined };
  }
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
