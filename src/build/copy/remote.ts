import type { AddInstruction, CopyInstruction } from "../../dockerfile/types.ts";
import { checksumOfLocal, checksumOfMany, remoteInCopy } from "../../errors/build.ts";
import type { Timestamp } from "../../filesystem/types.ts";
import type { GitSource } from "../../sources/types.ts";
import { createSnapshotTree } from "../context/snapshot-tree.ts";
import { mayBeRemote, withoutCredentials } from "../remote/access.ts";
import { fetchFile } from "../remote/file.ts";
import { openRepository } from "../remote/repository.ts";
import type { Session } from "../session.ts";
import { keyOf } from "../state.ts";
import { type Selection, selectSource } from "./select.ts";

/** A source of ADD that lies elsewhere, found but perhaps not fetched yet. */
export interface RemoteSource {
  /** Names what it gives: the commit, or the digest of the file. */
  readonly key: string;
  /** A time that the source itself asks for, and so a part of every key; undefined for the build's policy. */
  readonly keepsTime: string | undefined;
  /** Whether archives among it are unpacked. */
  readonly unpack: boolean;
  readonly selections: () => Promise<readonly Selection[]>;
}

/**
 * The remote ones among the sources of an ADD, by their text; for a COPY there must be none. `start` is called when
 * something must really be fetched. Throws COPY_REMOTE, CHECKSUM_MISPLACED, GIT_… and HTTP_… errors.
 */
export async function openRemoteSources(
  session: Session,
  instruction: CopyInstruction | AddInstruction,
  paths: readonly string[],
  checksum: string | undefined,
  start: () => void,
): Promise<ReadonlyMap<string, RemoteSource>> {
  if (checksum !== undefined && instruction.sources.length !== 1) throw checksumOfMany();
  const remotes = new Map<string, RemoteSource>();
  for (const path of paths.filter(mayBeRemote)) {
    const { classifyAddSource } = await import("../../sources/index.ts");
    const source = classifyAddSource(path);
    if (source.kind === "local") continue;
    if (instruction.kind === "COPY") throw remoteInCopy(withoutCredentials(path), source.kind);
    remotes.set(
      path,
      source.kind === "git"
        ? await gitSource(session, instruction, source.source, checksum, start)
        : await httpSource(session, instruction, source.url, checksum, start),
    );
  }
  if (checksum !== undefined && remotes.size === 0) throw checksumOfLocal();
  return remotes;
}

async function gitSource(
  session: Session,
  { keepGitDir, exclude }: AddInstruction,
  source: GitSource,
  checksum: string | undefined,
  start: () => void,
): Promise<RemoteSource> {
  const repository = await openRepository(session.remote, source, { checksum, keepGitDir });
  const keepsTimes = source.mtime === "commit" || session.options.timestamps === "keep";
  return {
    key: keyOf([repository.key, keepsTimes]),
    keepsTime: source.mtime === "commit" ? repository.commit : undefined,
    unpack: false,
    async selections() {
      const snapshot = await repository.snapshot(start);
      const tree = createSnapshotTree(snapshot, { time: keepsTimes ? undefined : session.epoch });
      return selectSource(tree, "/", { exclude, parents: false });
    },
  };
}

async function httpSource(
  session: Session,
  { unpack }: AddInstruction,
  url: string,
  checksum: string | undefined,
  start: () => void,
): Promise<RemoteSource> {
  const { content, name, mode, mtime } = await fetchFile(session.remote, url, { checksum, onFetch: start });
  const time: Timestamp = (session.options.timestamps === "keep" ? mtime : undefined) ?? session.epoch;
  const attributes = { mode, uid: 0, gid: 0, mtime: time, xattrs: {} };
  const node = { kind: "file", attributes, content: { kind: "stored", content }, sameAs: undefined } as const;
  const selection: Selection = { name, parents: "", sourcePath: name, entries: [{ path: "", node }] };
  return {
    key: keyOf(["http", content.sha256, name, time]),
    keepsTime: undefined,
    unpack: unpack === true,
    selections: async () => [selection],
  };
}
