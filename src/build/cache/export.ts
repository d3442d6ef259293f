import { createReadStream } from "node:fs";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import { BoxwrightError } from "../../errors/index.ts";
import { isDigest, type Store } from "../../store/index.ts";
import { reportStep, type Session } from "../session.ts";
import type { LayerReference, StageState } from "../state.ts";
import type { CacheTarget } from "../types.ts";
import {
  type BlobDescriptor,
  type CacheDocument,
  cacheTypes,
  encodeCacheManifest,
  encodeDocument,
  inlineAnnotation,
} from "./document.ts";
import type { CacheTargetPlace } from "./place.ts";

/** The compressed form of a layer that was exported before: it need not be made to know that it is there. */
const recordKind = "cache-blob";

type SeparateTarget = Exclude<CacheTarget, { readonly kind: "inline" }>;

/** Writes what the build has found out to all that `cacheTo` names, beside inline caches. */
export async function exportCaches(session: Session, state: StageState): Promise<void> {
  const targets = (session.options.cacheTo ?? []).filter((target) => target.kind !== "inline");
  for (const [index, target] of targets.entries()) {
    const name = target.kind === "local" ? target.directory : target.reference;
    const step = { id: `cache-export-${index}`, name: `exporting cache to ${name}` };
    try {
      await reportStep(session, step, async (start) => {
        start();
        return { value: await exportCache(session, state, target), cached: false };
      });
    } catch (error) {
      if (target.ignoreError !== true || !(error instanceof BoxwrightError)) throw error;
      session.warn({ code: error.code, message: `the build cache was not exported: ${error.message}` });
    }
  }
}

/** The annotation of an image's manifest that holds an inline cache; undefined where none is asked for. */
export function inlineCache(
  session: Session,
  state: StageState,
): Readonly<Record<string, string>> | undefined {
  if (session.options.cacheTo?.some(({ kind }) => kind === "inline") !== true) return undefined;
  const document: CacheDocument = { layers: state.layers, records: session.journal.records() };
  return { [inlineAnnotation]: Buffer.from(encodeDocument(document)).toString("utf8") };
}

async function exportCache(session: Session, state: StageState, target: SeparateTarget): Promise<void> {
  const place = await openTarget(session, target);
  try {
    const records = session.journal.records();
    const layers: LayerReference[] = [];
    const blobs: BlobDescriptor[] = [];
    for (const layer of await chooseLayers(session, state, target.mode)) {
      blobs.push((await findBlob(session, place, layer)) ?? (await writeBlob(session, place, layer)));
      layers.push(layer);
    }
    const config = await place.put(cacheTypes.config, [encodeDocument({ layers, records })]);
    await place.finish(encodeCacheManifest(config, blobs));
  } finally {
    await place.close();
  }
}

async function openTarget(session: Session, target: SeparateTarget): Promise<CacheTargetPlace> {
  if (target.kind === "local") {
    const { localTarget } = await import("./local.ts");
    return localTarget(target.directory, target.tag ?? "latest");
  }
  const { registryTarget } = await import("./registry.ts");
  return registryTarget(target, session);
}

/** "min": what the result is made of; "max": what every step made. Sorted, so that the same build gives the same. */
async function chooseLayers(
  session: Session,
  state: StageState,
  mode: "min" | "max",
): Promise<readonly LayerReference[]> {
  const inResult = new Set(state.layers.map(({ diffId }) => diffId));
  const chosen = new Map<string, LayerReference>();
  for (const { layer } of session.journal.records()) {
    if (layer === undefined || (mode === "min" && !inResult.has(layer.diffId))) continue;
    if (await session.layers.isAvailable(layer)) chosen.set(layer.diffId, layer);
  }
  return [...chosen.values()].sort((a, b) => (a.diffId < b.diffId ? -1 : 1));
}

/** The layer's blob, if the target has it. */
async function findBlob(
  session: Session,
  place: CacheTargetPlace,
  { diffId }: LayerReference,
): Promise<BlobDescriptor | undefined> {
  const made = parseBlob(await session.store.readRecord(recordKind, diffId));
  const known = [...(made === undefined ? [] : [made]), ...session.caches.blobsOf(diffId)];
  for (const blob of known) if (blob.mediaType === cacheTypes.layer && (await place.has(blob))) return blob;
  return undefined;
}

async function writeBlob(
  session: Session,
  place: CacheTargetPlace,
  layer: LayerReference,
): Promise<BlobDescriptor> {
  // What was taken from another cache is fetched, and checked, only now.
  const { diffId } = await session.layers.load(layer);
  const blob = await place.put(cacheTypes.layer, compressed(session.store, diffId));
  await session.store.writeRecord(recordKind, diffId, blob);
  return blob;
}

async function* compressed(store: Store, diffId: LayerReference["diffId"]): AsyncGenerator<Uint8Array> {
  // A fixed chunk size, so that the compressed bytes cannot depend on how the file was read.
  const tar = createReadStream(store.blobPath(diffId), { highWaterMark: 1 << 18 });
  const output = new PassThrough();
  const done = pipeline(tar, createZstdCompress(), output);
  // It is awaited below; until then a failure must not count as unhandled.
  done.catch(() => undefined);
  try {
    yield* output as AsyncIterable<Uint8Array>;
    await done;
  } finally {
    output.destroy();
  }
}

function parseBlob(record: unknown): BlobDescriptor | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const { mediaType, digest, size } = record as Record<keyof BlobDescriptor, unknown>;
  if (typeof mediaType !== "string" || !isDigest(digest) || typeof size !== "number") return undefined;
  return { mediaType, digest, size };
}
