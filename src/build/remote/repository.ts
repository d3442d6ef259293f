import { applyLayer, emptySnapshot, parseLayer } from "../../filesystem/index.ts";
import type { Layer, Snapshot } from "../../filesystem/types.ts";
import type { GitSource } from "../../sources/types.ts";
import { keyOf } from "../state.ts";
import { gitAuthorization, type RemoteAccess } from "./access.ts";

const recordKind = "git";

/** A tree of a git repository at one commit. */
export interface Repository {
  /** Names the tree: the commit and what of it is wanted. */
  readonly key: string;
  readonly commit: string;
  /** The tree, fetched unless an earlier build has done so; every time in it is the commit's. */
  readonly snapshot: (onFetch: () => void) => Promise<Snapshot>;
}

/** Finds out which commit a source means now; nobody is asked for a whole commit id. Throws GIT_… errors. */
export function openRepository(
  access: RemoteAccess,
  source: GitSource,
  options: RepositoryOptions = {},
): Promise<Repository> {
  const { checksum = null, keepGitDir = null } = options;
  return access.once(keyOf(["git", source, checksum, keepGitDir]), () => openOnce(access, source, options));
}

interface RepositoryOptions {
  readonly checksum?: string | undefined;
  readonly keepGitDir?: boolean | undefined;
}

async function openOnce(
  access: RemoteAccess,
  source: GitSource,
  options: RepositoryOptions,
): Promise<Repository> {
  const { resolveGit, fetchGit } = await import("../../sources/index.ts");
  const { store, signal } = access;
  const isWeb = source.protocol === "https" || source.protocol === "http";
  const authorization =
    source.authorization === undefined && isWeb
      ? await gitAuthorization(access, new URL(source.remote).host)
      : undefined;
  const given = {
    source,
    signal,
    home: store.directory,
    ...(options.checksum === undefined ? {} : { checksum: options.checksum }),
    ...(authorization === undefined ? {} : { authorization }),
  };
  const resolved = await resolveGit(given);
  const keepGitDir = options.keepGitDir ?? source.keepGitDir ?? false;
  const { remote, subdir = "", submodules = true } = source;
  const { commit } = resolved;
  // The .git directory names the ref.
  const kept = keepGitDir ? [resolved.ref ?? "", resolved.object] : null;
  const key = keyOf(["git", remote, commit, subdir, submodules, kept]);

  async function known(): Promise<Layer | undefined> {
    const record = access.noCache ? undefined : await store.readRecord(recordKind, key);
    if (record === undefined) return undefined;
    const layer = parseLayer(record);
    return (await store.blobSize(layer.diffId)) === layer.size ? layer : undefined;
  }

  return {
    key,
    commit,
    snapshot: (onFetch) =>
      access.once(key, async () => {
        const found = await known();
        if (found !== undefined) return applyLayer(emptySnapshot(), found.changes);
        onFetch();
        const { layer, snapshot } = await fetchGit({ ...given, store, resolved, keepGitDir });
        await store.writeRecord(recordKind, key, layer);
        return snapshot;
      }),
  };
}
