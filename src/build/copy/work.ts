import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { expandHeredoc } from "../../dockerfile/index.ts";
import { sourceUnreadable } from "../../errors/build.ts";
import { contextFileChanged } from "../../errors/filesystem.ts";
import {
  applyLayer,
  createWorkingTree,
  emptySnapshot,
  isArchive,
  readLayer,
} from "../../filesystem/index.ts";
import type { DraftChange, Layer, WorkingTree } from "../../filesystem/types.ts";
import type { Store } from "../../store/index.ts";
import { createSnapshotTree } from "../context/snapshot-tree.ts";
import type { SourceContent } from "../context/source-tree.ts";
import type { ResolvedCopy } from "../instructions/copy.ts";
import type { NamedSource, Session } from "../session.ts";
import type { StageState } from "../state.ts";
import { resolveOwner } from "./owner.ts";
import { type PlaceOptions, placeSelection } from "./place.ts";
import type { RemoteSource } from "./remote.ts";
import { type Selection, selectSource } from "./select.ts";

/** What a COPY or ADD puts where, before it is known what the tree there looks like. */
export type CopyWork = readonly CopyItem[];

type CopyItem =
  | { readonly kind: "selection"; readonly selection: Selection }
  /** A tar that ADD unpacks. */
  | { readonly kind: "archive"; readonly selection: Selection; readonly content: SourceContent };

/** Where the sources of an instruction are: one tree for the paths, and what lies elsewhere by its text. */
export interface CopySources {
  readonly source: NamedSource;
  readonly remotes: ReadonlyMap<string, RemoteSource>;
}

export async function prepareWork(
  session: Session,
  { instruction, paths, unpack, parents }: ResolvedCopy,
  { source, remotes }: CopySources,
  variables: ReadonlyMap<string, string>,
): Promise<CopyWork> {
  const items: CopyItem[] = [];
  for (const path of paths) {
    const remote = remotes.get(path);
    const selections =
      remote === undefined
        ? selectSource(await source.tree(), path, { exclude: instruction.exclude, parents })
        : await remote.selections();
    for (const selection of selections) {
      const opens = remote?.unpack ?? unpack;
      items.push(opens ? await asArchive(session, selection) : { kind: "selection", selection });
    }
  }
  for (const written of instruction.sources) {
    if (written.kind !== "heredoc") continue;
    const { name, content, expand } = written.heredoc;
    const text = expand ? expandHeredoc(content, variables) : content;
    items.push({ kind: "selection", selection: heredocSelection(session, name, text) });
  }
  return items;
}

function heredocSelection(session: Session, name: string, text: string): Selection {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: session.epoch, xattrs: {} };
  const content = { kind: "bytes", bytes: Buffer.from(text, "utf8") } as const;
  const node = { kind: "file", attributes, content, sameAs: undefined } as const;
  return { name, parents: "", sourcePath: name, entries: [{ path: "", node }] };
}

async function asArchive(session: Session, selection: Selection): Promise<CopyItem> {
  const node = selection.entries[0]?.node;
  if (node?.kind !== "file" || !(await isArchive(readContent(session.store, node.content)))) {
    return { kind: "selection", selection };
  }
  return { kind: "archive", selection, content: node.content };
}

/** Names what is copied: paths, kinds, modes, owners, contents; times only where they are kept. */
export async function contentKey(session: Session, work: CopyWork): Promise<string> {
  const keepsTimes = session.options.timestamps === "keep";
  const hash = createHash("sha256");
  // Which names are one file matters; how the host numbers it does not.
  const files = new Map<string, number>();
  const fileNumber = (name: string) => {
    const number = files.get(name) ?? files.size;
    files.set(name, number);
    return number;
  };
  for (const { kind, selection } of work) {
    hash.update(`${kind}\0${selection.name}\0${selection.parents}\0`);
    for (const { path, node } of selection.entries) {
      const { mode, uid, gid, mtime, xattrs } = node.attributes;
      const time = keepsTimes ? `${mtime.seconds}.${mtime.nanos}` : "";
      hash.update(`${path}\0${node.kind}\0${mode}\0${uid}\0${gid}\0${time}\0${JSON.stringify(xattrs)}\0`);
      if (node.kind === "symlink") hash.update(`${node.target}\0`);
      if (node.kind !== "file") continue;
      const digest = session.digests.of(node.content);
      hash.update(`${typeof digest === "string" ? digest : await digest}\0`);
      if (node.sameAs !== undefined) hash.update(`${fileNumber(node.sameAs)}\0`);
    }
  }
  return hash.digest("hex");
}

