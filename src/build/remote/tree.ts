import { applyLayer, emptySnapshot, isArchive, readLayer } from "../../filesystem/index.ts";
import type { Snapshot } from "../../filesystem/types.ts";
import type { FetchedFile } from "../../sources/types.ts";
import { readContent } from "../copy/work.ts";
import type { RemoteAccess } from "./access.ts";
import { fetchFile } from "./file.ts";
import { openRepository } from "./repository.ts";

/** What an address comes to as a context: the tree of a repository or of an archive, or just a file. */
export type RemoteTree =
  | { readonly kind: "tree"; readonly key: string; readonly snapshot: Snapshot }
  | { readonly kind: "file"; readonly file: FetchedFile };

export interface RemoteContext {
  /** `onFetch` is called when something must really be fetched. */
  readonly load: (onFetch: () => void) => Promise<RemoteTree>;
}

/**
 * What the user names as a context; undefined for what is neither a git source nor an address. Throws GIT_… and
 * HTTP_… errors, and those of damaged archives.
 */
export async function openRemote(
  access: RemoteAccess,
  address: string,
  options: { readonly keepGitDir?: boolean } = {},
): Promise<RemoteContext | undefined> {
  const { classifyContext } = await import("../../sources/index.ts");
  const found = classifyContext(address, () => false);
  if (found.kind === "git") {
    const { source } = found;
    return {
      async load(onFetch) {
        const repository = await openRepository(
          access,
          source,
          options.keepGitDir === true ? { keepGitDir: true } : {},
        );
        return { kind: "tree", key: repository.key, snapshot: await repository.snapshot(onFetch) };
      },
    };
  }
  return found.kind === "http" ? { load: (onFetch) => loadFile(access, found.url, onFetch) } : undefined;
}

async function loadFile(access: RemoteAccess, url: string, onFetch: () => void): Promise<RemoteTree> {
  const { store, signal } = access;
  const file = await fetchFile(access, url, { onFetch });
  const content = { kind: "stored", content: file.content } as const;
  if (!(await isArchive(readContent(store, content)))) return { kind: "file", file };
  const { changes } = await readLayer(readContent(store, content), store, { kind: "archive", signal });
  return {
    kind: "tree",
    key: file.content.sha256,
    snapshot: applyLayer(emptySnapshot(), changes),
  };
}
