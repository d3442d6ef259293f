import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gitAnswerInvalid, gitSourceInvalid, gitSubdirMissing } from "../../errors/sources.ts";
import { applyLayer, emptySnapshot, writeLayer } from "../../filesystem/index.ts";
import type { Store } from "../../store/index.ts";
import type { FetchedGit, GitProgress, GitSource, ResolvedGit } from "../types.ts";
import { collectParts } from "./collect.ts";
import { type Environment, type Git, openGit } from "./command.ts";
import { hasDirectory, readFiles } from "./files.ts";
import { makeGitDirectory } from "./keep.ts";
import { checkChecksum } from "./names.ts";
import { commitTime, type FetchedRepository, fetchCommit } from "./repository.ts";
import { checked, resolveWith } from "./resolve.ts";

export interface GitOptions {
  readonly source: GitSource;
  /** ADD --checksum: a commit id or how it begins; must agree with the source's own. */
  readonly checksum?: string;
  readonly signal: AbortSignal;
  /** Where temporary files go, below `tmp`; default the system's directory for them. */
  readonly home?: string;
  /** PATH, proxies and the ssh agent are taken from it; default the process's. */
  readonly environment?: Environment;
  /** Instead of what the address says; sent to the source's own origin only. */
  readonly authorization?: string;
  readonly onProgress?: (event: GitProgress) => void;
}

export interface FetchGitOptions extends GitOptions {
  readonly store: Store;
  /** ADD --keep-git-dir; default what the source says. Of no effect with a subdirectory, as in BuildKit. */
  readonly keepGitDir?: boolean;
  /** What `resolveGit` found, so that the tree is that one even if the ref has moved since. */
  readonly resolved?: ResolvedGit;
}

/**
 * What the source's ref is now: the commit is the key under which the tree can be cached. Throws GIT_… errors
 * (docs/sources.md lists them).
 */
export function resolveGit(options: GitOptions): Promise<ResolvedGit> {
  return withGit(options, ({ git, source, progress }) => {
    progress({ kind: "resolve", name: source.remote });
    return resolveWith(git, source);
  });
}

/** Fetches the source's tree, with its submodules, into the store. Throws GIT_… errors. */
export function fetchGit(options: FetchGitOptions): Promise<FetchedGit> {
  return withGit(options, async ({ git, source, scratch, progress }) => {
    progress({ kind: "resolve", name: source.remote });
    const found =
      options.resolved === undefined ? await resolveWith(git, source) : checked(source, options.resolved);
    progress({ kind: "fetch", name: source.remote });
    const repository = await fetchCommit(git, source, found, path.join(scratch, "repository"));
    if (found.ref !== undefined && repository.commit !== found.commit) {
      throw gitAnswerInvalid(source.remote, "its list of refs does not agree with its commits");
    }
    // A commit id may turn out to be that of a tag.
    const resolved = checked(source, { ...found, commit: repository.commit });
    const time = { seconds: await commitTime(git, source.remote, repository), nanos: 0 };
    const keepGitDir = (options.keepGitDir ?? source.keepGitDir ?? false) && source.subdir === undefined;
    const changes = [
      ...(await readTree(git, source, repository, { scratch, time, progress })),
      ...(keepGitDir
        ? await makeGitDirectory(git, source.remote, repository, resolved, { scratch, time })
        : []),
    ];
    const layer = await writeLayer({ changes }, options.store, { signal: options.signal });
    return { ...resolved, layer, snapshot: applyLayer(emptySnapshot(), layer.changes), time };
  });
}

async function readTree(
  git: Git,
  source: GitSource,
  repository: FetchedRepository,
  { scratch, time, progress }: Pick<Work, "scratch" | "progress"> & Pick<FetchedGit, "time">,
) {
  const submodules = source.submodules ?? true;
  const parts = await collectParts(
    git,
    { peer: source, repository },
    { submodules, directory: scratch, onProgress: progress },
  );
  const directory = source.subdir ?? "";
  if (directory !== "" && !hasDirectory(parts, directory)) throw gitSubdirMissing(source.remote, directory);
  progress({ kind: "files", name: source.remote });
  return readFiles(git, parts, { directory, scratch, time });
}

interface Work {
  readonly git: Git;
  readonly source: GitSource;
  /** Of this work alone; removed in the end. */
  readonly scratch: string;
  readonly progress: (event: GitProgress) => void;
}

async function withGit<T>(options: GitOptions, work: (work: Work) => Promise<T>): Promise<T> {
  const source = withOptions(options);
  const parent = options.home === undefined ? tmpdir() : path.join(options.home, "tmp");
  await mkdir(parent, { recursive: true });
  const scratch = await mkdtemp(path.join(parent, "boxwright-git-"));
  try {
    const git = await openGit(scratch, options.environment ?? process.env, options.signal);
    return await work({ git, source, scratch, progress: options.onProgress ?? (() => {}) });
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The source with what the caller adds to it. */
function withOptions({ source, checksum: given, authorization }: GitOptions): GitSource {
  const checksum = given === undefined ? undefined : checkChecksum(given);
  const [short = "", long = ""] = [source.checksum ?? "", checksum ?? ""].sort((a, b) => a.length - b.length);
  if (!long.startsWith(short)) {
    throw gitSourceInvalid(
      source.remote,
      `its checksum ${source.checksum} is not the one asked for, ${checksum}`,
    );
  }
  return {
    ...source,
    ...(long === "" ? {} : { checksum: long }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
