import { messageOf } from "../shell/messages.ts";
import { parseOptions } from "./options.ts";
import { realFile } from "./tree-filesystem.ts";
import type { CommandRunner } from "./types.ts";

/** Small commands that images have and scripts ask for facts. */

const say =
  (text: string): CommandRunner =>
  (call) => {
    call.out(`${text}\n`);
    return 0;
  };

const UNAME: Readonly<Record<string, string>> = {
  s: "Linux",
  n: "localhost",
  r: "0.0.0",
  v: "boxwright",
  m: "wasm32",
  p: "unknown",
  i: "unknown",
  o: "GNU/Linux",
};

const uname: CommandRunner = (call) => {
  const { flags } = parseOptions("uname", call.args, {
    boolean: "asnrvmpio",
    long: { all: "a", machine: "m", "kernel-name": "s", "kernel-release": "r" },
  });
  const order = ["s", "n", "r", "v", "m", "o"];
  const chosen = flags.has("a") ? order : Object.keys(UNAME).filter((letter) => flags.has(letter));
  call.out(`${(chosen.length === 0 ? ["s"] : chosen).map((letter) => UNAME[letter]).join(" ")}\n`);
  return 0;
};

const realpath: CommandRunner = (call) => {
  const { flags, operands } = parseOptions("realpath", call.args, {
    boolean: "emsqz",
    long: { "canonicalize-existing": "e", "canonicalize-missing": "m", "no-symlinks": "s" },
  });
  const { tree } = call;
  let status = 0;
  for (const operand of operands) {
    try {
      const path = call.path(operand);
      let real: string;
      try {
        const inode = tree.resolve(path);
        real = tree.stat(inode).kind === "directory" ? tree.pathOf(inode) : realFile(tree, path);
      } catch (error) {
        if (flags.has("e") || (error as { errno?: unknown }).errno !== "ENOENT") throw error;
        real = realFile(tree, path);
      }
      call.out(`${real}\n`);
    } catch (error) {
      status = call.fail(`${operand}: ${messageOf(error)}`);
    }
  }
  return status;
};

const which: CommandRunner = (call) => {
  let status = 0;
  for (const name of call.args.filter((arg) => !/^-[as]+$/.test(arg))) {
    const path = call.shell.host.find(call.shell, name);
    if (path === undefined) status = 1;
    else call.out(`${path}\n`);
  }
  return status;
};

const cmp: CommandRunner = (call) => {
  const { flags, operands } = parseOptions("cmp", call.args, {
    boolean: "sl",
    long: { silent: "s", quiet: "s" },
  });
  const [left = "", right = "-"] = operands;
  const [one, other] = [left, right].map((operand) => call.tree.readFile(call.path(operand))) as [
    Uint8Array,
    Uint8Array,
  ];
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one[at] === other[at]) at++;
  if (at === one.length && at === other.length) return 0;
  if (!flags.has("s")) {
    const line = one.subarray(0, at).reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 1);
    if (at < length) call.out(`${left} ${right} differ: byte ${at + 1}, line ${line}\n`);
    else call.fail(`EOF on ${at === one.length ? left : right} after byte ${at}`);
  }
  return 1;
};

const arch = say(UNAME["m"]!);

export const SMALL: Readonly<Record<string, CommandRunner>> = {
  arch,
  cmp,
  nproc: say("1"),
  uname,
  realpath,
  which,
  hostname: say("localhost"),
  sync: () => 0,
  ldconfig: () => 0,
  tty(call) {
    call.out("not a tty\n");
    return 1;
  },
};
