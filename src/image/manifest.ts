import { imageInvalidManifest, imageUnsupportedMediaType } from "../errors/image.ts";
import type { Digest } from "../filesystem/types.ts";
import { isDigest } from "../store/index.ts";
import { compact, Fields, parseJson } from "./json.ts";

/** A content descriptor (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: Platform | undefined;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export type Manifest =
  | { readonly kind: "image"; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: "index"; readonly manifests: readonly Descriptor[] };

export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

/** Bytes of a manifest, index or configuration. */
export const documentLimit = 4 << 20;
const maximumEntries = 4096;

const indexes: readonly string[] = [
  mediaTypes.index,
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const manifests: readonly string[] = [
  mediaTypes.manifest,
  "application/vnd.docker.distribution.manifest.v2+json",
];
const configs: readonly string[] = [mediaTypes.config, "application/vnd.docker.container.image.v1+json"];
const layers: readonly string[] = [
  mediaTypes.layer,
  `${mediaTypes.layer}+gzip`,
  `${mediaTypes.layer}+zstd`,
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
];

export function isIndex(mediaType: string): boolean {
  return indexes.includes(mediaType);
}

/**
 * Reads an image manifest or an index. `mediaType` is what the descriptor or the registry said, and must not be
 * contradicted by the document. Throws IMAGE_INVALID_MANIFEST, IMAGE_UNSUPPORTED_MEDIA_TYPE.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest {
  if (bytes.length > documentLimit) throw imageInvalidManifest(`it has more than ${documentLimit} bytes`);
  const root = new Fields(parseJson(bytes, imageInvalidManifest), "manifest", imageInvalidManifest);
  if (root.integer("schemaVersion") !== 2) throw imageInvalidManifest("its schemaVersion is not 2");
  const stated = root.text("mediaType");
  if (stated !== undefined && stated !== mediaType) {
    throw imageInvalidManifest(`it says that it is ${stated}, but ${mediaType} was announced`);
  }
  if (isIndex(mediaType)) return { kind: "index", manifests: descriptors(root.list("manifests")) };
  if (!manifests.includes(mediaType)) throw imageUnsupportedMediaType(mediaType);
  const config = parseDescriptor(root.get("config"));
  if (!configs.includes(config.mediaType)) throw imageUnsupportedMediaType(config.mediaType);
  const found = descriptors(root.list("layers"));
  const foreign = found.find((layer) => !layers.includes(layer.mediaType));
  if (foreign !== undefined) throw imageUnsupportedMediaType(foreign.mediaType);
  return { kind: "image", config, layers: found };
}

function descriptors(list: readonly unknown[]): readonly Descriptor[] {
  if (list.length > maximumEntries) throw imageInvalidManifest(`it has more than ${maximumEntries} entries`);
  return list.map(parseDescriptor);
}

function parseDescriptor(value: unknown): Descriptor {
  const fields = new Fields(value, "descriptor", imageInvalidManifest);
  const digest = fields.text("digest");
  const size = fields.integer("size");
  if (!isDigest(digest)) throw imageInvalidManifest("it names something by what is not a sha256 digest");
  if (size === undefined || size < 0) throw imageInvalidManifest(`it gives no size for ${digest}`);
  const annotations = fields.fields("annotations");
  const names = annotations?.keys() ?? [];
  return {
    mediaType: fields.required("mediaType", fields.text("mediaType")),
    digest,
    size,
    annotations: Object.fromEntries(names.map((name) => [name, annotations?.text(name) ?? ""])),
    platform: parsePlatform(fields.fields("platform")),
  };
}

function parsePlatform(fields: Fields | undefined): Platform | undefined {
  if (fields === undefined) return undefined;
  const { os = "", architecture = "" } = { os: fields.text("os"), architecture: fields.text("architecture") };
  return { os, architecture, ...compact<Pick<Platform, "variant">>({ variant: fields.text("variant") }) };
}
