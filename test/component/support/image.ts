import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  Attributes,
  Digest,
  FileContent,
  Inode,
  InodeNumber,
  Snapshot,
} from "../../../src/filesystem/types.ts";

/** A file tree as a test writes it: text or bytes for a file, `->target` objects for links. */
export type TreeNode =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly same: string }
  | { readonly device: readonly [number, number] }
  | {
      readonly content: string | Uint8Array;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
    };

export type Tree = Readonly<Record<string, TreeNode>>;

export interface TestImage {
  readonly snapshot: Snapshot;
  readonly store: {
    blobPath(digest: Digest): string;
    read(content: FileContent, position: number, target: Uint8Array): number;
  };
}

export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Builds a snapshot whose files lie, with gaps between, in one blob under `directory`. */
export function makeImage(
  directory: string,
  tree: Tree,
  mtime = { seconds: 946684800, nanos: 0 },
): TestImage {
  const inodes = new Map<InodeNumber, Inode>();
  const attributes = (mode: number, uid = 0, gid = 0): Attributes => ({ mode, uid, gid, mtime, xattrs: {} });
  const chunks: Uint8Array[] = [Buffer.from("leading bytes")];
  let size = chunks[0]!.length;
  let next = 1;
  const blob = sha256(Buffer.from(directory + Object.keys(tree).join()));
  const makeDirectory = () => {
    const entries = new Map<string, InodeNumber>();
    const number = next++;
    inodes.set(number, { kind: "directory", attributes: attributes(0o755), entries });
    return { number, entries };
  };
  const root = makeDirectory();
  const directories = new Map([["", root]]);
  const directoryOf = (path: string): { number: number; entries: Map<string, InodeNumber> } => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const made = makeDirectory();
    directories.set(path, made);
    const slash = path.lastIndexOf("/");
    directoryOf(path.slice(0, Math.max(slash, 0))).entries.set(path.slice(slash + 1), made.number);
    return made;
  };
  const places = new Map<string, InodeNumber>();
  for (const [path, node] of Object.entries(tree)) {
    const relative = path.replace(/^\//, "");
    if (relative.endsWith("/")) {
      directoryOf(relative.slice(0, -1));
      continue;
    }
    const slash = relative.lastIndexOf("/");
    const parent = directoryOf(relative.slice(0, Math.max(slash, 0)));
    const name = relative.slice(slash + 1);
    if (typeof node === "object" && "same" in node) {
      parent.entries.set(name, places.get(node.same)!);
      continue;
    }
    const number = next++;
    places.set(path, number);
    parent.entries.set(name, number);
    if (typeof node === "object" && "link" in node) {
      inodes.set(number, { kind: "symlink", attributes: attributes(0o777), target: node.link });
    } else if (typeof node === "object" && "device" in node) {
      const [major, minor] = node.device;
      inodes.set(number, { kind: "character-device", attributes: attributes(0o666), major, minor });
    } else {
      const detail = typeof node === "object" && "content" in node ? node : { content: node };
      const bytes = typeof detail.content === "string" ? Buffer.from(detail.content) : detail.content;
      const content = { blob, offset: size, size: bytes.length, sha256: sha256(bytes) };
      chunks.push(bytes, Buffer.from("gap"));
      size += bytes.length + 3;
      const { mode = 0o644, uid, gid } = detail;
      inodes.set(number, { kind: "file", attributes: attributes(mode, uid, gid), content });
    }
  }
  const all = Buffer.concat(chunks);
  const file = join(directory, `${blob.slice(7)}.blob`);
  writeFileSync(file, all);
  return {
    snapshot: { inodes },
    store: {
      blobPath: () => file,
      read: (content, position, target) => {
        const from = content.offset + position;
        const count = Math.max(Math.min(target.length, content.size - position), 0);
        all.copy(target, 0, from, from + count);
        return count;
      },
    },
  };
}
