import { type Shell, say, write } from "../shell.ts";
import type { Builtin } from "./types.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** Text with its backslashes resolved. Bytes above 127 from \0ooo and \xhh are kept in latin1. */
function resolveEscapes(text: string, octalNeedsZero: boolean): { bytes: Uint8Array; stop: boolean } {
  const chunks: Uint8Array[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf("\\", at);
    if (next < 0 || next === text.length - 1) {
      chunks.push(Buffer.from(text.slice(at)));
      break;
    }
    chunks.push(Buffer.from(text.slice(at, next)));
    const rest = text.slice(next + 1);
    const octal = (octalNeedsZero ? /^0([0-7]{0,3})/ : /^0?([0-7]{1,3})/).exec(rest);
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(rest);
    if (rest[0] === "c") return { bytes: Buffer.concat(chunks), stop: true };
    if (octal !== null) {
      chunks.push(Uint8Array.of(Number.parseInt(octal[1] || "0", 8) & 0xff));
      at = next + 1 + octal[0].length;
    } else if (hex !== null) {
      chunks.push(Uint8Array.of(Number.parseInt(hex[1]!, 16)));
      at = next + 1 + hex[0].length;
    } else {
      chunks.push(Buffer.from(ESCAPES[rest[0]!] ?? `\\${rest[0]}`));
      at = next + 2;
    }
  }
  return { bytes: Buffer.concat(chunks), stop: false };
}

/** dash's echo resolves backslashes and knows only -n; bash's has -e, -E and leaves them alone. */
function echo(shell: Shell, args: readonly string[]): number {
  const bash = shell.state.dialect === "bash";
  let newline = true;
  let escapes = !bash;
  let first = 0;
  for (; first < args.length; first++) {
    const option = args[first]!;
    if (!(bash ? /^-[neE]+$/ : /^-n$/).test(option)) break;
    if (option.includes("n")) newline = false;
    if (option.includes("e")) escapes = true;
    if (option.includes("E")) escapes = false;
  }
  const text = args.slice(first).join(" ");
  const { bytes, stop } = escapes ? resolveEscapes(text, true) : { bytes: Buffer.from(text), stop: false };
  write(shell, 1, Buffer.concat([bytes, Buffer.from(newline && !stop ? "\n" : "")]));
  return 0;
}

