import type { Command } from "commander";
import { epochOfEnvironment } from "../../build/epoch.ts";
import { usageError } from "../../errors/cli.ts";
import { readAnnotationFlag } from "../output-flags.ts";
import { interruptSignal, openHomeStore } from "../state.ts";
import { transferProgress } from "../transfer-progress.ts";

interface Flags {
  readonly quiet: boolean;
  readonly plainHttp: boolean;
  readonly annotation: readonly string[];
}

export function define(command: Command): void {
  command
    .argument("<image>", "a name of `boxwright images`, or a .wasm file")
    .argument("[reference]", "where to: REGISTRY/REPOSITORY:TAG; default the name itself")
    .option("-q, --quiet", "print only the digest", false)
    .option("--plain-http", "talk HTTP, not TLS", false)
    .option(
      "--annotation <K=V>",
      "add an annotation to the manifest",
      (value, before: readonly string[]) => [...before, value],
      [],
    )
    .action(execute);
}

async function execute(image: string, target: string | undefined, flags: Flags): Promise<void> {
  const { resolveWasm } = await import("../../results/index.ts");
  const { file, result } = await resolveWasm(image, openHomeStore);
  const address = target ?? result?.name;
  if (address === undefined)
    throw usageError("push of a file needs a reference", "boxwright push FILE.wasm REGISTRY/REPOSITORY:TAG");

  const { blobFromFile, parseReference, pushComponent } = await import("../../registry/index.ts");
  const { inspectWasm, readMetadata } = await import("../../component/inspect.ts");
  const { resultForeign } = await import("../../errors/results.ts");
  const reference = parseReference(address);
  const metadata = readMetadata(file);
  if (metadata === undefined) throw resultForeign(file);
  const outline = inspectWasm(file);
  const epoch = epochOfEnvironment();
  const progress = transferProgress(flags.quiet);
  const pushed = await pushComponent(
    {
      wasm: await blobFromFile(file),
      metadata,
      imports: outline.imports.map(({ name }) => name),
      exports: outline.exports.map(({ name }) => name),
      reference,
      annotations: { ...metadata.annotations, ...parseAnnotations(flags.annotation) },
      ...(epoch === undefined ? {} : { epoch }),
    },
    {
      signal: interruptSignal(),
      onProgress: progress.onProgress,
      ...(flags.plainHttp ? { plainHttp: true } : {}),
    },
  );
  progress.end();
  process.stdout.write(`${flags.quiet ? pushed.digest : pushed.reference}\n`);
}

/** All are the manifest's: a pushed component has neither an index nor a descriptor elsewhere. */
function parseAnnotations(flags: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    flags.flatMap((flag) =>
      readAnnotationFlag(flag).map(({ level, key, value }) => {
        if (level === "manifest") return [key, value] as const;
        throw usageError(`--annotation ${JSON.stringify(flag)}: a pushed component has no ${level}`);
      }),
    ),
  );
}
