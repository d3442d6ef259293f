import type { InodeNumber, Stat } from "../../filesystem/types.ts";
import { messageOf } from "../shell/messages.ts";
import { readGroups, readUsers } from "./accounts-file.ts";
import { parseOptions } from "./options.ts";
import type { CommandCall, CommandRunner } from "./types.ts";

/** `ls` and `stat`: what they say of modes and owners has to be so. */

const TYPE_LETTERS: Readonly<Record<Stat["kind"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  "character-device": "c",
  "block-device": "b",
  fifo: "p",
};
const TYPE_BITS: Readonly<Record<Stat["kind"], number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  "character-device": 0o020000,
  "block-device": 0o060000,
  fifo: 0o010000,
};
const TYPE_NAMES: Readonly<Record<Stat["kind"], string>> = {
  file: "regular file",
  directory: "directory",
  symlink: "symbolic link",
  "character-device": "character special file",
  "block-device": "block special file",
  fifo: "fifo",
};

/** `drwxr-xr-x`, with s, S, t and T where set-id and sticky bits are. */
export function modeText({ kind, mode }: Stat): string {
  const letters = [...(TYPE_LETTERS[kind] + (kind === "symlink" ? "rwxrwxrwx" : ""))];
  if (kind === "symlink") return letters.join("");
  for (const [index, special] of [
    [0, 0o4000],
    [1, 0o2000],
    [2, 0o1000],
  ] as const) {
    const bits = (mode >> (6 - index * 3)) & 7;
    const executable = (bits & 1) !== 0;
    const set = (mode & special) !== 0;
    const mark = index === 2 ? "t" : "s";
    letters.push((bits & 4) !== 0 ? "r" : "-", (bits & 2) !== 0 ? "w" : "-");
    letters.push(set ? (executable ? mark : mark.toUpperCase()) : executable ? "x" : "-");
  }
  return letters.join("");
}

interface Names {
  readonly user: (uid: number) => string;
  readonly group: (gid: number) => string;
}

function ownerNames({ tree }: CommandCall): Names {
  const users = new Map(readUsers(tree).map(({ uid, name }) => [uid, name]));
  const groups = new Map(readGroups(tree).map(({ gid, name }) => [gid, name]));
  return { user: (uid) => users.get(uid) ?? String(uid), group: (gid) => groups.get(gid) ?? String(gid) };
}

interface Entry {
  readonly name: string;
  readonly inode: InodeNumber;
  readonly stat: Stat;
}

function humanSize(size: number): string {
  let value = size;
  for (const unit of ["", "K", "M", "G", "T"]) {
    if (value < 1024) return `${unit === "" || value >= 10 ? Math.ceil(value) : value.toFixed(1)}${unit}`;
    value /= 1024;
  }
  return `${Math.ceil(value)}P`;
}

