import path from "node:path";
import { gitSubmoduleRefused, gitTooLarge } from "../../errors/sources.ts";
import type { GitProgress } from "../types.ts";
import type { Git, Peer } from "./command.ts";
import { type FetchedRepository, fetchCommit } from "./repository.ts";
import { listSubmodules } from "./submodules.ts";
import { entryLimit, listTree, type TreeEntry } from "./tree.ts";

/** The part of the whole tree that comes from one repository. */
export interface Part {
  /** Where it lies in the whole tree: "" for the source itself. */
  readonly prefix: string;
  readonly peer: Peer;
  readonly repository: FetchedRepository;
  readonly entries: readonly TreeEntry[];
}

const depthLimit = 16;
const submoduleLimit = 1000;

/**
 * The source's tree and, recursively, those of its submodules, each fetched into a repository of its own below
 * `directory`. `git submodule` takes no part: it would write where a repository tells it to.
 */
export async function collectParts(
  git: Git,
  top: { readonly peer: Peer; readonly repository: FetchedRepository },
  options: {
    readonly submodules: boolean;
    readonly directory: string;
    readonly onProgress: (event: GitProgress) => void;
  },
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  let total = 0;

  async function collect(
    prefix: string,
    peer: Peer,
    repository: FetchedRepository,
    depth: number,
  ): Promise<void> {
    const entries = await listTree(git, peer.remote, repository);
    total += entries.length;
    if (total > entryLimit) throw gitTooLarge(top.peer.remote, `${entryLimit} entries`);
    parts.push({ prefix, peer, repository, entries });
    if (!options.submodules) return;
    for (const submodule of await listSubmodules(git, peer, repository, entries)) {
      const at = prefix + submodule.path;
      if (depth === depthLimit)
        throw gitSubmoduleRefused(at, `it is more than ${depthLimit} submodules deep`);
      if (parts.length > submoduleLimit) throw gitTooLarge(top.peer.remote, `${submoduleLimit} submodules`);
      options.onProgress({ kind: "submodule", name: at });
      const wanted = { object: submodule.commit, ref: undefined };
      const directory = path.join(options.directory, `submodule-${parts.length}`);
      const fetched = await fetchCommit(git, submodule.peer, wanted, directory);
      await collect(`${at}/`, submodule.peer, fetched, depth + 1);
    }
  }

  await collect("", top.peer, top.repository, 0);
  return parts;
}
