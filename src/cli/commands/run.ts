import path from "node:path";
import type { Command } from "commander";
import { homeDirectory } from "../../build/home.ts";
import { usageError } from "../../errors/cli.ts";
import { openHomeStore } from "../state.ts";

interface Flags {
  readonly engine: string;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly mount: readonly string[];
  readonly publish: readonly string[];
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export function define(command: Command): void {
  command
    .usage("[OPTIONS] REF|FILE.wasm [--] [ARG...]")
    .argument("<image>", "a name of `boxwright images`, or a .wasm file")
    .argument("[args...]", "take CMD's place, after the ENTRYPOINT")
    .option("--engine <engine>", "v8, wasmtime, wasmer, wazero or wasmedge", "v8")
    .option("-e, --env <K=V>", "set an environment variable; K alone passes on this process's", collect, [])
    .option("--env-file <file>", "read environment variables from a file", collect, [])
    .option("--mount <HOST:GUEST[:ro]>", "show a directory of the host", collect, [])
    .option("-p, --publish <H:G>", "publish a port", collect, [])
    .passThroughOptions()
    .action(execute);
}

async function execute(image: string, words: readonly string[], flags: Flags): Promise<void> {
  // What comes after the image is the program's; a first `--` only says so.
  const args = words[0] === "--" ? words.slice(1) : words;
  if (flags.mount.length > 0) {
    throw usageError(
      "--mount is not implemented yet",
      "copy the files into the image, or pass them on standard input",
    );
  }
  if (flags.publish.length > 0) {
    throw usageError(
      "--publish is not implemented yet",
      "components have no sockets; use standard input and output",
    );
  }
  const { resolveWasm } = await import("../../results/index.ts");
  const { parseEngine, run } = await import("../../host/index.ts");
  const engine = parseEngine(flags.engine);
  const env = await readEnvironment(flags);
  const { file } = await resolveWasm(image, openHomeStore);
  const cacheDirectory = path.join(homeDirectory(), "engines", engine);
  process.exitCode = await run({ file, engine, args, env, thread: "caller", cacheDirectory });
}

/** `--env-file` first, then `--env`, so that the latter wins (docker run does the same). */
async function readEnvironment(flags: Flags): Promise<Readonly<Record<string, string>>> {
  const env: Record<string, string> = {};
  for (const file of flags.envFile) {
    for (const line of await readLines(file)) setVariable(env, line, `${file}: `);
  }
  for (const pair of flags.env) setVariable(env, pair, "--env ");
  return env;
}

async function readLines(file: string): Promise<readonly string[]> {
  const { readFile } = await import("node:fs/promises");
  try {
    const lines = (await readFile(file, "utf8")).split(/\r?\n/).map((line) => line.trimStart());
    return lines.filter((line) => line !== "" && !line.startsWith("#"));
  } catch (error) {
    throw usageError(`--env-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

function setVariable(env: Record<string, string>, pair: string, place: string): void {
  const at = pair.indexOf("=");
  const key = at < 0 ? pair : pair.slice(0, at);
  if (key === "" || /\s|\0/.test(key))
    throw usageError(`${place}${JSON.stringify(pair)}: a variable needs a name`);
  const value = at < 0 ? process.env[key] : pair.slice(at + 1);
  if (value !== undefined) env[key] = value;
}
