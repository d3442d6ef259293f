import { type Command, Option } from "commander";
import type { BuildOptions } from "../../build/index.ts";
import { usageError } from "../../errors/cli.ts";
import { BoxwrightError } from "../../errors/index.ts";
import { type BuildFlags, readBuildFlags } from "../build-flags.ts";
import { reportResult, writeResultFiles } from "../build-report.ts";
import { codeFrame, reportError } from "../error-frame.ts";
import { createProgress, type Progress } from "../progress/index.ts";
import { interruptSignal } from "../state.ts";
import { paint } from "../style.ts";

const collect = (value: string, before: readonly string[]) => [...before, value];

export function define(command: Command): void {
  command
    .argument(
      "[context]",
      "a directory, a tar archive, a git repository, an address, or - for standard input",
      ".",
    )
    .option("-f, --file <file>", "the Dockerfile (default: Dockerfile in the context; - for standard input)")
    .option(
      "-o, --output <OUTPUT>",
      "FILE.wasm, DIRECTORY, - or type=component|module|oci|docker|tar|local,dest=PATH; may be repeated",
      collect,
      [],
    )
    .option("-t, --tag <NAME[:TAG]>", "name the result; may be repeated", collect, [])
    .option("--target <stage>", "build this stage")
    .option("--build-arg <K=V>", "set a build argument; K alone passes on this process's", collect, [])
    .option(
      "--build-context <NAME=PATH>",
      "a further context: DIR, git repository, address, oci-layout://DIR, docker-image://REF",
      collect,
      [],
    )
    .option(
      "--secret <SECRET>",
      "for RUN --mount=type=secret: id=NAME,src=FILE or id=NAME,env=VARIABLE",
      collect,
      [],
    )
    .option("--label <K=V>", "set a label", collect, [])
    .option("--annotation <[LEVEL:]K=V>", "annotate the manifest", collect, [])
    .option("--platform <platform>", "what TARGETPLATFORM says (default: linux/amd64)")
    .option("--no-cache", "execute every step")
    .option("--no-cache-filter <STAGES>", "execute every step of these stages", collect, [])
    .option("--cache-from <CACHE>", "take steps from a cache: REF, type=local,src=DIR", collect, [])
    .option(
      "--cache-to <CACHE>",
      "write steps to a cache: type=local,dest=DIR, type=registry,ref=REF",
      collect,
      [],
    )
    .addOption(
      new Option("--base <kind>", "where base images come from")
        .choices(["embedded", "registry"])
        .default("embedded"),
    )
    .option("--format <format>", "component, module or oci; with --check: text or json (default: the first)")
    .addOption(
      new Option("--progress <kind>", "how progress is shown")
        .choices(["auto", "plain", "json", "quiet"])
        .default("auto"),
    )
    .addOption(
      new Option("--timestamps <kind>", "times of the context's files")
        .choices(["fixed", "keep"])
        .default("fixed"),
    )
    .option("--check", "look for faults, and build nothing", false)
    .option("--metadata-file <file>", "write what was built as JSON")
    .option("--iidfile <file>", "write the result's digest")
    .option("-q, --quiet", "print only the result's digest", false)
    .action(execute);
}

async function execute(context: string, flags: BuildFlags): Promise<void> {
  process.exitCode = await buildCommand(context, flags);
}

async function buildCommand(context: string, flags: BuildFlags): Promise<number> {
  const options = await readBuildFlags(context, flags);
  if (flags.check === true) return checkCommand(options, flags.format ?? "text");
  const kind = flags.quiet === true ? "quiet" : (flags.progress ?? "auto");
  const progress = await createProgress(kind);
  const { build, sourceOf } = await import("../../build/index.ts");
  const signal = interruptSignal();
  try {
    const result = await build({ ...options, signal, onEvent: (event) => progress.event(event) });
    progress.close();
    await writeResultFiles(result, flags);
    if (kind === "json") process.stderr.write(`${JSON.stringify({ kind: "result", ...result })}\n`);
    else if (kind !== "quiet") reportResult(result);
    const usesStdout = options.outputs?.some(({ destination }) => destination?.kind === "stream") === true;
    if (flags.quiet === true && !usesStdout) process.stdout.write(`${result.digest}\n`);
    return 0;
  } catch (error) {
    progress.close();
    showOutput(progress, kind);
    if (signal.aborted) return await reportError(signal.reason);
    return await reportError(error, sourceOf(error));
  }
}

/** The last output of the step that failed, between rulers. */
function showOutput(progress: Progress, kind: string): void {
  const failure = progress.failure();
  if (failure === undefined || kind === "json") return;
  const output = failure.output === "" ? "" : `${failure.output}\n`;
  process.stderr.write(`------\n > ${failure.name}:\n${output}------\n`);
}

async function checkCommand(options: BuildOptions, format: string): Promise<number> {
  if (format !== "text" && format !== "json")
    throw usageError(`--check --format is text or json, not ${JSON.stringify(format)}`);
  const { check, sourceOf } = await import("../../build/index.ts");
  try {
    const { lints, fails, source } = await check(options);
    if (format === "json") {
      process.stdout.write(`${JSON.stringify({ warnings: lints, fails }, undefined, 2)}\n`);
    } else {
      const found =
        lints.length === 0
          ? "no warnings found"
          : `${lints.length} warning${lints.length === 1 ? "" : "s"} found`;
      process.stderr.write(`check complete, ${found}\n`);
      for (const { rule, message, range } of lints) {
        process.stderr.write(
          `\n${paint("yellow", `WARNING: ${rule}`)}\n${message}\n${codeFrame(source, range)}\n`,
        );
      }
    }
    return lints.length > 0 ? 1 : 0;
  } catch (error) {
    if (format === "json" && error instanceof BoxwrightError) {
      const { code, message, hint, range } = error;
      process.stdout.write(`${JSON.stringify({ error: { code, message, hint, range } }, undefined, 2)}\n`);
    }
    return await reportError(error, sourceOf(error));
  }
}
