import { unknownGroup, unknownUser, userOutOfRange } from "../errors/component.ts";
import type { ImageFiles } from "./image-files.ts";

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** What HOME becomes unless the image sets it. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Databases larger than this are not read further. */
const DATABASE_LIMIT = 1024 * 1024;
const ID_LIMIT = 0x7fffffff;

/**
 * Resolves USER (`user`, `uid`, `user:group`, …) through the image's /etc/passwd and /etc/group, as Docker
 * does: names before numbers; an unknown number is taken as it is, with group 0 and home `/`.
 * Throws USER_UNKNOWN, GROUP_UNKNOWN, USER_OUT_OF_RANGE.
 */
export function resolveUser(user: string, files: ImageFiles): ResolvedUser {
  const colon = user.indexOf(":");
  const userPart = colon < 0 ? user : user.slice(0, colon);
  const groupPart = colon < 0 ? "" : user.slice(colon + 1);

  const entry = findUser(userPart === "" ? "0" : userPart, files);
  const gid = groupPart === "" ? entry.gid : findGroup(groupPart, files);
  return { uid: entry.uid, gid, home: entry.home };
}

/** The home directory of a user by name, for `~user`. */
export function homeOf(user: string, files: ImageFiles): string | undefined {
  return passwd(files).find(({ name }) => name === user)?.home;
}

function findUser(wanted: string, files: ImageFiles): Omit<PasswdEntry, "name"> {
  const entries = passwd(files);
  const byName = entries.find(({ name }) => name === wanted);
  if (byName !== undefined) return byName;
  const uid = parseId(wanted);
  if (uid === undefined) throw unknownUser(wanted);
  return entries.find((entry) => entry.uid === uid) ?? { uid, gid: 0, home: "/" };
}

function findGroup(wanted: string, files: ImageFiles): number {
  for (const [name, , gid] of database(files, "/etc/group")) {
    const number = parseField(gid);
    if (name === wanted && number !== undefined) return number;
  }
  const gid = parseId(wanted);
  if (gid === undefined) throw unknownGroup(wanted);
  return gid;
}

function passwd(files: ImageFiles): readonly PasswdEntry[] {
  return database(files, "/etc/passwd").flatMap(([name = "", , uidText, gidText, , home = ""]) => {
    const uid = parseField(uidText);
    const gid = parseField(gidText);
    return uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home: home === "" ? "/" : home }];
  });
}

/** passwd(5) and group(5): one entry a line, fields separated by colons; damaged lines are passed over. */
function database(files: ImageFiles, path: string): readonly (readonly string[])[] {
  const found = files.find(path);
  if (found === undefined) return [];
  const text = new TextDecoder().decode(files.read(found, DATABASE_LIMIT));
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.trim().split(":"));
}

function parseField(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= ID_LIMIT ? number : undefined;
}

function parseId(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const number = Number(text);
  if (number > ID_LIMIT) throw userOutOfRange(text);
  return number;
}
