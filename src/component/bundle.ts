import { join } from "node:path";
import {
  bundleAborted,
  invalidEnvironment,
  noTemplate,
  templateUnusable,
  workingDirectoryRelative,
} from "../errors/component.ts";
import type { Digest, FileContent, Layer, Snapshot } from "../filesystem/types.ts";
import type { ImageConfig } from "../image/types.ts";
import type { BlobWriter, Store } from "../store/types.ts";
import { createImageFiles } from "./image-files.ts";
import { type EncodedIndex, encodeIndex } from "./index-encoder.ts";
import { encodeMetadata, METADATA_SECTION } from "./metadata.ts";
import { createOutputFile } from "./output-file.ts";
import { findRoles } from "./roles.ts";
import { readContents } from "./rom-reader.ts";
import { customSection, type Piece, planSplice } from "./splice.ts";
import { planStart } from "./start.ts";
import { encodeStartProgram } from "./start-program.ts";
import { openTemplate, type TemplateSource } from "./template-source.ts";
import type { ComponentMetadata, OutputFormat, Port, RuntimeManifest, TemplateManifest } from "./types.ts";
import { resolveUser } from "./users.ts";

export interface BundleInput {
  readonly snapshot: Snapshot;
  readonly config: ImageConfig;
  readonly layers: readonly Pick<Layer, "diffId" | "size">[];
  readonly runtime: RuntimeManifest;
  /** Where the runtime's files lie: the directory of its manifest.json. */
  readonly runtimeDirectory: string;
  readonly format: OutputFormat;
  /** Kept in the metadata, for the manifest that the file is pushed with. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: wasip2 for components, wasip1 for modules. */
  readonly port?: Port;
  readonly store: Pick<Store, "blobPath" | "read">;
  /** A file's path, or a writer such as the store's. The caller's writer is committed, or aborted on failure. */
  readonly output: string | BlobWriter;
  /** Boxwright's version, for the metadata. */
  readonly version: string;
  readonly signal?: AbortSignal;
}

export interface BundleResult {
  readonly digest: Digest;
  readonly size: number;
  readonly metadata: ComponentMetadata;
  /** For people: what will not be as in a container. */
  readonly warnings: readonly string[];
}

const BUFFER_SIZE = 4 * 1024 * 1024;

/**
 * Makes an image into a WebAssembly file by splicing its files into the runtime's template. Streams: memory
 * does not grow with the image's bytes. The same input gives the same bytes.
 * Throws the errors of src/errors/component.ts; then nothing is left at `output`.
 */
export async function bundle(input: BundleInput): Promise<BundleResult> {
  const port = input.port ?? (input.format === "component" ? "wasip2" : "wasip1");
  const template = input.runtime.templates.find((one) => one.format === input.format && one.port === port);
  if (template === undefined) throw noTemplate(input.runtime.name, input.format, port);

  const { encoded, warnings } = encodeImage(input);
  const metadata = describe(input, port, encoded);
  const trailer = customSection(METADATA_SECTION, encodeMetadata(metadata));
  const { digest, size } = await write(input, template, encoded, trailer);
  return { digest, size, metadata, warnings };
}

/** Settings and snapshot to index and ROM plan: all of bundling that needs no output. */
export function encodeImage({
  snapshot,
  config,
  runtime,
  store,
}: Pick<BundleInput, "snapshot" | "config" | "runtime" | "store">): {
  readonly encoded: EncodedIndex;
  readonly warnings: readonly string[];
} {
  const settings = config.config;
  const files = createImageFiles(snapshot, store);
  const user = resolveUser(settings.User ?? "", files);
  const environment = startEnvironment(settings.Env ?? [], user.home);
  const workingDirectory = settings.WorkingDir || "/";
  if (!workingDirectory.startsWith("/") || workingDirectory.includes("\0")) {
    throw workingDirectoryRelative(workingDirectory);
  }
  const roles = findRoles(snapshot, runtime);
  const plan = planStart({ settings, files, roles, environment, workingDirectory });
  const encoded = encodeIndex({
    snapshot,
    roles,
    environment: Array.from(environment, ([name, value]) => `${name}=${value}`),
    workingDirectory,
    uid: user.uid,
    gid: user.gid,
    start: encodeStartProgram(plan.start),
    startArguments: encodeStartProgram(plan.startArguments),
  });
  return { encoded, warnings: plan.warnings };
}

