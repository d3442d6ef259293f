/** The command line as a child process, in a directory and a home of its own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = mkdtempSync(path.join(tmpdir(), "boxwright-cli-test-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

export const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export function makeDirectory(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(path.join(root, "d-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  }
  return directory;
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const home = path.join(root, "home");

export async function boxwright(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly home?: string;
    readonly stdin?: string | Uint8Array;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Outcome> {
  const { NO_COLOR: _, FORCE_COLOR: __, SOURCE_DATE_EPOCH: ___, ...environment } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? root,
    env: { ...environment, BOXWRIGHT_HOME: options.home ?? home, ...options.env },
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  child.stdin.on("error", () => undefined).end(options.stdin ?? "");
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  return { exitCode, ...output };
}
