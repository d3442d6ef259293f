import type { ComponentMetadata } from "../component/types.ts";
import type { Digest } from "../filesystem/types.ts";
import { digestOf } from "../store/index.ts";
import { type Annotations, mediaTypes } from "./manifest-format.ts";

export interface WasmArtifactInput {
  readonly wasm: { readonly digest: Digest; readonly size: number };
  readonly metadata: Pick<ComponentMetadata, "format" | "config">;
  /** The component's own, as `inspect` lists them; a module's are not told. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** File name of the layer. */
  readonly title: string;
  /** Added to, and stronger than, what the image's labels say. */
  readonly annotations: Annotations;
  /** SOURCE_DATE_EPOCH: seconds since 1970. Default: the image's own date, else 2000-01-01. */
  readonly epoch?: number;
}

export interface WasmArtifact {
  readonly config: Uint8Array;
  readonly manifest: Uint8Array;
}

const prefix = "org.opencontainers.image.";

/** The annotations of the image specification that labels may set; the rest is about the image itself. */
const fromLabels = [
  "title",
  "version",
  "description",
  "licenses",
  "source",
  "url",
  "documentation",
  "authors",
  "vendor",
  "revision",
].map((name) => `${prefix}${name}`);

const fixedDate = "2000-01-01T00:00:00Z";

/**
 * The manifest and config of a Wasm OCI artifact (CNCF TAG Runtime, "Wasm OCI Artifact Layout"). Pure: the
 * same input gives the same bytes.
 */
export function makeWasmArtifact(input: WasmArtifactInput): WasmArtifact {
  const { wasm, metadata } = input;
  const created = creationDate(input);
  const labels = metadata.config.config.Labels ?? {};
  const author = labels[`${prefix}authors`] ?? metadata.config.author;
  const isComponent = metadata.format === "component";
  const config = encode({
    created,
    ...(author === undefined ? {} : { author }),
    architecture: "wasm",
    os: isComponent ? "wasip2" : "wasip1",
    layerDigests: [wasm.digest],
    ...(isComponent ? { component: { exports: input.exports, imports: input.imports } } : {}),
  });
  const labelled = Object.entries(labels).filter(([name]) => fromLabels.includes(name));
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.wasmConfig, digest: digestOf(config), size: config.length },
    layers: [
      {
        mediaType: mediaTypes.wasm,
        digest: wasm.digest,
        size: wasm.size,
        annotations: { [`${prefix}title`]: input.title },
      },
    ],
    annotations: sorted([[`${prefix}created`, created], ...labelled, ...Object.entries(input.annotations)]),
  });
  return { config, manifest };
}

function creationDate({ epoch, metadata }: WasmArtifactInput): string {
  const image = Date.parse(metadata.config.created ?? "");
  const milliseconds = epoch === undefined ? image : epoch * 1000;
  if (Number.isNaN(milliseconds)) return fixedDate;
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** By code units, which no locale changes; a later entry replaces an earlier one of the same name. */
function sorted(entries: readonly (readonly [string, string])[]): Annotations {
  const last = [...new Map(entries)];
  return Object.fromEntries(last.sort(([left], [right]) => (left < right ? -1 : 1)));
}
