/** The image of test/e2e/programs in both formats, run by engines through the command line. */
import { spawn } from "node:child_process";
import path from "node:path";
import { boxwright, projectDirectory, temporaryDirectory, toolsDirectory } from "./support.ts";

const home = temporaryDirectory("home");
const output = temporaryDirectory("programs");
export const sources = path.join(projectDirectory, "test/e2e/programs");

export interface Engine {
  readonly name: "v8" | "wasmtime" | "wazero";
  readonly format: "component" | "module";
}

export const engines: readonly Engine[] = [
  { name: "v8", format: "component" },
  { name: "v8", format: "module" },
  { name: "wasmtime", format: "component" },
  { name: "wasmtime", format: "module" },
  { name: "wazero", format: "module" },
];

export const titleOf = ({ name, format }: Engine) => `the ${format} on ${name}`;

export const fileOf = (format: Engine["format"]) => path.join(output, `programs.${format}.wasm`);

export async function buildPrograms(): Promise<void> {
  for (const format of ["component", "module"] as const) {
    const built = await boxwright(["build", sources, "--format", format, "-o", fileOf(format)], { home });
    if (built.exitCode !== 0) throw new Error(built.stderr);
  }
}

/** The arguments of Node that run the image's Python with these arguments. */
export function command(engine: Engine, args: readonly string[]): readonly string[] {
  const main = path.join(projectDirectory, "src/cli/main.ts");
  return [main, "run", "--engine", engine.name, "-e", "GIVEN=ü", fileOf(engine.format), "--", ...args];
}

export const environment = {
  ...process.env,
  BOXWRIGHT_HOME: home,
  PATH: `${toolsDirectory}${path.delimiter}${process.env["PATH"]}`,
};

export function start(engine: Engine, args: readonly string[]) {
  return spawn(process.execPath, command(engine, args), { env: environment });
}

export function python(engine: Engine, args: readonly string[], stdin = "") {
  const [, ...rest] = command(engine, args);
  return boxwright(rest, { home, stdin });
}
