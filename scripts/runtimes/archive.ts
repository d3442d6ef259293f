/** Deterministic tars of trees that the recipes describe entry by entry. */

import { createHash } from "node:crypto";
import { pack } from "tar-stream";

export type TreeEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number; readonly gid?: number }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly gid?: number;
      readonly content: Uint8Array;
    }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

/**
 * A tar of `entries` (paths without a leading slash), sorted by the bytes of their paths, all of them root's and
 * of the same `mtime` (seconds since 1970).
 */
export async function writeTar(entries: readonly TreeEntry[], mtime: number): Promise<Uint8Array> {
  const sorted = entries
    .map((entry) => ({ entry, key: Buffer.from(entry.path, "utf8") }))
    .sort((left, right) => Buffer.compare(left.key, right.key));
  const tar = pack();
  const chunks: Uint8Array[] = [];
  tar.on("data", (chunk) => chunks.push(chunk as Uint8Array));
  const finished = new Promise<void>((resolve, reject) => tar.on("end", resolve).on("error", reject));
  for (const { entry } of sorted) {
    const common = { uid: 0, mtime: new Date(mtime * 1000) };
    switch (entry.kind) {
      case "directory":
        tar.entry({
          ...common,
          type: "directory",
          name: `${entry.path}/`,
          mode: entry.mode,
          gid: entry.gid ?? 0,
        });
        break;
      case "symlink":
        tar.entry({
          ...common,
          type: "symlink",
          name: entry.path,
          linkname: entry.target,
          mode: 0o777,
          gid: 0,
        });
        break;
      case "file":
        tar.entry(
          { ...common, type: "file", name: entry.path, mode: entry.mode, gid: entry.gid ?? 0 },
          Buffer.from(entry.content),
        );
        break;
    }
  }
  tar.finalize();
  await finished;
  return Buffer.concat(chunks);
}

export function sha256(bytes: Uint8Array): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
