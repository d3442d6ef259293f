/** Outside registries and clients as child processes. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { after } from "node:test";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { temporaryDirectory } from "./index.ts";

const toolsDirectory = resolve(import.meta.dirname, "../../../.cache/tools/bin");

/** Where a tool is; a test that needs a missing one fails, and says what to do. */
export function tool(name: string): string {
  const places = [toolsDirectory, ...(process.env["PATH"] ?? "").split(delimiter)];
  const found = places.map((place) => join(place, name)).find(isExecutable);
  if (found === undefined) throw new Error(`${name} is not installed: run scripts/tools/install.sh`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool that shall succeed, in a home of its own. */
export async function run(
  name: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly home?: string } = {},
): Promise<Ran> {
  const home = options.home ?? "/nonexistent";
  return await execa(tool(name), args, {
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      DOCKER_CONFIG: join(home, ".docker"),
      XDG_RUNTIME_DIR: home,
    },
    extendEnv: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Debian's docker-registry (distribution 2.8: no referrers API); returns its name. */
export async function startDockerRegistry(auth: object | undefined = undefined): Promise<string> {
  const directory = await temporaryDirectory();
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    http: { addr: host, secret: "of the test" },
    ...(auth === undefined ? {} : { auth }),
  };
  // JSON is YAML.
  const path = join(directory, "config.yml");
  await writeFile(path, JSON.stringify(config));
  const child = spawn(tool("docker-registry"), ["serve", path], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  after(async () => {
    child.kill();
    await ended;
  });
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended: ${log}`);
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer !== undefined) return host;
    await setTimeout(50);
  }
  throw new Error(`docker-registry does not answer: ${log}`);
}

/** A registry with the referrers API; returns its name. */
export async function startReferrersRegistry(): Promise<string> {
  const child = spawn(tool("referrers-registry"), { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  after(async () => {
    child.stdin.end();
    await ended;
  });
  const [line] = await new Promise<[Buffer]>((done, fail) => {
    child.stdout.once("data", (chunk: Buffer) => done([chunk]));
    child.once("error", fail);
  });
  return `127.0.0.1:${line.toString().trim()}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}
