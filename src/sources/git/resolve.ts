import { gitAnswerInvalid, gitChecksumMismatch, gitFailed, gitRefNotFound } from "../../errors/sources.ts";
import type { GitSource, ResolvedGit } from "../types.ts";
import type { Git } from "./command.ts";
import { checkRef, isObjectId } from "./names.ts";

/** Asks the remote (ls-remote) what the source's ref is now; a whole commit id needs no asking. */
export async function resolveWith(git: Git, source: GitSource): Promise<ResolvedGit> {
  const { ref: wanted } = source;
  if (wanted !== undefined && isObjectId(wanted)) {
    return checked(source, { commit: wanted, ref: undefined, object: wanted });
  }
  const ref = wanted === undefined || wanted === "HEAD" ? await defaultBranch(git, source) : wanted;
  const refs = await listRefs(git, source, [ref, `${ref}^{}`]);
  // As BuildKit (source/git): the name as it stands below refs/, else a branch, else a tag.
  const names = [
    `refs/${ref.replace(/^refs\//, "")}`,
    `refs/heads/${ref.replace(/^refs\/heads\//, "")}`,
    `refs/tags/${ref.replace(/^refs\/tags\//, "")}`,
  ];
  const name = names.find((each) => refs.has(each));
  const object = name === undefined ? undefined : refs.get(name);
  if (name === undefined || object === undefined) throw gitRefNotFound(source.remote, wanted ?? "HEAD");
  return checked(source, { commit: refs.get(`${name}^{}`) ?? object, ref: name, object });
}

/** Either the commit or the annotated tag that points to it may be meant. Throws GIT_CHECKSUM_MISMATCH. */
export function checked(source: GitSource, resolved: ResolvedGit): ResolvedGit {
  const { checksum } = source;
  const ids = [...new Set([resolved.commit, resolved.object])];
  if (checksum !== undefined && !ids.some((id) => id.startsWith(checksum))) {
    throw gitChecksumMismatch(source.remote, checksum, ids);
  }
  return resolved;
}

async function defaultBranch(git: Git, source: GitSource): Promise<string> {
  const output = await ask(git, source, ["--symref", "--", source.remote, "HEAD"]);
  const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(output)?.[1];
  if (branch === undefined) throw gitRefNotFound(source.remote, "HEAD");
  return checkRef(branch);
}

async function listRefs(git: Git, source: GitSource, patterns: readonly string[]) {
  const output = await ask(git, source, ["--", source.remote, ...patterns]);
  const refs = new Map<string, string>();
  for (const line of output.split("\n")) {
    if (line === "") continue;
    const tab = line.indexOf("\t");
    const id = line.slice(0, tab);
    if (tab < 0 || !isObjectId(id)) throw gitAnswerInvalid(source.remote, "its list of refs is not one");
    refs.set(line.slice(tab + 1), id);
  }
  return refs;
}

async function ask(git: Git, source: GitSource, args: readonly string[]): Promise<string> {
  const { ok, stdout, said, kind } = await git.attempt({ args: ["ls-remote", ...args], peer: source });
  if (!ok) throw gitFailed(kind, source.remote, said);
  return Buffer.from(stdout).toString("utf8");
}
