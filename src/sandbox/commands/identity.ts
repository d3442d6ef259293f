import { readGroups, readUsers } from "./accounts-file.ts";
import { parseOptions } from "./options.ts";
import type { CommandRunner } from "./types.ts";

export const id: CommandRunner = (call) => {
  const { flags, operands } = parseOptions("id", call.args, { boolean: "ugGnr" });
  const users = readUsers(call.tree);
  const current = call.shell.host.user;
  const wanted = operands[0];
  const user =
    wanted === undefined
      ? users.find(({ uid }) => uid === current.uid)
      : users.find(({ name, uid }) => name === wanted || String(uid) === wanted);
  if (wanted !== undefined && user === undefined) return call.fail(`'${wanted}': no such user`);
  const uid = user?.uid ?? current.uid;
  const gid = user?.gid ?? current.gid;
  const groups = readGroups(call.tree);
  const memberOf = groups.filter((group) => group.gid === gid || group.members.includes(user?.name ?? ""));
  const groupName = (number: number) => groups.find((group) => group.gid === number)?.name;
  const named = (number: number, name: string | undefined) =>
    name === undefined ? String(number) : `${number}(${name})`;
  const pick = (number: number, name: string | undefined) =>
    flags.has("n") ? (name ?? String(number)) : String(number);
  if (flags.has("u")) call.out(`${pick(uid, user?.name)}\n`);
  else if (flags.has("g")) call.out(`${pick(gid, groupName(gid))}\n`);
  else if (flags.has("G"))
    call.out(`${memberOf.map((group) => pick(group.gid, group.name)).join(" ") || gid}\n`);
  else {
    const all = memberOf.map((group) => named(group.gid, group.name)).join(",") || String(gid);
    call.out(`uid=${named(uid, user?.name)} gid=${named(gid, groupName(gid))} groups=${all}\n`);
  }
  return 0;
};

export const whoami: CommandRunner = (call) => {
  const { uid } = call.shell.host.user;
  const name = readUsers(call.tree).find((user) => user.uid === uid)?.name;
  if (name === undefined) return call.fail(`cannot find name for user ID ${uid}`);
  call.out(`${name}\n`);
  return 0;
};
