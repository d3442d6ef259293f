import { gitPathInvalid, gitTooLarge } from "../../errors/sources.ts";
import type { Git } from "./command.ts";
import type { FetchedRepository } from "./repository.ts";

export interface TreeEntry {
  /** From the repository's root. */
  readonly path: string;
  readonly kind: "file" | "program" | "symlink" | "submodule";
  /** Of the blob, or of the submodule's commit. */
  readonly object: string;
}

const kinds: Readonly<Record<string, TreeEntry["kind"]>> = {
  // 100664 is what early versions of git wrote.
  "100644": "file",
  "100664": "file",
  "100755": "program",
  "120000": "symlink",
  "160000": "submodule",
};

export const entryLimit = 1_000_000;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Every file, link and submodule of the commit, in git's order. Throws GIT_PATH_INVALID, GIT_TOO_LARGE. */
export async function listTree(
  git: Git,
  name: string,
  repository: FetchedRepository,
): Promise<readonly TreeEntry[]> {
  const output = await git.run(name, {
    args: ["ls-tree", "-r", "-z", "--full-tree", repository.commit],
    gitDirectory: repository.directory,
  });
  const entries: TreeEntry[] = [];
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start);
    if (end < 0) break;
    entries.push(parseEntry(output.subarray(start, end)));
    if (entries.length > entryLimit) throw gitTooLarge(name, `${entryLimit} entries`);
    start = end + 1;
  }
  return entries;
}

function parseEntry(line: Uint8Array): TreeEntry {
  let text: string;
  try {
    text = decoder.decode(line);
  } catch {
    throw gitPathInvalid(
      Buffer.from(line)
        .toString("latin1")
        .replace(/^[^\t]*\t/, ""),
    );
  }
  const [, mode = "", object = "", path = ""] = /^(\d{6}) \w+ ([0-9a-f]+)\t(.*)$/s.exec(text) ?? [];
  const kind = kinds[mode];
  if (kind === undefined || !isSafePath(path)) throw gitPathInvalid(path);
  return { path, kind, object };
}

/** git's own checks on writing its index, once more: nothing names a place outside, or a repository's inside. */
function isSafePath(path: string): boolean {
  return path.split("/").every((part) => {
    const plain = part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git";
    return plain && Buffer.byteLength(part) <= 255;
  });
}
