import type { WorkingTree } from "../../filesystem/types.ts";
import { messageOf } from "../shell/messages.ts";
import { PATHS, readGroups, readLines, readUsers, writeLines } from "./accounts-file.ts";
import { copyTree } from "./copy.ts";
import { parseOptions } from "./options.ts";
import type { CommandCall, CommandRunner } from "./types.ts";

/** login.defs(5) of Debian. */
const ORDINARY_IDS = { first: 1000, last: 59999 };
const SYSTEM_IDS = { first: 100, last: 999 };
const VALID_NAME = /^[a-z_][a-z0-9_-]*\$?$/i;

function exists(tree: WorkingTree, path: string): boolean {
  try {
    tree.resolve(path);
    return true;
  } catch (error) {
    messageOf(error);
    return false;
  }
}

/** Ordinary ids count up, system ids count down from 999, as shadow-utils gives them. */
function freeId(taken: ReadonlySet<number>, system: boolean): number {
  if (system) {
    for (let id = SYSTEM_IDS.last; id >= SYSTEM_IDS.first; id--) if (!taken.has(id)) return id;
  }
  let id = ORDINARY_IDS.first;
  while (taken.has(id)) id++;
  return id;
}

function appendLine(tree: WorkingTree, path: string, line: string, mode: number): void {
  writeLines(tree, path, [...readLines(tree, path), line], mode);
}

function addGroup(tree: WorkingTree, name: string, wanted: number | undefined, system: boolean): number {
  const gid = wanted ?? freeId(new Set(readGroups(tree).map((group) => group.gid)), system);
  appendLine(tree, PATHS.groups, `${name}:x:${gid}:`, 0o644);
  if (exists(tree, PATHS.groupShadow)) appendLine(tree, PATHS.groupShadow, `${name}:!::`, 0o640);
  return gid;
}

/** Adds a member to a group; false where there is no such group. */
function joinGroup(tree: WorkingTree, group: string, user: string): boolean {
  let found = false;
  const lines = readLines(tree, PATHS.groups).map((line) => {
    const fields = line.split(":");
    if (fields[0] !== group && fields[2] !== group) return line;
    found = true;
    const members = (fields[3] ?? "").split(",").filter((member) => member !== "");
    if (!members.includes(user)) members.push(user);
    return [...fields.slice(0, 3), members.join(",")].join(":");
  });
  if (found) writeLines(tree, PATHS.groups, lines, 0o644);
  return found;
}

interface NewUser {
  readonly name: string;
  readonly uid: number | undefined;
  readonly system: boolean;
  /** A group's name or number; undefined makes one of the user's name. */
  readonly group: string | undefined;
  readonly groups: readonly string[];
  readonly home: string;
  readonly createHome: boolean;
  readonly shell: string;
  readonly comment: string;
}

function addUser(call: CommandCall, user: NewUser): number {
  const { tree } = call;
  const { name } = user;
  if (!VALID_NAME.test(name)) return call.fail(`invalid user name '${name}'`);
  const users = readUsers(tree);
  if (users.some((known) => known.name === name)) {
    call.fail(`user '${name}' already exists`);
    return 9;
  }
  if (user.uid !== undefined && users.some(({ uid }) => uid === user.uid)) {
    call.fail(`UID ${user.uid} is not unique`);
    return 4;
  }
  const groups = readGroups(tree);
  const missing = [...(user.group === undefined ? [] : [user.group]), ...user.groups].find(
    (wanted) => !groups.some((group) => group.name === wanted || String(group.gid) === wanted),
  );
  if (missing !== undefined) {
    call.fail(`group '${missing}' does not exist`);
    return 6;
  }
  const uid = user.uid ?? freeId(new Set(users.map((known) => known.uid)), user.system);
  const own = groups.find((group) => group.name === (user.group ?? name) || String(group.gid) === user.group);
  const ownTaken = groups.some((group) => group.gid === uid);
  const gid = own?.gid ?? addGroup(tree, name, ownTaken ? undefined : uid, user.system);
  appendLine(tree, PATHS.users, `${name}:x:${uid}:${gid}:${user.comment}:${user.home}:${user.shell}`, 0o644);
  if (exists(tree, PATHS.shadow)) {
    // Days since 1970 of the last change, by the step's clock.
    const days = Math.floor(call.shell.host.now().seconds / 86400);
    appendLine(tree, PATHS.shadow, `${name}:!:${days}:${user.system ? "::::" : "0:99999:7::"}:`, 0o640);
  }
  for (const group of user.groups) joinGroup(tree, group, name);
  if (user.createHome && !exists(tree, user.home)) createHome(tree, user.home, uid, gid);
  return 0;
}