/** The image's variables; HOME from the user's entry unless set, as container runtimes do. */
function startEnvironment(entries: readonly string[], home: string): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals < 1 || entry.includes("\0")) throw invalidEnvironment(entry);
    environment.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!environment.get("HOME")) environment.set("HOME", home);
  return environment;
}

function describe(input: BundleInput, port: Port, { index, rom, inodes }: EncodedIndex): ComponentMetadata {
  const { config, runtime } = input;
  const creators = config.history.filter((entry) => entry.empty_layer !== true);
  return {
    formatVersion: 1,
    boxwright: input.version,
    runtime: { name: runtime.name, version: runtime.version, kernel: runtime.kernelVersion },
    format: input.format,
    port,
    config,
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    layers: input.layers.map(({ diffId, size }, position) => ({
      diffId,
      size,
      createdBy: creators[position]?.created_by ?? "",
    })),
    rom: { size: rom.size, files: rom.files, uniqueFiles: rom.contents.length },
    index: { size: index.length, inodes },
  };
}

async function write(
  { runtimeDirectory, store, output, signal }: BundleInput,
  template: TemplateManifest,
  { index, rom }: EncodedIndex,
  trailer: Uint8Array,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const source = await openTemplate(join(runtimeDirectory, template.file), template.sha256);
  try {
    const { pieces, size } = planSplice(template, source.size, rom.size, index, trailer);
    const writer = typeof output === "string" ? await createOutputFile(output) : output;
    try {
      const sink = createSink(writer, signal);
      for (const piece of pieces) {
        for await (const chunk of chunksOf(piece, source, rom.contents, store)) await sink.put(chunk);
      }
      await sink.finish();
      await source.verify();
      if (writer.position !== size) throw templateUnusable(template.file, "it changed while it was read");
      return await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    await source.close();
  }
}

async function* chunksOf(
  piece: Piece,
  template: TemplateSource,
  contents: readonly FileContent[],
  store: Pick<Store, "blobPath">,
): AsyncGenerator<Uint8Array> {
  switch (piece.kind) {
    case "bytes":
      yield piece.bytes;
      return;
    case "rom":
      yield* readContents(contents, (digest) => store.blobPath(digest));
      return;
    case "template": {
      const buffer = new Uint8Array(Math.min(piece.size, BUFFER_SIZE));
      for (let done = 0; done < piece.size; done += buffer.length) {
        const chunk = buffer.subarray(0, Math.min(buffer.length, piece.size - done));
        await template.read(chunk, piece.offset + done);
        yield chunk;
      }
    }
  }
}

/** Gathers chunks into large writes, of which one may be under way while the next is filled. */
function createSink(writer: BlobWriter, signal: AbortSignal | undefined) {
  let filling = new Uint8Array(BUFFER_SIZE);
  let spare = new Uint8Array(BUFFER_SIZE);
  let filled = 0;
  let pending: Promise<void> = Promise.resolve();

  const flush = async () => {
    await pending;
    if (signal?.aborted) throw bundleAborted(signal.reason);
    pending = writer.write(filling.subarray(0, filled));
    // Observed at the next flush; until then a failure must not count as unhandled.
    pending.catch(() => {});
    [filling, spare] = [spare, filling];
    filled = 0;
  };

  return {
    async put(chunk: Uint8Array): Promise<void> {
      for (let done = 0; done < chunk.length; ) {
        const count = Math.min(chunk.length - done, BUFFER_SIZE - filled);
        filling.set(chunk.subarray(done, done + count), filled);
        filled += count;
        done += count;
        if (filled === BUFFER_SIZE) await flush();
      }
    },
    async finish(): Promise<void> {
      await flush();
      await pending;
    },
  };
}
