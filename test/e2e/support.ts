/** What the end-to-end tests share: the command line as a child process, fixtures, and outside engines. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

export const projectDirectory = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const toolsDirectory = path.join(projectDirectory, ".cache/tools/bin");

export interface FixtureRun {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly stdout: string;
  /** Compared only where the fixture says it. */
  readonly stderr?: string;
  readonly exitCode?: number;
}

export interface Fixture {
  readonly name: string;
  readonly directory: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  readonly runs: readonly FixtureRun[];
}

export function listFixtures(): readonly Fixture[] {
  const root = path.join(projectDirectory, "fixtures");
  return readdirSync(root)
    .sort()
    .map((name) => {
      const directory = path.join(root, name);
      const description = JSON.parse(readFileSync(path.join(directory, "fixture.json"), "utf8"));
      return { name, directory, buildArguments: description.buildArguments ?? {}, runs: description.runs };
    });
}

export function temporaryDirectory(purpose: string): string {
  return mkdtempSync(path.join(tmpdir(), `boxwright-${purpose}-`));
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs the command line from its sources; never throws for an exit code. */
export async function boxwright(
  args: readonly string[],
  options: {
    readonly home: string;
    readonly stdin?: string;
    readonly cwd?: string;
    readonly env?: Record<string, string>;
  },
): Promise<Outcome> {
  const result = await execa(process.execPath, [path.join(projectDirectory, "src/cli/main.ts"), ...args], {
    cwd: options.cwd ?? projectDirectory,
    env: {
      BOXWRIGHT_HOME: options.home,
      PATH: `${toolsDirectory}${path.delimiter}${process.env["PATH"]}`,
      ...options.env,
    },
    input: options.stdin ?? "",
    stripFinalNewline: false,
    reject: false,
  });
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 128 };
}

export async function buildFixture(
  fixture: Fixture,
  options: {
    readonly home: string;
    readonly output: string;
    readonly format?: string;
    readonly extra?: readonly string[];
  },
): Promise<Outcome> {
  const buildArguments = Object.entries(fixture.buildArguments).flatMap(([key, value]) => [
    "--build-arg",
    `${key}=${value}`,
  ]);
  const format = options.format === undefined ? [] : ["--format", options.format];
  return await boxwright(
    [
      "build",
      fixture.directory,
      "-o",
      options.output,
      ...format,
      ...buildArguments,
      ...(options.extra ?? []),
    ],
    options,
  );
}
