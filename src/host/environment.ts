import { isatty, WriteStream } from "node:tty";
import { argumentInvalid, environmentName } from "../errors/host.ts";
import type { RunOptions } from "./types.ts";

/**
 * What the program gets on top of the image's environment: the caller's variables and, on a terminal, its
 * kind and size unless image or caller set them (a component cannot ask for them).
 */
export function runEnvironment(
  { env = {}, tty, stdio = [0, 1, 2] }: RunOptions,
  imageEnvironment: readonly string[],
): readonly (readonly [string, string])[] {
  const entries = Object.entries(env);
  for (const [name, value] of entries) {
    if (name === "" || /[=\0]/.test(name)) throw environmentName(name);
    if (value.includes("\0")) throw environmentName(value);
  }
  const output = stdio[1];
  if (!(tty ?? isatty(output))) return entries;
  const taken = new Set([
    ...entries.map(([name]) => name),
    ...imageEnvironment.map((entry) => entry.slice(0, Math.max(entry.indexOf("="), 0))),
  ]);
  return [...terminalVariables(output).filter(([name]) => !taken.has(name)), ...entries];
}

function terminalVariables(output: number): readonly (readonly [string, string])[] {
  const kind = ["TERM", process.env["TERM"] ?? "xterm"] as const;
  if (!isatty(output)) return [kind];
  const [columns, lines] = (output === 1 ? process.stdout : new WriteStream(output)).getWindowSize();
  return columns > 0 && lines > 0 ? [kind, ["COLUMNS", String(columns)], ["LINES", String(lines)]] : [kind];
}

export function checkArguments(args: readonly string[]): void {
  const bad = args.find((argument) => argument.includes("\0"));
  if (bad !== undefined) throw argumentInvalid(bad);
}
