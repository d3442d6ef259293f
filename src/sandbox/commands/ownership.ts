import type { Attributes, WorkingTree } from "../../filesystem/types.ts";
import { messageOf } from "../shell/messages.ts";
import { readGroups, readUsers } from "./accounts-file.ts";
import { parseOptions } from "./options.ts";
import type { CommandCall, CommandRunner } from "./types.ts";

type Owner = Partial<Pick<Attributes, "uid" | "gid">>;

/** `user`, `user:group`, `user:`, `:group`, by name or number; a message where a name is not known. */
export function resolveOwner(tree: WorkingTree, text: string): Owner | string {
  const [, user = "", separator, group = ""] = /^([^:]*)(:?)(.*)$/s.exec(text)!;
  const owner: { uid?: number; gid?: number } = {};
  if (user !== "") {
    const found = readUsers(tree).find(({ name }) => name === user);
    if (found !== undefined) {
      owner.uid = found.uid;
      if (separator === ":" && group === "") owner.gid = found.gid;
    } else if (/^\d+$/.test(user)) owner.uid = Number(user);
    else return `invalid user: '${text}'`;
  }
  if (group !== "") {
    const found = readGroups(tree).find(({ name }) => name === group);
    if (found !== undefined) owner.gid = found.gid;
    else if (/^\d+$/.test(group)) owner.gid = Number(group);
    else return `invalid group: '${text}'`;
  }
  return owner;
}

function change(
  call: CommandCall,
  path: string,
  owner: Owner,
  recursive: boolean,
  noDereference: boolean,
): void {
  const { tree } = call;
  const inode = tree.resolve(path, { followLast: !noDereference });
  const { kind } = tree.stat(inode);
  tree.setAttributes(inode, owner);
  if (!recursive || kind !== "directory") return;
  for (const { name } of tree.readDirectory(inode)) change(call, `${path}/${name}`, owner, true, true);
}

function run(call: CommandCall, prefix: string): number {
  const { flags, values, operands } = parseOptions(call.name, call.args, {
    boolean: "RhvfcHLP",
    takesValue: "r",
    long: {
      recursive: "R",
      "no-dereference": "h",
      verbose: "v",
      reference: "r",
      quiet: "f",
      silent: "f",
      changes: "c",
    },
  });
  const reference = values.get("r");
  const [text = "", ...rest] = reference === undefined ? operands : ["", ...operands];
  if (rest.length === 0) return call.fail("missing operand");
  let owner: Owner | string;
  if (reference === undefined) owner = resolveOwner(call.tree, prefix + text);
  else {
    const { uid, gid } = call.tree.stat(call.tree.resolve(call.path(reference)));
    owner = prefix === "" ? { uid, gid } : { gid };
  }
  if (typeof owner === "string") return call.fail(owner);
  let status = 0;
  for (const operand of rest) {
    try {
      change(call, call.path(operand), owner, flags.has("R"), flags.has("h"));
    } catch (error) {
      status = call.fail(`cannot access '${operand}': ${messageOf(error)}`);
    }
  }
  return status;
}

export const chown: CommandRunner = (call) => run(call, "");
export const chgrp: CommandRunner = (call) => run(call, ":");
