import { invalidPlatform, platformNotFound } from "../errors/registry.ts";
import type { Descriptor, DescriptorPlatform, ImageIndex } from "./manifest-format.ts";

/** What an image is for: `linux/amd64`, `linux/arm64/v8`. */
export type Platform = DescriptorPlatform;

export const defaultPlatform: Platform = { os: "linux", architecture: "amd64" };

/** Names that uname and others have for Go's architectures, as containerd normalises them. */
const architectures: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  armhf: "arm",
  i386: "386",
};

/** The variant that an architecture has when none is named. */
const defaultVariants: Readonly<Record<string, string>> = { arm64: "v8", arm: "v7", amd64: "v1" };

/** Reads `--platform`'s form. Throws PLATFORM_INVALID. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [os = "", machine = "", variant] = parts;
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !/^[a-z0-9._-]+$/.test(part))) {
    throw invalidPlatform(text);
  }
  const architecture = Object.hasOwn(architectures, machine) ? (architectures[machine] ?? machine) : machine;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** The entry of an index for a platform; the first of equally good ones. Throws PLATFORM_NOT_FOUND. */
export function choosePlatform(index: ImageIndex, wanted: Platform, address: string): Descriptor {
  const fitting = index.manifests.filter(({ platform }) => platform !== undefined && fits(platform, wanted));
  const best = fitting.find(({ platform }) => platform?.variant === wanted.variant) ?? fitting[0];
  if (best !== undefined) return best;
  const only = index.manifests.length === 1 ? index.manifests[0] : undefined;
  if (only !== undefined && only.platform === undefined) return only;
  throw platformNotFound(address, formatPlatform(wanted), offered(index));
}

function fits(platform: Platform, wanted: Platform): boolean {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return false;
  return variantOf(platform) === variantOf(wanted);
}

function variantOf(platform: Platform): string | undefined {
  return platform.variant ?? defaultVariants[platform.architecture];
}

/** BuildKit lists attestations beside the images, for a platform `unknown/unknown`. */
function offered(index: ImageIndex): readonly string[] {
  const named = index.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
  return [...new Set(named.filter(({ os }) => os !== "unknown").map(formatPlatform))];
}