function createHome(tree: WorkingTree, home: string, uid: number, gid: number): void {
  const directory = tree.makeDirectories(home, { mode: 0o755 });
  if (exists(tree, "/etc/skel")) {
    for (const { name } of tree.readDirectory(tree.resolve("/etc/skel"))) {
      copyTree(tree, `/etc/skel/${name}`, `${home}/${name}`, { recursive: true, umask: 0, links: "keep" });
      tree.setAttributes(tree.resolve(`${home}/${name}`, { followLast: false }), { uid, gid });
    }
  }
  tree.setAttributes(directory, { uid, gid, mode: 0o700 });
}

const commaList = (text: string | undefined) => (text ?? "").split(",").filter((item) => item !== "");

function numberOption(values: ReadonlyMap<string, string>, letter: string): number | undefined {
  const text = values.get(letter);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

const useradd: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("useradd", call.args, {
    boolean: "mMrNUol",
    takesValue: "ugGdscpbkeKf",
    long: {
      "create-home": "m",
      "no-create-home": "M",
      system: "r",
      uid: "u",
      gid: "g",
      groups: "G",
      "home-dir": "d",
      home: "d",
      shell: "s",
      comment: "c",
      password: "p",
      "base-dir": "b",
      "user-group": "U",
      "no-user-group": "N",
      "non-unique": "o",
      "no-log-init": "l",
      skel: "k",
      expiredate: "e",
      inactive: "f",
    },
  });
  const [name] = operands;
  if (name === undefined) return call.fail("no user name given");
  return addUser(call, {
    name,
    uid: numberOption(values, "u"),
    system: flags.has("r"),
    group: values.get("g") ?? (flags.has("N") ? "100" : undefined),
    groups: commaList(values.get("G")),
    home: values.get("d") ?? `${values.get("b") ?? "/home"}/${name}`,
    createHome: flags.has("m"),
    shell: values.get("s") ?? "/bin/sh",
    comment: values.get("c") ?? "",
  });
};

/** Debian's adduser, and busybox's where the short options are its (-D, -S, -H, -h, -s, -u, -G, -g). */
const adduser: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("adduser", call.args, {
    boolean: "qDSHL",
    takesValue: "hsuGgACIic",
    long: {
      system: "S",
      group: "L",
      quiet: "q",
      "disabled-password": "D",
      "disabled-login": "D",
      "no-create-home": "H",
      home: "h",
      shell: "s",
      uid: "u",
      ingroup: "G",
      gid: "A",
      gecos: "g",
      comment: "g",
      "allow-all-names": "q",
      "force-badname": "q",
    },
  });
  const [name, group] = operands;
  if (name === undefined) return call.fail("only one or two names allowed");
  if (group !== undefined) {
    return joinGroup(call.tree, group, name) ? 0 : call.fail(`The group '${group}' does not exist.`);
  }
  const system = flags.has("S");
  return addUser(call, {
    name,
    uid: numberOption(values, "u"),
    system,
    group: values.get("G") ?? values.get("A") ?? (system && !flags.has("L") ? "nogroup" : undefined),
    groups: [],
    home: values.get("h") ?? (system ? "/nonexistent" : `/home/${name}`),
    createHome: !flags.has("H") && (!system || values.has("h")),
    shell: values.get("s") ?? (system ? "/usr/sbin/nologin" : "/bin/bash"),
    comment: values.get("g") ?? "",
  });
};

