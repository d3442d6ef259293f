import { invalidManifest, unsupportedManifest } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";
import { isDigest } from "../store/index.ts";
import { isDigestOfAnyKind } from "./digest.ts";
import { isObject, type JsonObject, own, ownString, parseJsonObject } from "./json.ts";

export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  wasmConfig: "application/vnd.wasm.config.v0+json",
  wasm: "application/wasm",
  empty: "application/vnd.oci.empty.v1+json",
} as const;

export type Annotations = Readonly<Record<string, string>>;

/** image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Annotations;
  readonly artifactType?: string;
  readonly platform?: DescriptorPlatform;
}

export interface DescriptorPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface ImageManifest {
  readonly kind: "image";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Annotations;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Annotations;
}

export type Manifest = ImageManifest | ImageIndex;

/**
 * Reads a manifest or an index. `address` is what errors call it; `contentType` is what the registry said
 * it is. Throws MANIFEST_INVALID or MANIFEST_UNSUPPORTED.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined, address: string): Manifest {
  const reader = new Reader(address);
  let object: JsonObject;
  try {
    object = parseJsonObject(bytes);
  } catch (cause) {
    throw invalidManifest(address, cause instanceof Error ? cause.message : "it cannot be read", cause);
  }
  const mediaType = reader.mediaType(object, contentType);
  const annotations = reader.annotations(own(object, "annotations"));
  const isIndex = own(object, "manifests") !== undefined;
  // One text that two readers take for two things (image-spec, "Manifest/Index confusion", CVE-2021-41190).
  if (isIndex && (own(object, "layers") !== undefined || own(object, "config") !== undefined)) {
    throw reader.invalid("it is a manifest and an index at once");
  }
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex) {
    const manifests = reader.descriptors(own(object, "manifests"), "manifests");
    return { kind: "index", mediaType, manifests, annotations };
  }
  if (isIndex) throw reader.invalid(`it lists manifests, but calls itself ${JSON.stringify(mediaType)}`);
  const subject = own(object, "subject");
  return {
    kind: "image",
    mediaType,
    artifactType: ownString(object, "artifactType"),
    config: reader.descriptor(own(object, "config"), "config"),
    layers: reader.descriptors(own(object, "layers"), "layers"),
    subject: subject === undefined ? undefined : reader.descriptor(subject, "subject"),
    annotations,
  };
}

class Reader {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  invalid(what: string): Error {
    return invalidManifest(this.#address, what);
  }

  /** The body's own word where there is one, which must not contradict the header's. */
  mediaType(object: JsonObject, contentType: string | undefined): string {
    const header = contentType?.split(";")[0]?.trim().toLowerCase();
    const said = own(object, "mediaType");
    if (said !== undefined && typeof said !== "string") throw this.invalid("its mediaType is not text");
    if (own(object, "schemaVersion") === 1) {
      throw unsupportedManifest(this.#address, "it has Docker's old schema 1; push the image again");
    }
    if (own(object, "schemaVersion") !== 2) throw this.invalid("its schemaVersion is not 2");
    const manifestTypes: readonly string[] = [
      mediaTypes.ociManifest,
      mediaTypes.ociIndex,
      mediaTypes.dockerManifest,
      mediaTypes.dockerIndex,
    ];
    // Some registries answer application/json; that says nothing.
    const known = header !== undefined && manifestTypes.includes(header) ? header : undefined;
    if (said !== undefined && known !== undefined && said !== known) {
      throw this.invalid(`it calls itself ${JSON.stringify(said)}, and its registry calls it ${known}`);
    }
    const mediaType =
      said ??
      known ??
      (own(object, "manifests") === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex);
    if (!manifestTypes.includes(mediaType)) {
      throw unsupportedManifest(this.#address, `its type ${JSON.stringify(mediaType)} is not known`);
    }
    return mediaType;
  }

  descriptors(value: unknown, where: string): readonly Descriptor[] {
    if (!Array.isArray(value)) throw this.invalid(`its ${where} are not a list`);
    return value.map((entry, index) => this.descriptor(entry, `${where}[${index}]`));
  }

  descriptor(value: unknown, where: string): Descriptor {
    if (!isObject(value)) throw this.invalid(`its ${where} is missing, or not a descriptor`);
    const mediaType = own(value, "mediaType");
    const digest = own(value, "digest");
    const size = own(value, "size");
    const artifactType = ownString(value, "artifactType");
    const platform = own(value, "platform");
    if (typeof mediaType !== "string" || mediaType === "") throw this.invalid(`${where} has no mediaType`);
    if (!isDigest(digest)) {
      if (isDigestOfAnyKind(digest) && !digest.startsWith("sha256:")) {
        throw unsupportedManifest(this.#address, `${where} has a digest other than sha256`);
      }
      throw this.invalid(`the digest of ${where} is not one`);
    }
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      throw this.invalid(`the size of ${where} is not one`);
    }
    const annotations = this.annotations(own(value, "annotations"));
    return {
      mediaType,
      digest,
      size,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(isObject(platform) ? { platform: this.platform(platform, where) } : {}),
    };
  }

  platform(value: JsonObject, where: string): DescriptorPlatform {
    const os = own(value, "os");
    const architecture = own(value, "architecture");
    const variant = ownString(value, "variant");
    if (typeof os !== "string" || typeof architecture !== "string") {
      throw this.invalid(`the platform of ${where} lacks its os or architecture`);
    }
    return { os, architecture, ...(variant === undefined || variant === "" ? {} : { variant }) };
  }

  annotations(value: unknown): Annotations {
    if (value === undefined || value === null) return {};
    if (!isObject(value)) throw this.invalid("its annotations are not an object");
    const entries = Object.entries(value);
    const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
    if (texts.length !== entries.length) throw this.invalid("an annotation is not text");
    return Object.fromEntries(texts);
  }
}
