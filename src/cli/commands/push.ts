import type { Command } from "commander";
import { usageError } from "../../errors/cli.ts";
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
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  const progress = transferProgress(flags.quiet);
  const pushed = await pushComponent(
    {
      wasm: await blobFromFile(file),
      metadata,
      imports: outline.imports.map(({ name }) => name),
      exports: outline.exports.map(({ name }) => name),
      reference,
      annotations: parseAnnotations(flags.annotation),
      ...(epoch !== undefined && /^\d+$/.test(epoch) ? { epoch: Number(epoch) } : {}),
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

function parseAnnotations(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at <= 0) throw usageError(`--annotation ${JSON.stringify(pair)}: write KEY=VALUE`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
