import type { Attributes, Timestamp } from "../../filesystem/types.ts";
import { messageOf } from "../shell/messages.ts";
import { copyTree } from "./copy.ts";
import { parseMode, parseOptions } from "./options.ts";
import { resolveOwner } from "./ownership.ts";
import type { CommandCall, CommandRunner } from "./types.ts";

function isDirectory({ tree, path }: CommandCall, operand: string): boolean {
  try {
    return tree.stat(tree.resolve(path(operand))).kind === "directory";
  } catch (error) {
    messageOf(error);
    return false;
  }
}

const baseName = (path: string) => path.replace(/\/+$/, "").split("/").at(-1) ?? "";

/** Runs for each operand; a failure is reported and the rest goes on, as the GNU tools do. */
function each(
  call: CommandCall,
  operands: readonly string[],
  verb: string,
  run: (operand: string) => void,
): number {
  let status = 0;
  for (const operand of operands) {
    try {
      run(operand);
    } catch (error) {
      status = call.fail(`${verb} '${operand}': ${messageOf(error)}`);
    }
  }
  return status;
}

export const mkdir: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("mkdir", call.args, {
    boolean: "pv",
    takesValue: "m",
    long: { parents: "p", mode: "m", verbose: "v" },
  });
  const { tree, path } = call;
  const { umask } = call.shell.state;
  if (operands.length === 0) return call.fail("missing operand");
  const plain = 0o777 & ~umask;
  const text = values.get("m");
  const mode = text === undefined ? plain : parseMode("mkdir", text, 0o777, true, umask);
  return each(call, operands, "cannot create directory", (operand) => {
    const target = path(operand).replace(/\/+$/, "") || "/";
    if (!flags.has("p")) {
      const place = tree.resolveParent(target, { followLast: false });
      if (place.existing !== undefined) throw Object.assign(new Error(operand), { errno: "EEXIST" });
      tree.create(place.parent, place.name, { kind: "directory", attributes: { mode } });
      return;
    }
    const existed = isDirectory(call, operand);
    const directory = tree.makeDirectories(target, { mode: plain });
    if (!existed && text !== undefined) tree.setAttributes(directory, { mode });
  });
};

/** The copy's or move's exact target: inside where the destination is a directory. */
function targets(
  call: CommandCall,
  operands: readonly string[],
  directory: string | undefined,
  noDirectory: boolean,
) {
  const destination = directory ?? operands.at(-1);
  const sources = directory === undefined ? operands.slice(0, -1) : operands;
  if (destination === undefined || sources.length === 0) return undefined;
  const into = directory !== undefined || (!noDirectory && isDirectory(call, destination));
  if (!into && sources.length > 1) return undefined;
  return sources.map((source) => ({
    source,
    target: into ? `${destination.replace(/\/+$/, "")}/${baseName(source)}` : destination,
  }));
}

export const cp: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("cp", call.args, {
    boolean: "aRrpfvdPLHTnuix",
    takesValue: "t",
    long: {
      archive: "a",
      recursive: "R",
      preserve: "p",
      force: "f",
      verbose: "v",
      "no-dereference": "P",
      dereference: "L",
      "no-target-directory": "T",
      "no-clobber": "n",
      update: "u",
      "target-directory": "t",
    },
  });
  const { tree, path } = call;
  const pairs = targets(call, operands, values.get("t"), flags.has("T"));
  if (pairs === undefined) return call.fail("missing file operand, or the target is not a directory");
  const archive = flags.has("a");
  const recursive = archive || flags.has("R") || flags.has("r");
  const keepLinks = archive || flags.has("d") || flags.has("P");
  let status = 0;
  for (const { source, target } of pairs) {
    // `cp -r dir/. target` copies the contents.
    const exact =
      /(^|\/)\.$/.test(source) && isDirectory(call, target.replace(/\/\.$/, ""))
        ? target.replace(/\/\.$/, "")
        : target;
    try {
      if (flags.has("n") && tree.resolveParent(path(exact), { followLast: false }).existing !== undefined)
        continue;
      copyTree(tree, path(source), path(exact), {
        recursive,
        umask: call.shell.state.umask,
        preserve: archive || flags.has("p"),
        links: keepLinks ? "keep" : "follow",
      });
    } catch (error) {
      const message = messageOf(error);
      status =
        message === "Is a directory" && !recursive
          ? call.fail(`-r not specified; omitting directory '${source}'`)
          : call.fail(`cannot copy '${source}' to '${target}': ${message}`);
    }
  }
  return status;
};

