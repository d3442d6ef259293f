import path from "node:path";
import type { OutputFormat } from "../component/types.ts";
import { noRuntimeForImage, outputNeeded } from "../errors/build.ts";
import type { Digest, Layer } from "../filesystem/types.ts";
import { encodeImageConfig } from "../image/index.ts";
import type { ImageConfig } from "../image/types.ts";
import { nameResult } from "../results/index.ts";
import { loadRuntime } from "../runtimes/index.ts";
import { digestOf, isDigest } from "../store/index.ts";
import { writeOutput } from "./output-file.ts";
import { reportStep, type Session } from "./session.ts";
import { imageConfig, keyOf, type StageState, withSettings } from "./state.ts";
import { checkTag } from "./tags.ts";
import type { BuildResult } from "./types.ts";
import { version } from "./version.ts";

const recordKind = "bundle";

type Finished = Omit<BuildResult, "warnings">;

/** Makes the built stage into what was asked for, puts it where it was asked for, and names it. */
export async function finish(session: Session, built: StageState): Promise<Finished> {
  const { labels = {}, format = "component" } = session.options;
  const hasLabels = Object.keys(labels).length > 0;
  const state = hasLabels ? withSettings(built, { Labels: { ...built.settings.Labels, ...labels } }) : built;
  const created = `${new Date(session.epoch.seconds * 1000).toISOString().slice(0, 19)}Z`;
  const config = imageConfig(state, created);
  const imageId = digestOf(encodeImageConfig(config));
  return format === "oci"
    ? exportLayout(session, state, config, imageId)
    : exportComponent(session, state, config, imageId, format);
}

async function exportComponent(
  session: Session,
  state: StageState,
  config: ImageConfig,
  imageId: Digest,
  format: OutputFormat,
): Promise<Finished> {
  if (state.runtime === undefined) throw noRuntimeForImage(state.base);
  const { store, options } = session;
  const { digest, size, warnings } = await findOrBundle(session, state, config, format);
  for (const message of warnings) session.warn({ code: "COMPONENT", message });
  const names = await Promise.all((options.tags ?? []).map(checkTag));
  for (const name of names) await nameResult(store, { name, digest, size, format });
  if (options.output !== undefined) await writeOutput(store, digest, options.output);
  const file = options.output === undefined ? store.blobPath(digest) : path.resolve(options.output);
  return { digest, format, size, file, imageId, names, runtime: state.runtime };
}

interface Bundled {
  readonly digest: Digest;
  readonly size: number;
  readonly warnings: readonly string[];
}

async function findOrBundle(
  session: Session,
  state: StageState,
  config: ImageConfig,
  format: OutputFormat,
): Promise<Bundled> {
  const { store } = session;
  const runtime = await loadRuntime(state.runtime ?? "");
  const templates = runtime.manifest.templates.map((template) => template.sha256);
  const key = keyOf([
    version,
    format,
    config,
    templates,
    runtime.manifest.guestPaths,
    runtime.manifest.envPaths,
  ]);
  const step = { id: "export", name: `exporting to ${format}` };
  return reportStep(session, step, async (start) => {
    const found =
      session.options.noCache === true ? undefined : parseBundled(await store.readRecord(recordKind, key));
    if (found !== undefined && (await store.hasBlob(found.digest))) return { value: found, cached: true };
    start();
    const { bundle } = await import("../component/index.ts");
    const { digest, size, warnings } = await bundle({
      snapshot: await session.layers.snapshot(state.layers),
      config,
      layers: state.layers,
      runtime: runtime.manifest,
      runtimeDirectory: runtime.directory,
      format,
      store,
      output: await store.createBlob(),
      version,
      signal: session.signal,
    });
    const made = { digest, size, warnings };
    await store.writeRecord(recordKind, key, made);
    return { value: made, cached: false };
  });
}

function parseBundled(record: unknown): Bundled | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const { digest, size, warnings } = record as Record<keyof Bundled, unknown>;
  if (!isDigest(digest) || typeof size !== "number" || !Array.isArray(warnings)) return undefined;
  return { digest, size, warnings: warnings.filter((each) => typeof each === "string") };
}

async function exportLayout(
  session: Session,
  state: StageState,
  config: ImageConfig,
  imageId: Digest,
): Promise<Finished> {
  const { output, tags = [] } = session.options;
  if (output === undefined) throw outputNeeded("oci");
  const names = await Promise.all(tags.map(checkTag));
  const { writeOciLayout } = await import("../image/index.ts");
  const layers: Layer[] = [];
  for (const layer of state.layers) layers.push(await session.layers.load(layer));
  const image = { config, layers, runtime: state.runtime };
  const refName = names[0]?.slice(names[0].lastIndexOf(":") + 1) ?? "latest";
  const directory = path.resolve(output);
  const { digest } = await reportStep(
    session,
    { id: "export", name: "exporting to oci image layout" },
    async (start) => {
      start();
      return {
        value: await writeOciLayout(image, directory, { store: session.store, refName }),
        cached: false,
      };
    },
  );
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  return { digest, format: "oci", size, file: directory, imageId, names, runtime: state.runtime };
}
