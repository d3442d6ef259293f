import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { DraftChange, Timestamp } from "../../filesystem/types.ts";
import type { ResolvedGit } from "../types.ts";
import type { Git } from "./command.ts";
import { attributesAt } from "./files.ts";
import type { FetchedRepository } from "./repository.ts";

/**
 * A `.git` directory of the one commit: HEAD (detached), a configuration with the remote, the ref that was asked
 * for, the index, and the commit's objects in one pack. Nothing in it depends on how the server sent them, on
 * this machine or on the clock; a pack's bytes may depend on the version of git.
 */
export async function makeGitDirectory(
  git: Git,
  remote: string,
  repository: FetchedRepository,
  resolved: ResolvedGit,
  options: { readonly scratch: string; readonly time: Timestamp },
): Promise<readonly DraftChange[]> {
  const { commit } = repository;
  const text = (args: readonly string[]) =>
    git
      .run(remote, { args, gitDirectory: repository.directory })
      .then((output) => Buffer.from(output).toString("latin1"));

  const objects = await listObjects(text, commit, resolved.object);
  const packs = path.join(options.scratch, "pack");
  await mkdir(packs, { recursive: true });
  await git.run(remote, {
    // Neither deltas of the server's nor threads: the same objects give the same bytes.
    args: [
      "pack-objects",
      "--quiet",
      "--window=0",
      "--depth=0",
      "--no-reuse-delta",
      "--no-reuse-object",
    ].concat("--threads=1", path.join(packs, "pack")),
    gitDirectory: repository.directory,
    input: Buffer.from(objects.map((id) => `${id}\n`).join("")),
  });
  const index = path.join(options.scratch, "index");
  await git.run(remote, {
    args: ["read-tree", commit],
    gitDirectory: repository.directory,
    extraEnvironment: { GIT_INDEX_FILE: index },
  });

  const changes: DraftChange[] = [];
  const attributes = (mode: number) => attributesAt(mode, options.time);
  const addDirectory = (name: string) =>
    changes.push({ kind: "directory", path: name, attributes: attributes(0o755) });
  const addText = (name: string, content: string) =>
    changes.push({
      kind: "new-file",
      path: name,
      attributes: attributes(0o644),
      bytes: Buffer.from(content),
    });

  for (const name of [".git", ".git/objects", ".git/objects/info", ".git/objects/pack"]) addDirectory(name);
  for (const name of [".git/refs", ".git/refs/heads", ".git/refs/tags"]) addDirectory(name);
  addText(".git/HEAD", `${commit}\n`);
  addText(".git/config", configuration(remote, commit));
  if (/^parent /m.test((await text(["cat-file", "commit", commit])).split("\n\n", 1)[0] ?? "")) {
    addText(".git/shallow", `${commit}\n`);
  }
  if (resolved.ref !== undefined)
    addText(".git/packed-refs", packedRefs(resolved.ref, resolved.object, commit));
  changes.push({
    kind: "new-file",
    path: ".git/index",
    attributes: attributes(0o644),
    bytes: await readFile(index),
  });
  for (const name of (await readdir(packs)).filter((each) => /\.(?:pack|idx)$/.test(each)).sort()) {
    const hostPath = path.join(packs, name);
    changes.push({
      kind: "host-file",
      path: `.git/objects/pack/${name}`,
      attributes: attributes(0o444),
      hostPath,
      size: (await stat(hostPath)).size,
    });
  }
  return changes;
}

/** Tags that may point to one another before the commit comes. */
const tagLimit = 32;

/** The commit, the tag on it, its trees and its blobs, in the order of their names. */
async function listObjects(
  text: (args: readonly string[]) => Promise<string>,
  commit: string,
  tag: string,
): Promise<readonly string[]> {
  const ids = new Set([commit]);
  for (let id: string | undefined = tag; id !== undefined && id !== commit && ids.size < tagLimit; ) {
    ids.add(id);
    id = /^object ([0-9a-f]+)$/m.exec(await text(["cat-file", "tag", id]))?.[1];
  }
  ids.add((await text(["rev-parse", "--verify", "--end-of-options", `${commit}^{tree}`])).trim());
  const listing = await text(["ls-tree", "-r", "-t", "-z", "--full-tree", commit]);
  for (const [, kind, id = ""] of listing.matchAll(/(?:^|\0)\d{6} (\w+) ([0-9a-f]+)\t/g)) {
    // A submodule's commit is in another repository.
    if (kind !== "commit") ids.add(id);
  }
  return [...ids].sort();
}

function configuration(remote: string, commit: string): string {
  const sha256 = commit.length === 64;
  const quoted = JSON.stringify(remote);
  return [
    "[core]",
    `\trepositoryformatversion = ${sha256 ? 1 : 0}`,
    "\tfilemode = true",
    "\tbare = false",
    "\tlogallrefupdates = true",
    ...(sha256 ? ["[extensions]", "\tobjectformat = sha256"] : []),
    '[remote "origin"]',
    `\turl = ${quoted}`,
    "\tfetch = +refs/heads/*:refs/remotes/origin/*",
    "",
  ].join("\n");
}

function packedRefs(ref: string, object: string, commit: string): string {
  const peeled = object === commit ? "" : `^${commit}\n`;
  return `# pack-refs with: peeled fully-peeled sorted \n${object} ${ref}\n${peeled}`;
}
