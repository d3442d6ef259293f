import type { OutputFormat } from "../component/types.ts";
import { notAComponent } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import type { Store } from "../store/types.ts";
import { openRepository, type RegistryOptions, type Repository } from "./connection.ts";
import type { Descriptor, ImageIndex, ImageManifest } from "./manifest-format.ts";
import { type PulledManifest, pullManifest } from "./manifests.ts";
import { pullBlob } from "./pull-blob.ts";
import { familiarReference, manifestKey, type Reference } from "./reference.ts";

export interface PulledComponent {
  /** The manifest's. */
  readonly digest: Digest;
  readonly manifest: ImageManifest;
  /** The .wasm file, in the store. */
  readonly wasm: { readonly digest: Digest; readonly size: number };
  readonly format: OutputFormat;
}

/** What layers that hold a plain .wasm are called: by the CNCF layout, and before it by others. */
const wasmTypes: readonly string[] = [
  "application/wasm",
  "application/vnd.wasm.content.layer.v1+wasm",
  "application/vnd.module.wasm.content.layer.v1+wasm",
  "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
];

/** Core specification, "Modules" (version 1, layer 0), and Component Model, "Binary" (version 13, layer 1). */
const preambles: Readonly<Record<string, OutputFormat>> = {
  "0061736d01000000": "module",
  "0061736d0d000100": "component",
};

/**
 * Brings a published .wasm into the store. Takes artifacts of one Wasm layer, whatever their config is, and
 * an index that has one Wasm entry. Throws NOT_A_COMPONENT for all else.
 */
export async function pullComponent(
  reference: Reference,
  store: Store,
  options: RegistryOptions = {},
): Promise<PulledComponent> {
  const address = familiarReference(reference);
  const repository = await openRepository(reference, options);
  try {
    const pulled = await pullManifest(repository, manifestKey(reference));
    const { digest, manifest } = await wasmManifest(repository, pulled, address);
    const { layers } = manifest;
    const layer = layers[0];
    if (layer === undefined || layers.length !== 1) {
      throw notAComponent(address, `it has ${layers.length} layers`);
    }
    if (!wasmTypes.includes(layer.mediaType)) {
      throw notAComponent(address, `its layer is of type ${JSON.stringify(layer.mediaType)}`);
    }
    await pullBlob(repository, layer, store);
    return {
      digest,
      manifest,
      wasm: { digest: layer.digest, size: layer.size },
      format: await formatOf(store, layer, address),
    };
  } finally {
    repository.close();
  }
}

async function wasmManifest(
  repository: Repository,
  pulled: PulledManifest,
  address: string,
): Promise<{ digest: Digest; manifest: ImageManifest }> {
  if (pulled.manifest.kind === "image") return { digest: pulled.digest, manifest: pulled.manifest };
  const entry = wasmEntry(pulled.manifest, address);
  const inner = await pullManifest(repository, entry.digest);
  if (inner.manifest.kind !== "image") throw notAComponent(address, "its index lists another index");
  return { digest: inner.digest, manifest: inner.manifest };
}

function wasmEntry(index: ImageIndex, address: string): Descriptor {
  const entries = index.manifests.filter(({ platform }) => platform?.architecture === "wasm");
  const entry = entries[0];
  if (entry === undefined || entries.length !== 1) {
    throw notAComponent(address, `its index lists ${entries.length} entries for Wasm`);
  }
  return entry;
}

async function formatOf(store: Store, layer: Descriptor, address: string): Promise<OutputFormat> {
  const start = new Uint8Array(8);
  const content = { blob: layer.digest, offset: 0, size: layer.size, sha256: layer.digest };
  const length = store.read(content, 0, start);
  const format = preambles[Buffer.from(start.subarray(0, length)).toString("hex")];
  if (format === undefined) throw notAComponent(address, "its layer does not begin as WebAssembly does");
  return format;
}