const CONVERSION = /%(?:%|([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([diouxXeEfFgGcsbq]))/y;

function pad(text: string, width: number, flags: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  const sign = /^[-+ ]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

function integer(argument: string): bigint | undefined {
  if (/^['"]/.test(argument)) return BigInt(argument.codePointAt(1) ?? 0);
  const match = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(argument);
  if (match === null) return undefined;
  const digits = /^0\d/.test(match[2]!) ? `0o${match[2]!.slice(1)}` : match[2]!;
  try {
    return BigInt(digits) * (match[1] === "-" ? -1n : 1n);
  } catch {
    return undefined;
  }
}

function general(value: number, precision: number, upper: boolean): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const digits = precision === 0 ? 1 : precision;
  const text =
    exponent < -4 || exponent >= digits
      ? exponential(value, digits - 1).replace(/\.?0+e/, "e")
      : value
          .toFixed(Math.max(0, digits - 1 - exponent))
          .replace(/(\.\d*?)0+$/, "$1")
          .replace(/\.$/, "");
  return upper ? text.toUpperCase() : text;
}

const exponential = (value: number, precision: number) =>
  value.toExponential(precision).replace(/e([-+])(\d)$/, "e$10$2");

/** C rounds an exact tie to even, JavaScript away from zero. */
function fixed(value: number, digits: number): string {
  const scaled = Math.abs(value) * 10 ** digits;
  if (digits <= 15 && scaled < 2 ** 52 && scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0) {
    return ((Math.sign(value) * Math.floor(scaled)) / 10 ** digits).toFixed(digits);
  }
  return value.toFixed(digits);
}

function formatNumber(
  kind: string,
  argument: string,
  precision: number | undefined,
  flags: string,
): string | undefined {
  const sign = (text: string) =>
    text.startsWith("-") ? text : flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;
  if ("diouxX".includes(kind)) {
    const value = argument === "" ? 0n : integer(argument);
    if (value === undefined) return undefined;
    const unsigned = BigInt.asUintN(64, value);
    const digits =
      kind === "o"
        ? unsigned.toString(8)
        : kind === "x"
          ? unsigned.toString(16)
          : kind === "X"
            ? unsigned.toString(16).toUpperCase()
            : kind === "u"
              ? String(unsigned)
              : String(BigInt.asIntN(64, value));
    const alternate = flags.includes("#") ? ({ o: "0", x: "0x", X: "0X" }[kind] ?? "") : "";
    const negative = digits.startsWith("-") ? "-" : "";
    const padded = negative + alternate + digits.slice(negative.length).padStart(precision ?? 1, "0");
    return "di".includes(kind) ? sign(padded) : padded;
  }
  const value = argument === "" ? 0 : Number(argument);
  if (Number.isNaN(value)) return undefined;
  const digits = Math.min(precision ?? 6, 100);
  const lower = kind.toLowerCase();
  const text =
    lower === "f"
      ? fixed(value, digits)
      : lower === "e"
        ? exponential(value, digits)
        : general(value, digits, false);
  return sign(kind === lower ? text : text.toUpperCase());
}

/** One pass over the format. Takes arguments from `args`; tells whether it took any. */
function formatOnce(
  shell: Shell,
  format: string,
  args: string[],
  chunks: Uint8Array[],
): { stop: boolean; failed: boolean } {
  let failed = false;
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf("%", at);
    const end = percent < 0 ? format.length : percent;
    const { bytes, stop } = resolveEscapes(format.slice(at, end), false);
    chunks.push(bytes);
    if (stop) return { stop, failed };
    if (percent < 0) break;
    CONVERSION.lastIndex = percent;
    const match = CONVERSION.exec(format);
    if (match === null) {
      say(shell, `printf: ${format.slice(percent, percent + 2)}: invalid directive\n`);
      return { stop: true, failed: true };
    }
    at = CONVERSION.lastIndex;
    if (match[0] === "%%") {
      chunks.push(Buffer.from("%"));
      continue;
    }
    const star = (text: string | undefined) =>
      text === "*" ? Number(args.shift() ?? 0) || 0 : text === undefined ? undefined : Number(text);
    const rawWidth = star(match[2]) ?? 0;
    const flags = match[1]! + (rawWidth < 0 ? "-" : "");
    const precision = match[0].includes(".") ? (star(match[3]) ?? 0) : undefined;
    const kind = match[4]!;
    const argument = args.shift() ?? "";
    if (kind === "b") {
      const resolved = resolveEscapes(argument, false);
      chunks.push(resolved.bytes);
      if (resolved.stop) return { stop: true, failed };
      continue;
    }
    let text: string;
    if (kind === "s") text = precision === undefined ? argument : argument.slice(0, precision);
    else if (kind === "c") text = argument.slice(0, 1);
    else if (kind === "q")
      text = /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
    else {
      const formatted = formatNumber(kind, argument, precision, flags);
      if (formatted === undefined) {
        say(shell, `printf: ${argument}: expected numeric value\n`);
        failed = true;
      }
      text = formatted ?? formatNumber(kind, "0", precision, flags) ?? "0";
    }
    const padding = "sc".includes(kind) ? flags.replace("0", "") : flags;
    chunks.push(Buffer.from(pad(text, Math.min(Math.abs(rawWidth), 65536), padding)));
  }
  return { stop: false, failed };
}

function printf(shell: Shell, args: readonly string[]): number {
  const [format, ...rest] = args[0] === "--" ? args.slice(1) : args;
  if (format === undefined) {
    say(shell, "printf: usage: printf format [arg ...]\n");
    return 2;
  }
  const remaining = [...rest];
  const chunks: Uint8Array[] = [];
  let status = 0;
  // The format is used again until the arguments are used up (POSIX printf).
  for (;;) {
    const before = remaining.length;
    const { stop, failed } = formatOnce(shell, format, remaining, chunks);
    if (failed) status = 1;
    if (stop || remaining.length === 0 || remaining.length === before) break;
  }
  write(shell, 1, Buffer.concat(chunks));
  return status;
}

export const OUTPUT = {
  echo: { run: echo },
  printf: { run: printf },
} satisfies Record<string, Builtin>;
