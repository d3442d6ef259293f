import type { RuntimeManifest } from "../component/types.ts";
import { runtimeDamaged } from "../errors/runtimes.ts";

/** Far more than any manifest has: two templates take about 3 KiB. */
const SIZE_LIMIT = 1024 * 1024;

/** A check of one value: returns the first problem, with the path of the value it is about. */
type Check = (value: unknown, path: string) => string | undefined;

const text: Check = (value, path) => {
  return typeof value === "string" && value !== "" ? undefined : `${path} is not a text`;
};
const matching =
  (pattern: RegExp, what: string): Check =>
  (value, path) =>
    typeof value === "string" && pattern.test(value) ? undefined : `${path} is not ${what}`;
const count: Check = (value, path) => {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : `${path} is not a count`;
};
const listOf =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return `${path} is not a list`;
    return firstProblem(value.map((element, index) => check(element, `${path}[${index}]`)));
  };
const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (!isObject(value)) return `${path} is not an object`;
    return firstProblem(Object.entries(checks).map(([key, check]) => check(value[key], `${path}.${key}`)));
  };
const mapOf =
  (check: Check): Check =>
  (value, path) => {
    if (!isObject(value)) return `${path} is not an object`;
    return firstProblem(Object.entries(value).map(([key, element]) => check(element, `${path}.${key}`)));
  };
const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

const digest = matching(/^sha256:[0-9a-f]{64}$/, "a sha256 digest");
const absolutePath = matching(/^\/[^\0]+$/, "an absolute path");
/** A plain name: the file lies beside the manifest. */
const fileName = matching(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, "a file name");
const regularExpression: Check = (value, path) => {
  if (typeof value !== "string") return `${path} is not a text`;
  try {
    new RegExp(`^(?:${value})$`);
    return undefined;
  } catch {
    return `${path} is not a regular expression`;
  }
};

const segment = record({ sizeOffset: count, dataOffset: count, size: count });

const template = record({
  file: fileName,
  sha256: digest,
  format: matching(/^(?:component|module)$/, "component or module"),
  port: matching(/^wasip[12]$/, "wasip1 or wasip2"),
  rom: segment,
  index: segment,
  enclosing: listOf(record({ sizeOffset: count, sizeLength: count, size: count })),
  imports: listOf(text),
  exports: listOf(text),
});

const settings = record({
  Env: optional(listOf(matching(/^[^=\0]+=[^\0]*$/, "NAME=value"))),
  Cmd: optional(listOf(text)),
  Entrypoint: optional(listOf(text)),
  WorkingDir: optional(text),
  User: optional(text),
});

const manifestCheck = record({
  name: text,
  version: text,
  license: text,
  kernelVersion: text,
  claims: listOf(
    record({
      repository: text,
      tag: regularExpression,
      match: matching(/^(?:exact|substitute)$/, "exact or substitute"),
    }),
  ),
  guestPaths: listOf(absolutePath),
  envPaths: listOf(absolutePath),
  base: record({ file: fileName, diffId: digest, size: count, settings }),
  guest: record({ file: fileName, sha256: digest, functions: mapOf(text) }),
  templates: listOf(template),
});

/** Reads a manifest's JSON. Throws RUNTIME_DAMAGED, naming `file` and the field. */
export function parseManifest(json: string, file: string): RuntimeManifest {
  if (json.length > SIZE_LIMIT) throw runtimeDamaged(file, "is too large");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw runtimeDamaged(file, "is not JSON", cause);
  }
  const problem = manifestCheck(value, "manifest");
  if (problem !== undefined) throw runtimeDamaged(file, problem);
  return value as RuntimeManifest;
}

function firstProblem(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
