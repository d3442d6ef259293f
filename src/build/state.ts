import { createHash } from "node:crypto";
import type { Digest } from "../filesystem/types.ts";
import type { History, ImageConfig, ImageSettings } from "../image/types.ts";

/** A layer by name; its changes are loaded only when a step must really be executed. */
export interface LayerReference {
  readonly diffId: Digest;
  readonly size: number;
}

export interface DeclaredArgument {
  readonly name: string;
  readonly value: string | undefined;
}

/** Where a stage has got to. Immutable: every instruction makes the next one. */
export interface StageState {
  readonly settings: ImageSettings;
  readonly author: string | undefined;
  readonly architecture: string;
  readonly os: string;
  readonly variant: string | undefined;
  readonly history: readonly History[];
  readonly layers: readonly LayerReference[];
  /** What expansion and RUN see: ENV and ARG, the later definition wins. */
  readonly variables: ReadonlyMap<string, string>;
  /** ARGs in the order of their declaration, with their values where they had one. */
  readonly declared: readonly DeclaredArgument[];
  readonly runtime: string | undefined;
  /** What FROM came to, for messages. */
  readonly base: string;
  /** CMD was set in this stage, so that a later ENTRYPOINT keeps it. */
  readonly commandSet: boolean;
}

/** Docker's, for images that set none. */
export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function scratchState(platform: {
  os: string;
  architecture: string;
  variant?: string | undefined;
}): StageState {
  return {
    settings: { Env: [`PATH=${defaultPath}`], WorkingDir: "/" },
    author: undefined,
    architecture: platform.architecture,
    os: platform.os,
    variant: platform.variant,
    history: [],
    layers: [],
    variables: new Map([["PATH", defaultPath]]),
    declared: [],
    runtime: undefined,
    base: "scratch",
    commandSet: false,
  };
}

export function withSettings(state: StageState, change: Partial<ImageSettings>): StageState {
  return { ...state, settings: { ...state.settings, ...change } };
}

/** The state after an instruction that made `layer`, or none. */
export function committed(state: StageState, createdBy: string, layer?: LayerReference): StageState {
  const history: History =
    layer === undefined ? { created_by: createdBy, empty_layer: true } : { created_by: createdBy };
  return {
    ...state,
    history: [...state.history, history],
    layers: layer === undefined ? state.layers : [...state.layers, layer],
  };
}

/** `KEY=value` entries with one variable set: in place where it is there, else at the end. */
export function setEntry(entries: readonly string[], key: string, value: string): readonly string[] {
  const at = entries.findIndex((entry) => entry.startsWith(`${key}=`) || entry === key);
  return at === -1 ? [...entries, `${key}=${value}`] : entries.with(at, `${key}=${value}`);
}

/** The variables of an image's configuration; the first of two entries of one name counts. */
export function variablesOf(entries: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    const key = equals === -1 ? entry : entry.slice(0, equals);
    if (!variables.has(key)) variables.set(key, equals === -1 ? "" : entry.slice(equals + 1));
  }
  return variables;
}

/** The state as an OCI image configuration; `created` is the build's time. */
export function imageConfig(state: StageState, created: string): ImageConfig {
  return {
    created,
    ...(state.author === undefined ? {} : { author: state.author }),
    architecture: state.architecture,
    os: state.os,
    ...(state.variant === undefined || state.variant === "" ? {} : { variant: state.variant }),
    config: state.settings,
    rootfs: { type: "layers", diff_ids: state.layers.map((layer) => layer.diffId) },
    history: state.history.map((entry) => ({ created, ...entry })),
  };
}

/** Names a file tree by its layers. */
export const treeKey = (layers: readonly LayerReference[]): string =>
  layers.map((layer) => layer.diffId).join(",");

/** A cache key: the digest of a JSON value. Objects must be built with their keys in a fixed order. */
export const keyOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex");

export const digestOfText = (text: string): Digest =>
  `sha256:${createHash("sha256").update(text).digest("hex")}`;
