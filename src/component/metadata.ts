import { invalidMetadata } from "../errors/component.ts";
import { inspectWasm, readRange } from "./inspect-wasm.ts";
import type { ComponentMetadata } from "./types.ts";

export const METADATA_SECTION = "boxwright";

const METADATA_LIMIT = 16 * 1024 * 1024;

/** Canonical JSON: keys in the order of their code units, no spaces. */
export function encodeMetadata(metadata: ComponentMetadata): Uint8Array {
  return Buffer.from(JSON.stringify(sortKeys(metadata)), "utf8");
}

/**
 * The metadata of a file that Boxwright made; undefined for other .wasm files. The shape is checked as far
 * as `inspect` and `run` rely on it. Throws WASM_* and METADATA_INVALID.
 */
export function readMetadata(file: string, outline = inspectWasm(file)): ComponentMetadata | undefined {
  const section = outline.customSections.findLast(({ name }) => name === METADATA_SECTION);
  if (section === undefined) return undefined;
  if (section.size > METADATA_LIMIT) throw invalidMetadata(file, "it is too long");
  return parseMetadata(file, readRange(file, section));
}

function parseMetadata(file: string, bytes: Uint8Array): ComponentMetadata {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw invalidMetadata(file, "it is not JSON");
  }
  if (!isRecord(value)) throw invalidMetadata(file, "it is not an object");
  if (value["formatVersion"] !== 1) throw invalidMetadata(file, "its version is unknown");
  const fault = shapeFault(value);
  if (fault !== undefined) throw invalidMetadata(file, fault);
  return value as unknown as ComponentMetadata;
}

function shapeFault(value: Record<string, unknown>): string | undefined {
  const { boxwright, runtime, format, port, config, annotations, layers, rom, index } = value;
  if (typeof boxwright !== "string") return "boxwright is missing";
  if (!isRecord(runtime) || !["name", "version", "kernel"].every((key) => typeof runtime[key] === "string")) {
    return "runtime is damaged";
  }
  if (format !== "component" && format !== "module") return "format is damaged";
  if (port !== "wasip1" && port !== "wasip2") return "port is damaged";
  if (!isRecord(config) || !isRecord(config["config"])) return "config is damaged";
  if (annotations !== undefined && !isTextRecord(annotations)) return "annotations is damaged";
  if (!Array.isArray(layers) || !layers.every(isLayer)) return "layers is damaged";
  if (!isRecord(rom) || !["size", "files", "uniqueFiles"].every((key) => isCount(rom[key]))) {
    return "rom is damaged";
  }
  if (!isRecord(index) || !["size", "inodes"].every((key) => isCount(index[key]))) return "index is damaged";
  return undefined;
}

function isLayer(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value["diffId"] === "string" &&
    isCount(value["size"]) &&
    typeof value["createdBy"] === "string"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isTextRecord = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((each) => typeof each === "string");

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isRecord(value)) return value;
  const sorted = Object.keys(value)
    .sort()
    .map((key) => [key, sortKeys(value[key])] as const);
  return Object.fromEntries(sorted);
}
