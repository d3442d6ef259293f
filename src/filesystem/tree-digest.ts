import { createHash } from "node:crypto";
import { walk } from "./snapshot.ts";
import type { Digest, InodeNumber, Snapshot } from "./types.ts";

/**
 * A digest of all that a program can see of a tree: names, kinds, modes, owners, extended attributes, link
 * targets, which names share an inode, device numbers, contents; and the times, unless they are left out. How
 * the tree came to be (layers, inode numbers, where contents lie) does not matter.
 */
export function treeDigest(
  snapshot: Snapshot,
  options: { readonly times: boolean; readonly from?: string } = { times: true },
): Digest {
  const hash = createHash("sha256");
  const order = new Map<InodeNumber, number>();
  for (const { path, number, inode } of walk(snapshot, options.from)) {
    const seen = order.get(number);
    if (seen === undefined) order.set(number, order.size);
    const { mode, uid, gid, mtime, xattrs } = inode.attributes;
    hash.update(
      `${JSON.stringify([
        path,
        inode.kind,
        seen ?? -1,
        mode,
        uid,
        gid,
        options.times ? [mtime.seconds, mtime.nanos] : [],
        Object.entries(xattrs).sort(([a], [b]) => (a < b ? -1 : 1)),
        inode.kind === "file" ? [inode.content.size, inode.content.sha256] : [],
        inode.kind === "symlink" ? inode.target : "",
        "major" in inode ? [inode.major, inode.minor] : [],
      ])}\n`,
    );
  }
  return `sha256:${hash.digest("hex")}`;
}
