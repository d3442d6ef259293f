import type { Channel } from "../../guest/channel.ts";
import { type Shell, say, write } from "../shell.ts";
import { readVariable, setVariable } from "../state.ts";
import type { Builtin } from "./types.ts";

/** A line of at most this many bytes. */
const MAX_LINE = 16 * 1024 * 1024;

/** Reads byte by byte, so that what follows the line is left for others (POSIX read). */
function readLine(
  channel: Channel,
  raw: boolean,
): { text: string; literal: ReadonlySet<number>; ended: boolean } {
  const bytes: number[] = [];
  const escaped = new Set<number>();
  const one = new Uint8Array(1);
  while (bytes.length < MAX_LINE) {
    if (channel.read(one) === 0) return { ...decode(bytes, escaped), ended: true };
    const byte = one[0]!;
    if (byte === 0x0a) return { ...decode(bytes, escaped), ended: false };
    if (byte === 0x5c && !raw) {
      if (channel.read(one) === 0) return { ...decode(bytes, escaped), ended: true };
      if (one[0] === 0x0a) continue;
      escaped.add(bytes.length);
      bytes.push(one[0]!);
    } else if (byte !== 0) bytes.push(byte);
  }
  return { ...decode(bytes, escaped), ended: false };
}

/** The text, and at which of its UTF-16 units a backslash stood. */
function decode(bytes: readonly number[], escaped: ReadonlySet<number>) {
  const buffer = Buffer.from(bytes);
  const literal = new Set([...escaped].map((at) => buffer.subarray(0, at).toString().length));
  return { text: buffer.toString(), literal };
}

function splitForRead(
  text: string,
  literal: ReadonlySet<number>,
  separators: string,
  count: number,
): string[] {
  const isSeparator = (at: number) => at < text.length && separators.includes(text[at]!) && !literal.has(at);
  const isWhite = (at: number) => isSeparator(at) && " \t\n".includes(text[at]!);
  const fields: string[] = [];
  let at = 0;
  while (isWhite(at)) at++;
  while (fields.length < count - 1 && at < text.length) {
    const start = at;
    while (at < text.length && !isSeparator(at)) at++;
    fields.push(text.slice(start, at));
    while (isWhite(at)) at++;
    if (isSeparator(at) && !isWhite(at)) {
      at++;
      while (isWhite(at)) at++;
    }
  }
  let end = text.length;
  while (end > at && isWhite(end - 1)) end--;
  fields.push(text.slice(at, end));
  return fields;
}

function read(shell: Shell, args: readonly string[]): number {
  const { state } = shell;
  let raw = false;
  let at = 0;
  for (; at < args.length && args[at]!.startsWith("-"); at++) {
    const option = args[at]!;
    if (option === "--") {
      at++;
      break;
    }
    if (/^-[rs]+$/.test(option)) raw ||= option.includes("r");
    else if (option === "-p" || option === "-t") at++;
    else {
      say(shell, `read: Illegal option ${option}\n`);
      return 2;
    }
  }
  const names = args.slice(at);
  if (names.length === 0) {
    if (state.dialect === "sh") {
      say(shell, "read: arg count\n");
      return 2;
    }
    names.push("REPLY");
  }
  const channel = state.descriptors.get(0);
  if (channel === undefined) return 1;
  const { text, literal, ended } = readLine(channel, raw);
  const fields = splitForRead(text, literal, readVariable(state, "IFS") ?? " \t\n", names.length);
  for (const [index, name] of names.entries()) setVariable(state, name, fields[index] ?? "");
  return ended ? 1 : 0;
}

/** POSIX getopts: OPTIND and OPTARG are the state that scripts see. */
function getopts(shell: Shell, args: readonly string[]): number {
  const { state } = shell;
  const [specification = "", name = "", ...given] = args;
  const words = given.length > 0 ? given : state.positional;
  let index = Math.max(1, Number(readVariable(state, "OPTIND") ?? "1"));
  const finish = (option: string, argument: string | undefined, status: number) => {
    setVariable(state, name, option);
    setVariable(state, "OPTIND", String(index));
    if (argument === undefined) state.variables.delete("OPTARG");
    else setVariable(state, "OPTARG", argument);
    return status;
  };
  const word = words[index - 1];
  if (state.optionOffset === 0) {
    if (word === undefined || !/^-./.test(word)) return finish("?", undefined, 1);
    if (word === "--") {
      index++;
      return finish("?", undefined, 1);
    }
    state.optionOffset = 1;
  }
  const letter = word?.[state.optionOffset] ?? "";
  const rest = word?.slice(state.optionOffset + 1) ?? "";
  const silent = specification.startsWith(":");
  const place = letter === "" || letter === ":" ? -1 : specification.indexOf(letter);
  const advance = () => {
    index++;
    state.optionOffset = 0;
  };
  if (rest === "") advance();
  else state.optionOffset++;
  if (place < 0) {
    if (!silent) write(shell, 2, `Illegal option -${letter}\n`);
    return finish("?", silent ? letter : undefined, 0);
  }
  if (specification[place + 1] !== ":") return finish(letter, undefined, 0);
  if (rest !== "") {
    advance();
    return finish(letter, rest, 0);
  }
  const argument = words[index - 1];
  if (argument === undefined) {
    if (!silent) write(shell, 2, `No arg for -${letter} option\n`);
    return finish(silent ? ":" : "?", silent ? letter : undefined, 0);
  }
  index++;
  return finish(letter, argument, 0);
}

export const READING = {
  read: { run: read },
  getopts: { run: getopts },
} satisfies Record<string, Builtin>;