export const mv: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("mv", call.args, {
    boolean: "fvnTiu",
    takesValue: "t",
    long: {
      force: "f",
      verbose: "v",
      "no-clobber": "n",
      "no-target-directory": "T",
      "target-directory": "t",
    },
  });
  const { tree, path } = call;
  const pairs = targets(call, operands, values.get("t"), flags.has("T"));
  if (pairs === undefined) return call.fail("missing file operand, or the target is not a directory");
  let status = 0;
  for (const { source, target } of pairs) {
    try {
      const from = tree.resolveParent(path(source), { followLast: false });
      if (from.existing === undefined) throw Object.assign(new Error(source), { errno: "ENOENT" });
      const to = tree.resolveParent(path(target), { followLast: false });
      if (flags.has("n") && to.existing !== undefined) continue;
      try {
        tree.rename(from.parent, from.name, to.parent, to.name);
      } catch (error) {
        if ((error as { errno?: unknown }).errno !== "EXDEV") throw error;
        const options = { recursive: true, umask: 0, preserve: true, links: "keep" } as const;
        copyTree(tree, path(source), path(target), options);
        tree.removeRecursively(path(source));
      }
    } catch (error) {
      status = call.fail(`cannot move '${source}' to '${target}': ${messageOf(error)}`);
    }
  }
  return status;
};

export const touch: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("touch", call.args, {
    boolean: "acmh",
    takesValue: "drt",
    long: { "no-create": "c", date: "d", reference: "r", "no-dereference": "h" },
  });
  const { tree, path } = call;
  const date = values.get("d");
  const reference = values.get("r");
  if (values.has("t")) return call.fail("-t is not supported: use -d");
  let mtime: Timestamp = { seconds: Math.floor(Date.now() / 1000), nanos: 0 };
  if (date !== undefined) {
    const milliseconds = /^@\d+$/.test(date)
      ? Number(date.slice(1)) * 1000
      : Date.parse(/\d{4}-\d\d-\d\d$/.test(date) ? `${date}T00:00:00Z` : date);
    if (Number.isNaN(milliseconds)) return call.fail(`invalid date format '${date}'`);
    mtime = { seconds: Math.floor(milliseconds / 1000), nanos: 0 };
  } else if (reference === undefined) mtime = call.shell.host.now();
  return each(call, operands, "cannot touch", (operand) => {
    if (reference !== undefined) ({ mtime } = tree.stat(tree.resolve(path(reference))));
    try {
      tree.setAttributes(tree.resolve(path(operand), { followLast: !flags.has("h") }), { mtime });
    } catch (error) {
      if ((error as { errno?: unknown }).errno !== "ENOENT") throw error;
      if (flags.has("c")) return;
      const mode = 0o666 & ~call.shell.state.umask;
      tree.setAttributes(tree.writeFile(path(operand), new Uint8Array(), { mode }), { mtime });
    }
  });
};

export const install: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("install", call.args, {
    boolean: "dDvcTCps",
    takesValue: "mogt",
    long: { mode: "m", owner: "o", group: "g", directory: "d", "target-directory": "t", verbose: "v" },
  });
  const { tree, path } = call;
  const mode = parseMode("install", values.get("m") ?? "755", 0, flags.has("d"), 0);
  const owner = resolveOwner(tree, `${values.get("o") ?? ""}:${values.get("g") ?? ""}`);
  if (typeof owner === "string") return call.fail(owner);
  const attributes: Partial<Attributes> = { mode, ...owner };
  if (flags.has("d")) {
    return each(call, operands, "cannot create directory", (operand) => {
      tree.setAttributes(tree.makeDirectories(path(operand), { mode: 0o755 }), attributes);
    });
  }
  const pairs = targets(call, operands, values.get("t"), flags.has("T"));
  if (pairs === undefined) return call.fail("missing file operand");
  let status = 0;
  for (const { source, target } of pairs) {
    try {
      const parent = path(target).replace(/\/[^/]*$/, "");
      if (flags.has("D") && parent !== "") tree.makeDirectories(parent, { mode: 0o755 });
      copyTree(tree, path(source), path(target), { recursive: false, umask: 0 });
      tree.setAttributes(tree.resolve(path(target)), attributes);
    } catch (error) {
      status = call.fail(`cannot install '${source}': ${messageOf(error)}`);
    }
  }
  return status;
};

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export const mktemp: CommandRunner = async (call) => {
  const { flags, values, operands } = parseOptions("mktemp", call.args, {
    boolean: "dqut",
    takesValue: "p",
    long: { directory: "d", quiet: "q", "dry-run": "u", tmpdir: "p" },
  });
  const { randomInt } = await import("node:crypto");
  const { tree } = call;
  const template = operands[0] ?? "tmp.XXXXXXXXXX";
  const holes = /X{3,}(?=[^X]*$)/.exec(template);
  if (holes === null) return call.fail(`too few X's in template '${template}'`);
  const base =
    operands[0] === undefined || flags.has("t") || values.has("p")
      ? (values.get("p") ?? call.environment["TMPDIR"] ?? "/tmp")
      : "";
  const name = template.replace(holes[0], () =>
    Array.from(holes[0], () => LETTERS[randomInt(LETTERS.length)]).join(""),
  );
  const result = base === "" ? name : `${base}/${name}`;
  try {
    const place = tree.resolveParent(call.path(result), { followLast: false });
    const kind = flags.has("d") ? "directory" : "file";
    if (!flags.has("u"))
      tree.create(place.parent, place.name, { kind, attributes: { mode: kind === "file" ? 0o600 : 0o700 } });
  } catch (error) {
    return call.fail(`failed to create '${result}': ${messageOf(error)}`);
  }
  call.out(`${result}\n`);
  return 0;
};
