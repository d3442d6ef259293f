import { ownerUnknown } from "../../errors/build.ts";
import type { WorkingTree } from "../../filesystem/types.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Docker reads no more of passwd and group than this. */
const accountsLimit = 8 << 20;

/**
 * `user[:group]` of --chown, or USER. Names are looked up in the image's own files. A user by name brings
 * its group along, a number stands for both. Throws OWNER_NOT_FOUND.
 */
export function resolveOwner(text: string, tree: WorkingTree): Owner {
  const colon = text.indexOf(":");
  const user = colon === -1 ? text : text.slice(0, colon);
  const group = colon === -1 ? undefined : text.slice(colon + 1);
  const owner = user === "" ? { uid: 0, gid: 0 } : resolveUser(user, tree);
  return group === undefined || group === "" ? owner : { uid: owner.uid, gid: resolveGroup(group, tree) };
}

function resolveUser(user: string, tree: WorkingTree): Owner {
  const id = number(user);
  if (id !== undefined) return { uid: id, gid: id };
  const fields = entry(tree, "/etc/passwd", user);
  const uid = number(fields?.[2] ?? "");
  const gid = number(fields?.[3] ?? "");
  if (uid === undefined || gid === undefined) throw ownerUnknown(user, "user");
  return { uid, gid };
}

function resolveGroup(group: string, tree: WorkingTree): number {
  const gid = number(group) ?? number(entry(tree, "/etc/group", group)?.[2] ?? "");
  if (gid === undefined) throw ownerUnknown(group, "group");
  return gid;
}

function entry(tree: WorkingTree, file: string, name: string): readonly string[] | undefined {
  for (const line of readText(tree, file).split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name) return fields;
  }
  return undefined;
}

function readText(tree: WorkingTree, file: string): string {
  try {
    const { kind, size } = tree.stat(tree.resolve(file));
    return kind === "file" && size <= accountsLimit ? Buffer.from(tree.readFile(file)).toString("utf8") : "";
  } catch {
    // An image without such a file knows no names: the look-up that follows says so.
    return "";
  }
}

function number(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffff_ffff ? value : undefined;
}
