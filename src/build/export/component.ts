import { createReadStream } from "node:fs";
import type { OutputFormat } from "../../component/types.ts";
import { noRuntimeForImage } from "../../errors/build.ts";
import type { Digest } from "../../filesystem/types.ts";
import type { ImageConfig } from "../../image/types.ts";
import { loadRuntime } from "../../runtimes/index.ts";
import { isDigest, type Store } from "../../store/index.ts";
import { writeOutput } from "../output-file.ts";
import { reportStep, type Session } from "../session.ts";
import { keyOf, type StageState } from "../state.ts";
import type { OutputSink } from "../types.ts";
import { version } from "../version.ts";
import { openSink } from "./sink.ts";
import { withVolumes } from "./volumes.ts";

const recordKind = "bundle";

export interface ComponentInput {
  readonly session: Session;
  readonly state: StageState;
  readonly config: ImageConfig;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Bundled {
  readonly digest: Digest;
  readonly size: number;
  readonly warnings: readonly string[];
}

/** Makes the image into a .wasm in the store, or finds it there. Throws NO_RUNTIME and the errors of bundling. */
export async function bundleImage(
  { session, state, config, annotations }: ComponentInput,
  format: OutputFormat,
  stepId: string,
): Promise<Bundled> {
  if (state.runtime === undefined) throw noRuntimeForImage(state.base);
  const { store } = session;
  const runtime = await loadRuntime(state.runtime);
  const { templates, guestPaths, envPaths } = runtime.manifest;
  const hashes = templates.map((template) => template.sha256);
  const key = keyOf([version, format, config, hashes, guestPaths, envPaths, sortedPairs(annotations)]);
  const step = { id: stepId, name: `exporting to ${format}` };
  return reportStep(session, step, async (start) => {
    const found =
      session.options.noCache === true ? undefined : parseBundled(await store.readRecord(recordKind, key));
    if (found !== undefined && (await store.hasBlob(found.digest))) return { value: found, cached: true };
    start();
    const { bundle } = await import("../../component/index.ts");
    const { digest, size, warnings } = await bundle({
      snapshot: withVolumes(await session.layers.snapshot(state.layers), session, config),
      config,
      layers: state.layers,
      runtime: runtime.manifest,
      runtimeDirectory: runtime.directory,
      format,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      store,
      output: await store.createBlob(),
      version,
      signal: session.signal,
    });
    const made = { digest, size, warnings };
    await store.writeRecord(recordKind, key, made);
    return { value: made, cached: false };
  });
}

/** Puts the .wasm where it is asked for. Throws RESULT_UNWRITABLE, OUTPUT_FAILED. */
export async function placeComponent(store: Store, digest: Digest, sink: OutputSink): Promise<void> {
  if (sink.kind === "file") return writeOutput(store, digest, sink.path);
  const writer = await openSink(sink);
  try {
    for await (const chunk of createReadStream(store.blobPath(digest))) await writer.write(chunk as Buffer);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const sortedPairs = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

function parseBundled(record: unknown): Bundled | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const { digest, size, warnings } = record as Record<keyof Bundled, unknown>;
  if (!isDigest(digest) || typeof size !== "number" || !Array.isArray(warnings)) return undefined;
  return { digest, size, warnings: warnings.filter((each) => typeof each === "string") };
}