function isoMinutes({ mtime }: Stat): string {
  return new Date(mtime.seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

function longLines(call: CommandCall, entries: readonly Entry[], flags: ReadonlySet<string>): string[] {
  const names = ownerNames(call);
  const numeric = flags.has("n");
  const rows = entries.map(({ name, inode, stat }) => {
    const target = stat.kind === "symlink" ? ` -> ${call.tree.readLink(inode)}` : "";
    const device = stat.kind === "character-device" || stat.kind === "block-device";
    return {
      columns: [
        String(stat.links),
        numeric ? String(stat.uid) : names.user(stat.uid),
        numeric ? String(stat.gid) : names.group(stat.gid),
        device ? `${stat.major}, ${stat.minor}` : flags.has("h") ? humanSize(stat.size) : String(stat.size),
      ],
      mode: modeText(stat),
      rest: `${isoMinutes(stat)} ${name}${target}`,
    };
  });
  const width = (column: number) => Math.max(0, ...rows.map(({ columns }) => columns[column]!.length));
  const widths = [0, 1, 2, 3].map(width);
  return rows.map(({ mode, columns: [links, user, group, size], rest }) =>
    [
      mode,
      links!.padStart(widths[0]!),
      user!.padEnd(widths[1]!),
      group!.padEnd(widths[2]!),
      size!.padStart(widths[3]!),
      rest,
    ].join(" "),
  );
}

function sortEntries(entries: Entry[], flags: ReadonlySet<string>): Entry[] {
  if (flags.has("S")) entries.sort((left, right) => right.stat.size - left.stat.size);
  if (flags.has("t")) {
    entries.sort(
      ({ stat: { mtime: left } }, { stat: { mtime: right } }) =>
        right.seconds - left.seconds || right.nanos - left.nanos,
    );
  }
  return flags.has("r") ? entries.reverse() : entries;
}

function print(call: CommandCall, entries: readonly Entry[], flags: ReadonlySet<string>): void {
  const mark = ({ stat: { kind, mode } }: Entry) => {
    if (kind === "directory" && (flags.has("F") || flags.has("p"))) return "/";
    if (!flags.has("F")) return "";
    return kind === "symlink" ? "@" : (mode & 0o111) !== 0 ? "*" : "";
  };
  const long = flags.has("l") || flags.has("n") || flags.has("g") || flags.has("o");
  const lines = long ? longLines(call, entries, flags) : entries.map((entry) => entry.name + mark(entry));
  const prefixed = flags.has("i") ? lines.map((line, index) => `${entries[index]!.inode} ${line}`) : lines;
  call.out(prefixed.map((line) => `${line}\n`).join(""));
}

function list(
  call: CommandCall,
  path: string,
  shown: string,
  flags: ReadonlySet<string>,
  headed: boolean,
): void {
  const { tree } = call;
  const directory = tree.resolve(path);
  const all = flags.has("a") || flags.has("f");
  const entries = tree
    .readDirectory(directory)
    .filter(({ name }) => all || flags.has("A") || !name.startsWith("."))
    .map(({ name, inode }) => ({ name, inode, stat: tree.stat(inode) }));
  const sorted = sortEntries(entries, flags);
  const dots = all
    ? [".", ".."].map((name) => {
        const inode = tree.resolve(`${path}/${name}`);
        return { name, inode, stat: tree.stat(inode) };
      })
    : [];
  if (headed) call.out(`${shown}:\n`);
  if (flags.has("l")) {
    const blocks = sorted.reduce(
      (sum, { stat }) => sum + Math.ceil((stat.kind === "file" ? stat.size : 0) / 4096) * 4,
      0,
    );
    call.out(`total ${blocks}\n`);
  }
  print(call, [...dots, ...sorted], flags);
  if (!flags.has("R")) return;
  for (const { name, stat } of sorted) {
    if (stat.kind !== "directory") continue;
    call.out("\n");
    list(call, `${path}/${name}`, `${shown}/${name}`, flags, true);
  }
}

export const ls: CommandRunner = (call) => {
  const { flags, operands } = parseOptions("ls", call.args, {
    boolean: "lanAdR1hStrFpifgoLHsBQC",
    takesValue: "w",
    long: {
      all: "a",
      "almost-all": "A",
      directory: "d",
      recursive: "R",
      "human-readable": "h",
      reverse: "r",
      inode: "i",
      "numeric-uid-gid": "n",
      color: "1",
      "time-style": "w",
      "group-directories-first": "1",
    },
  });
  const { tree, path } = call;
  const files: Entry[] = [];
  const directories: string[] = [];
  let status = 0;
  for (const operand of operands.length === 0 ? ["."] : [...operands].sort()) {
    try {
      const follow = !flags.has("l") && !flags.has("d");
      const inode = tree.resolve(path(operand), { followLast: follow || flags.has("L") || flags.has("H") });
      const stat = tree.stat(inode);
      if (stat.kind === "directory" && !flags.has("d")) directories.push(operand);
      else files.push({ name: operand, inode, stat });
    } catch (error) {
      call.fail(`cannot access '${operand}': ${messageOf(error)}`);
      status = 2;
    }
  }
  if (files.length > 0) print(call, sortEntries(files, flags), flags);
  for (const [index, directory] of directories.entries()) {
    if (index > 0 || files.length > 0) call.out("\n");
    list(call, path(directory), directory, flags, operands.length > 1 || flags.has("R"));
  }
  return status;
};

export const stat: CommandRunner = (call) => {
  const { flags, values, operands } = parseOptions("stat", call.args, {
    boolean: "Ltf",
    takesValue: "c",
    long: { format: "c", printf: "c", dereference: "L", terse: "t" },
  });
  if (flags.has("f") || flags.has("t")) return call.fail("only -c and the default format are supported");
  const names = ownerNames(call);
  const standard =
    "  File: %n\n  Size: %s\tBlocks: %b\t%F\nAccess: (%04a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nModify: %y";
  const format = values.get("c") ?? standard;
  const backslashes = call.args.some((arg) => arg.startsWith("--printf"));
  let status = 0;
  for (const operand of operands) {
    try {
      const inode = call.tree.resolve(call.path(operand), { followLast: flags.has("L") });
      const text = formatStat(format, operand, call.tree.stat(inode), names, () => call.tree.readLink(inode));
      call.out(backslashes ? text.replaceAll("\\n", "\n").replaceAll("\\t", "\t") : `${text}\n`);
    } catch (error) {
      status = call.fail(`cannot statx '${operand}': ${messageOf(error)}`);
    }
  }
  return status;
};

function formatStat(format: string, name: string, found: Stat, names: Names, target: () => string): string {
  const { seconds, nanos } = found.mtime;
  const time = `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")}.${String(nanos).padStart(9, "0")} +0000`;
  const fields: Readonly<Record<string, () => string>> = {
    a: () => found.mode.toString(8),
    A: () => modeText(found),
    b: () => String(Math.ceil(found.size / 512)),
    B: () => "512",
    f: () => (TYPE_BITS[found.kind] | found.mode).toString(16),
    F: () => (found.kind === "file" && found.size === 0 ? "regular empty file" : TYPE_NAMES[found.kind]),
    g: () => String(found.gid),
    G: () => names.group(found.gid),
    h: () => String(found.links),
    i: () => String(found.inode),
    n: () => name,
    N: () => (found.kind === "symlink" ? `'${name}' -> '${target()}'` : `'${name}'`),
    s: () => String(found.size),
    u: () => String(found.uid),
    U: () => names.user(found.uid),
    x: () => time,
    y: () => time,
    z: () => time,
    X: () => String(seconds),
    Y: () => String(seconds),
    Z: () => String(seconds),
    "%": () => "%",
  };
  return format.replace(/%(0?)(\d*)([A-Za-z%])/g, (whole, zero: string, width: string, letter: string) => {
    const value = fields[letter]?.();
    return value === undefined ? whole : value.padStart(Number(width), zero === "0" ? "0" : " ");
  });
}
