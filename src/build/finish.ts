import path from "node:path";
import type { Digest, Layer } from "../filesystem/types.ts";
import { encodeImageConfig } from "../image/index.ts";
import type { ImageConfig } from "../image/types.ts";
import { nameResult } from "../results/index.ts";
import { digestOf } from "../store/index.ts";
import { inlineCache } from "./cache/export.ts";
import { bundleImage, placeComponent } from "./export/component.ts";
import { requestedOutputs } from "./export/outputs.ts";
import { reportStep, type Session } from "./session.ts";
import { imageConfig, type StageState, withSettings } from "./state.ts";
import { checkTag } from "./tags.ts";
import type { Annotation, BuildResult, Output, WrittenOutput } from "./types.ts";

type Finished = Omit<BuildResult, "warnings">;

interface Finishing {
  readonly session: Session;
  readonly state: StageState;
  readonly config: ImageConfig;
  readonly imageId: Digest;
  readonly names: readonly string[];
}

/** Makes the built stage into all that was asked for, puts it where it was asked for, and names it. */
export async function finish(session: Session, built: StageState): Promise<Finished> {
  const { labels = {}, tags = [] } = session.options;
  const hasLabels = Object.keys(labels).length > 0;
  const state = hasLabels ? withSettings(built, { Labels: { ...built.settings.Labels, ...labels } }) : built;
  const created = `${new Date(session.epoch.seconds * 1000).toISOString().slice(0, 19)}Z`;
  const config = imageConfig(state, created);
  const imageId = digestOf(encodeImageConfig(config));
  const names = await Promise.all(tags.map(checkTag));
  const outputs = requestedOutputs(session.options);
  const input: Finishing = { session, state, config, imageId, names };
  // What names stand for: a file that can be run.
  const main = outputs.find(isComponent) ?? outputs[0];
  let result = await write(input, main, "export");
  const written = new Map<Output, WrittenOutput>([[main, result]]);
  for (const [index, output] of outputs.entries()) {
    if (output !== main) written.set(output, await write(input, output, `export-${index}`));
  }
  if (isComponent(main)) {
    const { digest, size } = result;
    for (const name of names) await nameResult(session.store, { name, digest, size, format: main.kind });
    result = { ...result, file: result.file ?? session.store.blobPath(digest) };
  }
  const { kind: format, digest, size, file } = result;
  return {
    digest,
    format,
    size,
    file,
    outputs: outputs.flatMap((output) => written.get(output) ?? []),
    imageId,
    names,
    runtime: state.runtime,
  };
}

type ComponentOutput = Extract<Output, { readonly kind: "component" | "module" }>;

const isComponent = (output: Output): output is ComponentOutput =>
  output.kind === "component" || output.kind === "module";

async function write(input: Finishing, output: Output, stepId: string): Promise<WrittenOutput> {
  if (!isComponent(output)) return writeImage(input, output, stepId);
  const { session } = input;
  const annotations = annotationsOf(session.options.annotations, "manifest");
  const { digest, size, warnings } = await bundleImage({ ...input, annotations }, output.kind, stepId);
  for (const message of warnings) session.warn({ code: "COMPONENT", message });
  if (output.destination !== undefined) await placeComponent(session.store, digest, output.destination);
  return { kind: output.kind, digest, size, file: fileOf(output) };
}

const stepNames = {
  local: "exporting to client directory",
  tar: "exporting to client tarball",
  oci: "exporting to oci image layout",
  docker: "exporting to docker image format",
} as const;

async function writeImage(
  input: Finishing,
  output: Exclude<Output, ComponentOutput>,
  stepId: string,
): Promise<WrittenOutput> {
  const step = { id: stepId, name: stepNames[output.kind] };
  return reportStep(input.session, step, async (start) => {
    start();
    return { value: { file: fileOf(output), ...(await writeFiles(input, output)) }, cached: false };
  });
}

async function writeFiles(
  { session, state, config, imageId, names }: Finishing,
  output: Exclude<Output, ComponentOutput>,
): Promise<Omit<WrittenOutput, "file">> {
  const { kind } = output;
  if (kind === "local") {
    const { exportLocal } = await import("./export/local.ts");
    const snapshot = await session.layers.snapshot(state.layers);
    // A directory has no digest of its own; the image's says what is in it.
    return { kind, digest: imageId, ...(await exportLocal(session, snapshot, output.destination.path)) };
  }
  if (kind === "tar") {
    const { exportTar } = await import("./export/tar.ts");
    const snapshot = await session.layers.snapshot(state.layers);
    return { kind, ...(await exportTar(session, snapshot, output.destination)) };
  }
  const { exportImage } = await import("./export/archive.ts");
  const layers: Layer[] = [];
  for (const layer of state.layers) layers.push(await session.layers.load(layer));
  const { annotations = [] } = session.options;
  const own = output.annotations ?? [];
  const input = {
    session,
    config,
    layers,
    names: output.names === undefined ? names : await Promise.all(output.names.map(checkTag)),
    annotations: {
      ...annotationsOf([...annotations, ...own], "manifest"),
      ...inlineCache(session, state),
    },
    descriptorAnnotations: annotationsOf([...annotations, ...own], "manifest-descriptor"),
  };
  const { digest, size, mediaType, manifestSize } = await exportImage(input, output);
  return { kind, digest, size, descriptor: { mediaType, digest, size: manifestSize } };
}

/** Sorted, so that the order of flags does not matter; the last of one name counts. */
function annotationsOf(
  annotations: readonly Annotation[] = [],
  level: Annotation["level"],
): Readonly<Record<string, string>> {
  const found = new Map(
    annotations.flatMap((each) => (each.level === level ? [[each.key, each.value] as const] : [])),
  );
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fileOf({ destination }: Output): string | undefined {
  return destination === undefined || destination.kind === "stream"
    ? undefined
    : path.resolve(destination.path);
}
