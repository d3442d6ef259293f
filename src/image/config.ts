import { imageInvalidConfig } from "../errors/image.ts";
import { isDigest } from "../store/index.ts";
import { compact, Fields, parseJson, sortedRecord } from "./json.ts";
import type { History, ImageConfig, ImageSettings } from "./types.ts";

/** As many layers as overlay file systems stack, several times over. */
const maximumLayers = 1024;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Empty = Record<string, never>;

/**
 * Reads an image configuration (image-spec, config.md; Docker's extensions). Fields that Boxwright does not know
 * are left out. Throws IMAGE_INVALID_CONFIG.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const root = new Fields(parseJson(bytes, imageInvalidConfig), "config", imageInvalidConfig);
  const rootfs = root.required("rootfs", root.fields("rootfs"));
  if (rootfs.text("type") !== "layers") throw imageInvalidConfig("rootfs.type is not `layers`");
  const diffIds = rootfs.list("diff_ids");
  if (diffIds.length > maximumLayers) throw imageInvalidConfig(`it has more than ${maximumLayers} layers`);
  if (!diffIds.every(isDigest)) throw imageInvalidConfig("rootfs.diff_ids has something that is no digest");
  return {
    ...compact<Pick<ImageConfig, "created" | "author" | "variant">>({
      created: root.text("created"),
      author: root.text("author"),
      variant: root.text("variant"),
    }),
    architecture: root.required("architecture", root.text("architecture")),
    os: root.required("os", root.text("os")),
    config: parseSettings(root.fields("config")),
    rootfs: { type: "layers", diff_ids: diffIds },
    history: root.list("history").map(parseHistory),
  };
}

function parseSettings(fields: Fields | undefined): ImageSettings {
  if (fields === undefined) return {};
  return compact<Mutable<ImageSettings>>({
    User: fields.text("User"),
    ExposedPorts: set(fields.fields("ExposedPorts")),
    Env: fields.texts("Env"),
    Entrypoint: fields.texts("Entrypoint"),
    Cmd: fields.texts("Cmd"),
    Volumes: set(fields.fields("Volumes")),
    WorkingDir: fields.text("WorkingDir"),
    Labels: labels(fields.fields("Labels")),
    StopSignal: fields.text("StopSignal"),
    Shell: fields.texts("Shell"),
    Healthcheck: healthcheck(fields.fields("Healthcheck")),
    OnBuild: fields.texts("OnBuild"),
    ArgsEscaped: fields.flag("ArgsEscaped"),
  });
}

function set(fields: Fields | undefined): Record<string, Empty> | undefined {
  return fields && Object.fromEntries(fields.keys().map((key) => [key, {}]));
}

function labels(fields: Fields | undefined): Record<string, string> | undefined {
  return fields && Object.fromEntries(fields.keys().map((key) => [key, fields.text(key) ?? ""]));
}

function healthcheck(fields: Fields | undefined): ImageSettings["Healthcheck"] {
  return (
    fields &&
    compact<NonNullable<ImageSettings["Healthcheck"]>>({
      Test: fields.texts("Test"),
      Interval: fields.integer("Interval"),
      Timeout: fields.integer("Timeout"),
      StartPeriod: fields.integer("StartPeriod"),
      StartInterval: fields.integer("StartInterval"),
      Retries: fields.integer("Retries"),
    })
  );
}

function parseHistory(value: unknown): History {
  const fields = new Fields(value, "history", imageInvalidConfig);
  return compact<History>({
    created: fields.text("created"),
    created_by: fields.text("created_by"),
    comment: fields.text("comment"),
    author: fields.text("author"),
    empty_layer: fields.flag("empty_layer"),
  });
}

/** The configuration's bytes: always the same for the same configuration, whatever the order of its keys. */
export function encodeImageConfig(image: ImageConfig): Uint8Array {
  const { created, author, architecture, os, variant, config, rootfs, history } = image;
  const { ExposedPorts, Volumes, Labels, ...rest } = config;
  const settings = {
    ...rest,
    ...(ExposedPorts && { ExposedPorts: sortedRecord(ExposedPorts) }),
    ...(Volumes && { Volumes: sortedRecord(Volumes) }),
    ...(Labels && { Labels: sortedRecord(Labels) }),
  };
  const document = {
    created,
    author,
    architecture,
    os,
    variant,
    config: sortedRecord(settings),
    rootfs: { type: rootfs.type, diff_ids: rootfs.diff_ids },
    history: history.map(({ created, created_by, comment, author, empty_layer }) => ({
      created,
      created_by,
      comment,
      author,
      empty_layer,
    })),
  };
  return new TextEncoder().encode(JSON.stringify(document));
}