/** Puts the work on top of the state's tree and writes what that changed as a layer. */
export async function writeCopy(
  session: Session,
  state: StageState,
  { destination, chown, mode, parents }: ResolvedCopy,
  work: CopyWork,
): Promise<Layer | undefined> {
  const snapshot = await session.layers.snapshot(state.layers);
  const tree = createWorkingTree(snapshot, session.store, { now: () => session.epoch });
  const owner = chown === undefined ? undefined : resolveOwner(chown, tree);
  return layerOf(session, tree, work, { destination, owner, mode, parents });
}

/** Puts the work into a tree, and writes what the tree then has changed as a layer; undefined for nothing. */
export async function layerOf(
  session: Session,
  tree: WorkingTree,
  work: CopyWork,
  options: Omit<PlaceOptions, "digestOf">,
): Promise<Layer | undefined> {
  const contents = new Map<string, SourceContent>();
  const digestOf = (content: SourceContent) => {
    const digest = session.digests.of(content);
    if (typeof digest !== "string") throw sourceUnreadable(describe(content), undefined);
    contents.set(digest, content);
    return { digest, size: sizeOf(content) };
  };
  await settleDigests(session, work);
  for (const item of work) {
    if (item.kind === "selection") placeSelection(tree, item.selection, { ...options, digestOf });
    else
      placeSelection(tree, await unpacked(session, item.content), { ...options, parents: false, digestOf });
  }
  const drafted = tree.changes().changes;
  if (drafted.length === 0) return undefined;
  const changes = drafted.map((change) => withContent(change, contents));
  const layer = await session.writeDraft({ changes });
  checkContents(layer, drafted, contents);
  return layer;
}

/** Every digest is at hand before files are placed, which is not asynchronous. */
async function settleDigests(session: Session, work: CopyWork): Promise<void> {
  for (const { selection } of work) {
    for (const { node } of selection.entries)
      if (node.kind === "file") await session.digests.of(node.content);
  }
}

async function unpacked(session: Session, content: SourceContent): Promise<Selection> {
  const layer = await readLayer(readContent(session.store, content), session.store, {
    kind: "archive",
    signal: session.signal,
  });
  const tree = createSnapshotTree(applyLayer(emptySnapshot(), layer.changes));
  const [selection] = selectSource(tree, "/", { exclude: [], parents: false });
  return selection ?? { name: "", parents: "", sourcePath: "", entries: [] };
}

/** A draft's file whose content is not in the store yet gets it from where it is. */
function withContent(change: DraftChange, contents: ReadonlyMap<string, SourceContent>): DraftChange {
  if (change.kind !== "leaf" || change.inode.kind !== "file") return change;
  const { content: place, attributes } = change.inode;
  const content = place.blob === place.sha256 ? contents.get(place.sha256) : undefined;
  if (content === undefined || content.kind === "stored") return change;
  const { path } = change;
  if (content.kind === "bytes") return { kind: "new-file", path, attributes, bytes: content.bytes };
  return { kind: "host-file", path, attributes, hostPath: content.path, size: content.identity.size };
}

/** A file that changed while it was copied would put another content under this step's key. */
function checkContents(
  layer: Layer,
  drafted: readonly DraftChange[],
  contents: ReadonlyMap<string, SourceContent>,
): void {
  const expected = new Map(drafted.flatMap((change) => digestEntry(change)));
  for (const change of layer.changes) {
    const [digest, written] = [expected.get(change.path), digestEntry(change)[0]?.[1]];
    const content = digest === undefined ? undefined : contents.get(digest);
    if (written !== undefined && written !== digest && content?.kind === "host") {
      throw contextFileChanged(content.path, content.identity.size);
    }
  }
}

function digestEntry(change: DraftChange): readonly (readonly [path: string, digest: string])[] {
  return change.kind === "leaf" && change.inode.kind === "file"
    ? [[change.path, change.inode.content.sha256]]
    : [];
}

const sizeOf = (content: SourceContent): number =>
  content.kind === "stored"
    ? content.content.size
    : content.kind === "bytes"
      ? content.bytes.length
      : content.identity.size;

const describe = (content: SourceContent) => (content.kind === "host" ? content.path : "a source file");

const chunkSize = 1 << 18;

/** The bytes of a source file. */
export async function* readContent(store: Store, content: SourceContent): AsyncGenerator<Uint8Array> {
  if (content.kind === "bytes") {
    yield content.bytes;
  } else if (content.kind === "host") {
    try {
      for await (const chunk of createReadStream(content.path)) yield chunk as Buffer;
    } catch (cause) {
      throw sourceUnreadable(content.path, cause);
    }
  } else {
    const { content: place } = content;
    for (let position = 0; position < place.size; ) {
      const buffer = new Uint8Array(Math.min(chunkSize, place.size - position));
      const count = store.read(place, position, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
      position += count;
    }
  }
}
