import type { Command } from "commander";
import { BoxwrightError } from "../../errors/index.ts";
import { reportError } from "../error-frame.ts";
import { readBounded } from "../read-bounded.ts";

export function define(command: Command): void {
  command
    .argument("[file]", "a Dockerfile, or - for standard input", "Dockerfile")
    .option("--json", "one JSON document instead of a line an instruction", false)
    .action(execute);
}

async function execute(file: string, flags: { readonly json: boolean }): Promise<void> {
  const text = await readBounded(file);
  const { describe } = await import("../../dockerfile/index.ts");
  try {
    const instructions = describe(text);
    const lines = instructions.map(
      ({ startLine, name, flags: own, args }) =>
        `${startLine}: ${[name, ...own, ...args.map((arg) => JSON.stringify(arg))].join(" ")}`,
    );
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(instructions, undefined, 2)}\n`
        : lines.map((line) => `${line}\n`).join(""),
    );
  } catch (error) {
    if (!(error instanceof BoxwrightError)) throw error;
    process.exitCode = await reportError(error, { name: file === "-" ? "Dockerfile" : file, text });
  }
}
