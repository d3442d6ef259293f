import { pack } from "tar-stream";

export interface Member {
  /** With a slash at its end: a directory. */
  readonly name: string;
  readonly text?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A tar archive of ASCII texts, which survives being written as one. */
export async function create(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, text, link, mode = 0o644, uid = 0, gid = 0 } of members) {
    const common = { name, mode, uid, gid, mtime: new Date(0) };
    if (link !== undefined) archive.entry({ ...common, type: "symlink", linkname: link });
    else if (name.endsWith("/")) archive.entry({ ...common, type: "directory" });
    else archive.entry({ ...common, type: "file" }, text ?? "");
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