const groupadd: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions(call.name, call.args, {
    boolean: "rfoSq",
    takesValue: "gp",
    long: { system: "r", force: "f", gid: "g", "non-unique": "o", quiet: "q" },
  });
  const [first, second] = operands;
  if (first === undefined) return call.fail("no group name given");
  // addgroup USER GROUP adds a member.
  if (second !== undefined) {
    return joinGroup(call.tree, second, first) ? 0 : call.fail(`The group '${second}' does not exist.`);
  }
  const groups = readGroups(call.tree);
  if (groups.some(({ name }) => name === first)) {
    if (flags.has("f")) return 0;
    call.fail(`group '${first}' already exists`);
    return 9;
  }
  const gid = numberOption(values, "g");
  if (gid !== undefined && !flags.has("o") && groups.some((group) => group.gid === gid)) {
    call.fail(`GID '${gid}' already exists`);
    return 4;
  }
  addGroup(call.tree, first, gid, flags.has("r") || flags.has("S"));
  return 0;
};

const usermod: CommandRunner = (call) => {
  const { values, operands } = parseOptions("usermod", call.args, {
    boolean: "amLU",
    takesValue: "Ggudscl",
    long: {
      append: "a",
      groups: "G",
      gid: "g",
      uid: "u",
      home: "d",
      shell: "s",
      comment: "c",
      "move-home": "m",
    },
  });
  const [name] = operands;
  const { tree } = call;
  if (!readUsers(tree).some((user) => user.name === name)) {
    call.fail(`user '${name ?? ""}' does not exist`);
    return 6;
  }
  const gid = values.get("g");
  const groupNumber = readGroups(tree).find((group) => group.name === gid)?.gid ?? gid;
  const fields: readonly (readonly [number, string | undefined])[] = [
    [2, values.get("u")],
    [3, groupNumber === undefined ? undefined : String(groupNumber)],
    [4, values.get("c")],
    [5, values.get("d")],
    [6, values.get("s")],
  ];
  const lines = readLines(tree, PATHS.users).map((line) => {
    const parts = line.split(":");
    if (parts[0] !== name) return line;
    for (const [index, value] of fields) if (value !== undefined) parts[index] = value;
    return parts.join(":");
  });
  writeLines(tree, PATHS.users, lines, 0o644);
  for (const group of commaList(values.get("G"))) {
    if (!joinGroup(tree, group, name!)) return call.fail(`group '${group}' does not exist`);
  }
  return 0;
};

function removeAccount(call: CommandCall, files: readonly string[], name: string): number {
  const { tree } = call;
  if (!readLines(tree, files[0]!).some((line) => line.startsWith(`${name}:`))) {
    call.fail(`'${name}' does not exist`);
    return 6;
  }
  for (const file of files) {
    if (!exists(tree, file)) continue;
    const kept = readLines(tree, file).filter((line) => !line.startsWith(`${name}:`));
    writeLines(tree, file, kept, 0o644);
  }
  return 0;
}

const userdel: CommandRunner = (call) => {
  const { flags, operands } = parseOptions(call.name, call.args, {
    boolean: "rfq",
    long: { remove: "r", force: "f", quiet: "q" },
  });
  const user = readUsers(call.tree).find(({ name }) => name === operands[0]);
  const status = removeAccount(call, [PATHS.users, PATHS.shadow], operands[0] ?? "");
  if (status === 0 && flags.has("r") && user !== undefined && exists(call.tree, user.home)) {
    call.tree.removeRecursively(user.home);
  }
  return status;
};

const groupdel: CommandRunner = (call) =>
  removeAccount(call, [PATHS.groups, PATHS.groupShadow], call.args.at(-1) ?? "");

export const ACCOUNTS: Readonly<Record<string, CommandRunner>> = {
  useradd,
  adduser,
  groupadd,
  addgroup: groupadd,
  usermod,
  userdel,
  deluser: userdel,
  groupdel,
  delgroup: groupdel,
};
