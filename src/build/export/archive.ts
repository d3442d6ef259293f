import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { DraftChange, Layer } from "../../filesystem/types.ts";
import { writeOciLayout } from "../../image/index.ts";
import type { ImageConfig } from "../../image/types.ts";
import type { Session } from "../session.ts";
import type { ImageOutput, OutputSink } from "../types.ts";
import { writeTar } from "./tar.ts";

export interface ArchiveInput {
  readonly session: Session;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
  /** Normalised, with tags. */
  readonly names: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** For the image's entry in index.json. */
  readonly descriptorAnnotations: Readonly<Record<string, string>>;
}

export interface WrittenImage {
  /** Of the manifest. */
  readonly digest: Layer["diffId"];
  readonly mediaType: string;
  readonly manifestSize: number;
  readonly size: number;
}

/**
 * Writes an OCI image layout: as a directory, or as a tar. "docker" is that tar with the manifest.json of docker save
 * beside it, which `docker load` and others read.
 */
export async function exportImage(input: ArchiveInput, output: ImageOutput): Promise<WrittenImage> {
  const { destination } = output;
  if (destination.kind === "directory") {
    const directory = path.resolve(destination.path);
    const written = await writeLayout(input, output, directory);
    return { ...written, size: input.layers.reduce((sum, layer) => sum + layer.size, 0) };
  }
  const temporary = await mkdtemp(path.join(input.session.store.directory, "tmp", "export-"));
  try {
    const written = await writeLayout(input, output, temporary);
    const { size } = await packLayout(input, output, { directory: temporary, ...written }, destination);
    return { ...written, size };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeLayout(input: ArchiveInput, { compression = "gzip" }: ImageOutput, directory: string) {
  const { session, config, layers, names, annotations, descriptorAnnotations } = input;
  const [name] = names;
  const { digest } = await writeOciLayout({ config, layers, runtime: undefined }, directory, {
    store: session.store,
    refName: name?.slice(name.lastIndexOf(":") + 1) ?? "latest",
    compression,
    annotations,
    descriptorAnnotations,
  });
  const { size } = await stat(path.join(directory, blobName(digest)));
  return { digest, mediaType: "application/vnd.oci.image.manifest.v1+json", manifestSize: size };
}

const blobName = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

async function packLayout(
  { session, names }: ArchiveInput,
  { kind }: ImageOutput,
  { directory, digest }: { readonly directory: string; readonly digest: string },
  sink: OutputSink,
) {
  const common = { uid: 0, gid: 0, mtime: session.epoch, xattrs: {} };
  const changes: DraftChange[] = ["blobs", "blobs/sha256"].map((name) => ({
    kind: "directory",
    path: name,
    attributes: { ...common, mode: 0o755 },
  }));
  const attributes = { ...common, mode: 0o644 };
  const blobs = (await readdir(path.join(directory, "blobs/sha256"))).sort();
  for (const name of ["index.json", "oci-layout", ...blobs.map((blob) => `blobs/sha256/${blob}`)]) {
    const hostPath = path.join(directory, name);
    const { size } = await stat(hostPath);
    changes.push({ kind: "host-file", path: name, attributes, hostPath, size });
  }
  if (kind === "docker") {
    const manifest = await readFile(path.join(directory, blobName(digest)), "utf8");
    const bytes = Buffer.from(dockerManifest(manifest, names), "utf8");
    changes.push({ kind: "new-file", path: "manifest.json", attributes, bytes });
  }
  return writeTar(session, changes, sink);
}

/** manifest.json of `docker save` (moby, image/spec, "Combined Image JSON + Filesystem Changeset Format"). */
function dockerManifest(text: string, names: readonly string[]): string {
  // Our own manifest, just written.
  const manifest = JSON.parse(text) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  const entry = {
    Config: blobName(manifest.config.digest),
    RepoTags: names.length === 0 ? null : names,
    Layers: manifest.layers.map((layer) => blobName(layer.digest)),
  };
  return JSON.stringify([entry]);
}
