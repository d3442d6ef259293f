import { lstat, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { gitAnswerInvalid, gitPathInvalid, gitTooLarge } from "../../errors/sources.ts";
import type { Attributes, DraftChange, Timestamp } from "../../filesystem/types.ts";
import type { Part } from "./collect.ts";
import type { Git } from "./command.ts";
import type { TreeEntry } from "./tree.ts";

/** Linux: PATH_MAX, without its terminator. */
const linkTargetLimit = 4095;

/** Of all files together, in bytes. */
const sizeLimit = 64 * 1024 * 1024 * 1024;

export const attributesAt = (mode: number, mtime: Timestamp): Attributes => ({
  mode,
  uid: 0,
  gid: 0,
  mtime,
  xattrs: {},
});

/** Whether the tree has such a directory. Links on the way are not followed: none leads anywhere. */
export function hasDirectory(parts: readonly Part[], subdir: string): boolean {
  return parts.some(({ prefix, entries }) =>
    entries.some(({ path: name, kind }) => {
      const at = prefix + name;
      return at.startsWith(`${subdir}/`) || (at === subdir && kind === "submodule");
    }),
  );
}

/**
 * What is in `directory` (a path of the whole tree, "" for all) as changes relative to it; file contents lie in
 * temporary files below `scratch`. Their names there are made up by git: no name of the repository is used on
 * the host. Conversions that .gitattributes asks for (line ends, encodings) are applied, as a checkout does.
 */
export async function readFiles(
  git: Git,
  parts: readonly Part[],
  options: { readonly directory: string; readonly scratch: string; readonly time: Timestamp },
): Promise<readonly DraftChange[]> {
  const base = options.directory === "" ? "" : `${options.directory}/`;
  const changes = new Map<string, DraftChange>();
  const remote = parts[0]?.peer.remote ?? "";
  let total = 0;
  const refuse = (at: string) => gitAnswerInvalid(remote, `${JSON.stringify(at)} is in it twice`);
  const addParents = (at: string) => {
    const parent = path.posix.dirname(at);
    if (parent === ".") return;
    const existing = changes.get(parent);
    if (existing !== undefined && existing.kind !== "directory") throw refuse(parent);
    if (existing !== undefined) return;
    changes.set(parent, { kind: "directory", path: parent, attributes: attributesAt(0o755, options.time) });
    addParents(parent);
  };

  for (const [index, part] of parts.entries()) {
    const wanted = part.entries.filter((entry) => (part.prefix + entry.path).startsWith(base));
    if (wanted.length === 0) continue;
    const scratch = path.join(options.scratch, `files-${index}`);
    const copies = await checkOut(git, part, wanted, scratch);
    for (const entry of wanted) {
      const at = (part.prefix + entry.path).slice(base.length);
      addParents(at);
      const change = await describeEntry(entry, at, copies, options.time, part.peer.remote);
      if (change.kind === "host-file") total += change.size;
      if (total > sizeLimit) throw gitTooLarge(part.peer.remote, `${sizeLimit} bytes`);
      const existing = changes.get(at);
      if (existing !== undefined && !(existing.kind === "directory" && change.kind === "directory")) {
        throw refuse(at);
      }
      changes.set(at, change);
    }
  }
  return [...changes.values()];
}

async function describeEntry(
  entry: TreeEntry,
  at: string,
  copies: ReadonlyMap<string, string>,
  time: Timestamp,
  remote: string,
): Promise<DraftChange> {
  if (entry.kind === "submodule")
    return { kind: "directory", path: at, attributes: attributesAt(0o755, time) };
  const copy = copies.get(entry.path);
  if (copy === undefined) throw gitAnswerInvalid(remote, `${JSON.stringify(at)} has no content`);
  const { size } = await lstat(copy);
  if (entry.kind === "symlink") {
    if (size === 0 || size > linkTargetLimit) throw gitPathInvalid(at);
    const target = (await readFile(copy)).toString("utf8");
    if (target.includes("\0") || target.includes("\ufffd")) throw gitPathInvalid(at);
    return {
      kind: "leaf",
      path: at,
      inode: { kind: "symlink", target, attributes: attributesAt(0o777, time) },
    };
  }
  const attributes = attributesAt(entry.kind === "program" ? 0o755 : 0o644, time);
  return { kind: "host-file", path: at, attributes, hostPath: copy, size };
}

/** Path in the repository → temporary file. */
async function checkOut(
  git: Git,
  part: Part,
  wanted: readonly TreeEntry[],
  scratch: string,
): Promise<ReadonlyMap<string, string>> {
  await mkdir(scratch, { recursive: true });
  const environment = {
    GIT_INDEX_FILE: path.join(part.repository.directory, "boxwright-index"),
    GIT_WORK_TREE: scratch,
  };
  const shared = {
    gitDirectory: part.repository.directory,
    directory: scratch,
    extraEnvironment: environment,
  };
  await git.run(part.peer.remote, { ...shared, args: ["read-tree", part.repository.commit] });
  const names = wanted.filter((entry) => entry.kind !== "submodule").map((entry) => `${entry.path}\0`);
  const output = await git.run(part.peer.remote, {
    ...shared,
    args: ["checkout-index", "--temp", "-z", "--stdin"],
    input: Buffer.from(names.join("")),
  });
  const copies = new Map<string, string>();
  for (const line of Buffer.from(output).toString("utf8").split("\0")) {
    const tab = line.indexOf("\t");
    if (tab > 0) copies.set(line.slice(tab + 1), path.join(scratch, path.basename(line.slice(0, tab))));
  }
  return copies;
}
