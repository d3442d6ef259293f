import { mkdir } from "node:fs/promises";
import { gitAnswerInvalid, gitCommitMissing, gitFailed } from "../../errors/sources.ts";
import type { ResolvedGit } from "../types.ts";
import type { Git, Peer } from "./command.ts";
import { mayAskOtherwise } from "./failures.ts";
import { isObjectId } from "./names.ts";

/** A repository of ours that has one commit, its tree and all its files. */
export interface FetchedRepository {
  readonly directory: string;
  readonly commit: string;
}

/**
 * Fetches one commit, as shallow as the server allows, into a new bare repository in `directory`. Throws
 * GIT_COMMIT_NOT_FOUND, and what a failing git is reported as.
 */
export async function fetchCommit(
  git: Git,
  peer: Peer,
  wanted: Pick<ResolvedGit, "object" | "ref">,
  directory: string,
): Promise<FetchedRepository> {
  const { object, ref } = wanted;
  await mkdir(directory, { recursive: true });
  const format = object.length === 64 ? ["--object-format=sha256"] : [];
  await git.run(peer.remote, { args: ["init", "--quiet", "--bare", ...format, "--", directory] });

  const named = ref === undefined ? [] : [`+${ref}:refs/boxwright/wanted`];
  const ways: readonly (readonly string[])[] = [
    ["--depth=1", "--", peer.remote, object],
    ...(ref === undefined ? [] : [["--depth=1", "--", peer.remote, ...named]]),
    [
      "--",
      peer.remote,
      ...named,
      "+refs/heads/*:refs/boxwright/heads/*",
      "+refs/tags/*:refs/boxwright/tags/*",
    ],
  ];
  for (const way of ways) {
    const { ok, said, kind } = await git.attempt({
      args: [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--update-shallow",
        ...way,
      ],
      peer,
      gitDirectory: directory,
    });
    if (!ok && !mayAskOtherwise(said)) throw gitFailed(kind, peer.remote, said);
    // A server may send something else than it was asked for.
    const commit = ok ? await commitOf(git, directory, object) : undefined;
    if (commit !== undefined) return { directory, commit };
  }
  throw gitCommitMissing(peer.remote, object);
}

/** The commit that an object (a commit, or a tag of one) stands for; undefined if it is not there. */
async function commitOf(git: Git, directory: string, object: string): Promise<string | undefined> {
  const { ok, stdout } = await git.attempt({
    args: ["rev-parse", "--quiet", "--verify", "--end-of-options", `${object}^{commit}`],
    gitDirectory: directory,
  });
  const commit = Buffer.from(stdout).toString("utf8").trim();
  return ok && isObjectId(commit) ? commit : undefined;
}

/** Seconds since 1970 by the committer's clock; dates that make no sense are moved to the nearest that does. */
export async function commitTime(git: Git, name: string, repository: FetchedRepository): Promise<number> {
  const output = await git.run(name, {
    args: ["cat-file", "commit", repository.commit],
    gitDirectory: repository.directory,
  });
  const header = Buffer.from(output).toString("latin1").split("\n\n", 1)[0] ?? "";
  const seconds = /^committer .*> (-?\d{1,15}) [+-]\d+$/m.exec(header)?.[1];
  if (seconds === undefined) throw gitAnswerInvalid(name, "its commit has no time");
  return Math.min(Math.max(Number(seconds), 0), 2 ** 33 - 1);
}
