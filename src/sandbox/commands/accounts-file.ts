import type { WorkingTree } from "../../filesystem/types.ts";
import { messageOf } from "../shell/messages.ts";

/** passwd(5), group(5) and their shadows. Lines that are not understood are kept as they are. */

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export const PATHS = {
  users: "/etc/passwd",
  groups: "/etc/group",
  shadow: "/etc/shadow",
  groupShadow: "/etc/gshadow",
} as const;

export function readLines(tree: WorkingTree, path: string): readonly string[] {
  try {
    return new TextDecoder()
      .decode(tree.readFile(path))
      .split("\n")
      .filter((line) => line !== "");
  } catch (error) {
    messageOf(error);
    return [];
  }
}

export function writeLines(tree: WorkingTree, path: string, lines: readonly string[], mode: number): void {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  try {
    const inode = tree.resolve(path);
    tree.truncate(inode, 0);
    tree.write(inode, 0, bytes);
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== "ENOENT") throw error;
    tree.makeDirectories("/etc");
    tree.writeFile(path, bytes, { mode });
  }
}

const number = (text: string | undefined) => (/^\d+$/.test(text ?? "") ? Number(text) : undefined);

export function readUsers(tree: WorkingTree): readonly User[] {
  return readLines(tree, PATHS.users).flatMap((line) => {
    const [name, , uid, gid, comment = "", home = "/", shell = ""] = line.split(":");
    const [uidNumber, gidNumber] = [number(uid), number(gid)];
    if (name === undefined || uidNumber === undefined || gidNumber === undefined) return [];
    return [{ name, uid: uidNumber, gid: gidNumber, comment, home, shell }];
  });
}

export function readGroups(tree: WorkingTree): readonly Group[] {
  return readLines(tree, PATHS.groups).flatMap((line) => {
    const [name, , gid, members = ""] = line.split(":");
    const gidNumber = number(gid);
    if (name === undefined || gidNumber === undefined) return [];
    return [{ name, gid: gidNumber, members: members.split(",").filter((member) => member !== "") }];
  });
}
