import type { Command } from "commander";
import { interruptSignal, withStore } from "../state.ts";
import { transferProgress } from "../transfer-progress.ts";

interface Flags {
  readonly output: string | undefined;
  readonly quiet: boolean;
  readonly plainHttp: boolean;
}

export function define(command: Command): void {
  command
    .argument("<reference>", "REGISTRY/REPOSITORY[:TAG|@DIGEST]")
    .option("-o, --output <file>", "also write the .wasm to a file")
    .option("-q, --quiet", "print only the digest", false)
    .option("--plain-http", "talk HTTP, not TLS", false)
    .action(execute);
}

async function execute(text: string, flags: Flags): Promise<void> {
  const { familiarReference, parseReference, pullComponent } = await import("../../registry/index.ts");
  const { nameResult } = await import("../../results/index.ts");
  const { placeBlob } = await import("../../results/place.ts");
  const reference = parseReference(text);
  const progress = transferProgress(flags.quiet);
  await withStore(async (store) => {
    const pulled = await pullComponent(reference, store, {
      signal: interruptSignal(),
      onProgress: progress.onProgress,
      ...(flags.plainHttp ? { plainHttp: true } : {}),
    });
    progress.end();
    await nameResult(store, { name: familiarReference(reference), ...pulled.wasm, format: pulled.format });
    if (flags.output !== undefined) await placeBlob(store, pulled.wasm.digest, flags.output);
    process.stdout.write(
      flags.quiet ? `${pulled.digest}\n` : `${familiarReference(reference)}@${pulled.digest}\n`,
    );
  });
}
