import { createReadStream } from "node:fs";
import type { Platform } from "../dockerfile/index.ts";
import { baseNeedsImage, contextKindUnknown } from "../errors/build.ts";
import { runtimeDamaged } from "../errors/runtimes.ts";
import { readLayer } from "../filesystem/index.ts";
import type { Image } from "../image/types.ts";
import { findRuntime, type Runtime, runtimeFile } from "../runtimes/index.ts";
import type { Store } from "../store/index.ts";
import type { Layers } from "./layers.ts";
import type { SourceReference } from "./references.ts";
import { withoutCredentials } from "./remote/access.ts";
import {
  defaultPath,
  type LayerReference,
  type StageState,
  scratchState,
  setEntry,
  variablesOf,
} from "./state.ts";
import type { BuildOptions, Warning } from "./types.ts";

export interface BaseResolver {
  readonly options: BuildOptions;
  readonly store: Store;
  readonly layers: Layers;
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
}

/** The state that a stage begins with on `scratch`, an image, or an image in a named context. */
export async function resolveImage(
  resolver: BaseResolver,
  reference: Exclude<SourceReference, { kind: "stage" }>,
  platform: Platform,
): Promise<StageState> {
  switch (reference.kind) {
    case "scratch":
      return scratchState(platform);
    case "named-context":
      return fromNamedContext(resolver, reference, platform);
    case "image": {
      const match = resolver.options.base === "registry" ? undefined : await findRuntime(reference.reference);
      if (match === undefined) return fromRegistry(resolver, reference.reference, platform);
      if (match.match === "substitute") {
        resolver.warn(substituted(reference.reference, match.runtime));
      }
      return fromRuntime(resolver, reference.reference, match.runtime, platform);
    }
  }
}

function substituted(reference: string, { manifest }: Runtime): Warning {
  return {
    code: "BASE_SUBSTITUTED",
    message: `${reference} is built on ${manifest.name} ${manifest.version}, the version that Boxwright has; the image asks for another`,
  };
}

async function fromRuntime(
  resolver: BaseResolver,
  reference: string,
  runtime: Runtime,
  platform: Platform,
): Promise<StageState> {
  const { base, name, version } = runtime.manifest;
  const layer: LayerReference = { diffId: base.diffId, size: base.size };
  if (!(await resolver.layers.has(layer))) {
    const file = runtimeFile(runtime, base.file);
    const read = await readLayer(createReadStream(file), resolver.store, { signal: resolver.signal });
    if (read.diffId !== base.diffId) throw runtimeDamaged(file, "it is not the one that its manifest names");
    await resolver.layers.save(read);
  }
  const state = withEnvironment(scratchState(platform), base.settings);
  return {
    ...state,
    history: [{ created_by: `FROM ${name} ${version} # boxwright` }],
    layers: [layer],
    runtime: name,
    base: reference,
  };
}

async function fromNamedContext(
  resolver: BaseResolver,
  { name, value }: { readonly name: string; readonly value: string },
  platform: Platform,
): Promise<StageState> {
  if (value.startsWith("docker-image://")) {
    const reference = value.slice("docker-image://".length);
    return resolveImage(resolver, { kind: "image", reference }, platform);
  }
  if (!value.startsWith("oci-layout://")) {
    if (isFiles(value)) throw baseNeedsImage(name);
    throw contextKindUnknown(name, withoutCredentials(value));
  }
  const { directory, reference } = parseLayout(value.slice("oci-layout://".length));
  const { readOciLayout } = await import("../image/index.ts");
  const { image } = await readOciLayout(directory, {
    store: resolver.store,
    signal: resolver.signal,
    platform,
    ...(reference === undefined ? {} : { reference }),
  });
  return fromImage(resolver, image, value);
}

/** Whether a named context is a directory, a repository or a file, not an image. */
export const isFiles = (value: string): boolean =>
  !/^[a-z-]+:\/\//i.test(value) || /^(?:https?|git|ssh|file):\/\//i.test(value);

/** `DIR`, `DIR:TAG` or `DIR@DIGEST`. */
export function parseLayout(text: string): {
  readonly directory: string;
  readonly reference: string | undefined;
} {
  const parsed = /^(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]{0,127}))?$/.exec(text);
  return { directory: parsed?.[1] ?? text, reference: parsed?.[2] ?? parsed?.[3] };
}

async function fromRegistry(resolver: BaseResolver, name: string, platform: Platform): Promise<StageState> {
  const [{ parseReference, pullImage }, { importImage }] = await Promise.all([
    import("../registry/index.ts"),
    import("../image/index.ts"),
  ]);
  const { store, signal } = resolver;
  const { image } = await pullImage(parseReference(name), {
    platform,
    store,
    signal,
    importImage: (source) => importImage(source, { store, signal }),
  });
  return fromImage(resolver, image, name);
}

async function fromImage(resolver: BaseResolver, image: Image, base: string): Promise<StageState> {
  const layers: LayerReference[] = [];
  for (const layer of image.layers) layers.push(await resolver.layers.save(layer));
  const { config } = image;
  const { architecture, os, variant } = config;
  return {
    ...withEnvironment(scratchState({ os, architecture, variant }), config.config),
    author: config.author,
    history: config.history,
    layers,
    base,
  };
}

/** An image's settings, with a PATH in any case. */
function withEnvironment(state: StageState, settings: StageState["settings"]): StageState {
  const variables = variablesOf(settings.Env ?? []);
  const entries = variables.has("PATH")
    ? (settings.Env ?? [])
    : setEntry(settings.Env ?? [], "PATH", defaultPath);
  return { ...state, settings: { ...settings, Env: entries }, variables: variablesOf(entries) };
}
