import type { ComponentMetadata } from "../component/types.ts";
import { pushNeedsTag } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import { type BlobSource, blobFromBytes } from "./blob-source.ts";
import { openRepository, type RegistryOptions } from "./connection.ts";
import { type Annotations, mediaTypes } from "./manifest-format.ts";
import { pushManifest } from "./manifests.ts";
import { pushBlob } from "./push-blob.ts";
import { familiarReference, formatReference, type Reference } from "./reference.ts";
import { makeWasmArtifact } from "./wasm-artifact.ts";

export interface PushComponentInput {
  /** The .wasm file: `blobFromFile` or `blobFromStore`. */
  readonly wasm: BlobSource;
  readonly metadata: Pick<ComponentMetadata, "format" | "config">;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** With a tag. */
  readonly reference: Reference;
  readonly annotations?: Annotations;
  /** SOURCE_DATE_EPOCH: seconds since 1970. */
  readonly epoch?: number;
  /** Another repository of the same registry that may have the file already. */
  readonly mountFrom?: string;
  /** See {@link PushBlobOptions}. */
  readonly chunkSize?: number;
}

export interface PushedComponent {
  /** The manifest's: what `name@digest` pulls. */
  readonly digest: Digest;
  readonly size: number;
  /** `registry/repository:tag@digest`. */
  readonly reference: string;
}

/** Publishes a .wasm as a Wasm OCI artifact; the manifest comes last, so a broken push shows nothing. */
export async function pushComponent(
  input: PushComponentInput,
  options: RegistryOptions = {},
): Promise<PushedComponent> {
  const { reference, wasm } = input;
  const { tag } = reference;
  if (tag === undefined || reference.digest !== undefined) throw pushNeedsTag(familiarReference(reference));
  const { config, manifest } = makeWasmArtifact({
    wasm,
    metadata: input.metadata,
    imports: input.imports,
    exports: input.exports,
    title: `${reference.repository.split("/").at(-1)}.wasm`,
    annotations: input.annotations ?? {},
    ...(input.epoch === undefined ? {} : { epoch: input.epoch }),
  });
  const repository = await openRepository(reference, options);
  try {
    await pushBlob(repository, wasm, {
      ...(input.mountFrom === undefined ? {} : { mountFrom: input.mountFrom }),
      ...(input.chunkSize === undefined ? {} : { chunkSize: input.chunkSize }),
    });
    await pushBlob(repository, blobFromBytes(config));
    const { digest } = await pushManifest(repository, tag, manifest, { mediaType: mediaTypes.ociManifest });
    return { digest, size: wasm.size, reference: formatReference({ ...reference, digest }) };
  } finally {
    repository.close();
  }
}
