/** `RUN --mount`: comma-separated options of one mount. */
import { invalidMount } from "../errors/dockerfile.ts";
import type { SourceRange } from "../errors/index.ts";
import { parseCsv } from "./csv.ts";
import { located } from "./located.ts";
import { suggest } from "./suggest.ts";
import type { Mount } from "./types.ts";
import { parseBoolean, parseSize, parseUnsigned } from "./values/numbers.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Draft extends Omit<Writable<Mount>, "readOnly" | "sharing" | "text" | "range"> {
  readOnly: boolean | undefined;
  sharing: Mount["sharing"] | undefined;
}

const TYPES: readonly Mount["type"][] = ["bind", "cache", "tmpfs", "secret", "ssh"];
const SHARING: readonly NonNullable<Draft["sharing"]>[] = ["shared", "private", "locked"];
const KEYS = (
  "type from source target readonly id sharing required size mode uid gid " +
  "src dst destination ro rw readwrite env"
).split(" ");

/**
 * Reads a mount before expansion: text stays as it is written, and an option other than text whose value has
 * a variable counts as not given. Throws INVALID_MOUNT or INVALID_CSV.
 */
export function parseMount(text: string, range: SourceRange): Mount {
  return readMount(text, range, (value) => (value.includes("$") ? undefined : value));
}

/** The mount with its variables resolved by `expand`, each value for itself. `from` takes none. */
export function expandMount(mount: Mount, expand: (value: string) => string): Mount {
  return readMount(mount.text, mount.range, expand, expand);
}

function readMount(
  text: string,
  range: SourceRange,
  resolve: (value: string) => string | undefined,
  resolveText: (value: string) => string = (value) => value,
): Mount {
  return located(
    () => range,
    () => {
      const draft: Draft = {
        type: "bind",
        target: undefined,
        source: undefined,
        from: undefined,
        id: undefined,
        readOnly: undefined,
        required: false,
        sharing: undefined,
        mode: undefined,
        uid: undefined,
        gid: undefined,
        sizeLimit: undefined,
        environmentVariable: undefined,
      };
      const fields = parseCsv(text);
      for (const field of fields) readField(draft, field, resolve, resolveText);
      // Of a type that is not known yet nothing can be checked.
      const known = fields.every((field) => !/^type=.*\$/i.test(field));
      if (known) check(draft);
      return complete(draft, text, range);
    },
  );
}

function readField(
  draft: Draft,
  field: string,
  resolve: (value: string) => string | undefined,
  resolveText: (value: string) => string,
): void {
  const equals = field.indexOf("=");
  const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
  if (equals === -1) {
    readSwitch(draft, key, field);
    return;
  }
  const written = field.slice(equals + 1);
  if (!KEYS.includes(key)) {
    const near = suggest(key, KEYS);
    throw invalidMount(
      `unexpected key '${key}' in '${field}'${near === undefined ? "" : ` (did you mean ${near}?)`}`,
    );
  }
  if (readText(draft, key, written, resolveText)) return;
  const value = resolve(written);
  if (value !== undefined) readTyped(draft, key, value);
}

function readSwitch(draft: Draft, key: string, field: string): void {
  switch (key) {
    case "readonly":
    case "ro":
      draft.readOnly = true;
      return;
    case "readwrite":
    case "rw":
      draft.readOnly = false;
      return;
    case "required":
      setRequired(draft, key, true);
      return;
    default:
      throw invalidMount(`invalid field '${field}' must be a key=value pair`);
  }
}

function readText(draft: Draft, key: string, value: string, resolve: (value: string) => string): boolean {
  switch (key) {
    case "from": {
      const dollar = value.indexOf("$");
      if (dollar !== -1 && dollar !== value.length - 1) {
        throw invalidMount("'from' doesn't support variable expansion, define alias stage instead");
      }
      draft.from = resolve(value);
      return true;
    }
    case "source":
    case "src":
      draft.source = resolve(value);
      return true;
    case "target":
    case "dst":
    case "destination":
      draft.target = resolve(value);
      return true;
    case "id":
      draft.id = resolve(value);
      return true;
    case "env":
      draft.environmentVariable = resolve(value);
      return true;
    default:
      return false;
  }
}

function readTyped(draft: Draft, key: string, value: string): void {
  const invalid = () => invalidMount(`invalid value for ${key}: ${value}`);
  const truth = () => {
    const parsed = parseBoolean(value);
    if (parsed === undefined) throw invalid();
    return parsed;
  };
  const number = (base: 8 | 10) => {
    const parsed = parseUnsigned(value, base);
    if (parsed === undefined) throw invalidMount(`invalid value ${value} for ${key}`);
    return parsed;
  };
  switch (key) {
    case "type":
      draft.type = oneOf(TYPES, value, "unsupported mount type");
      return;
    case "sharing":
      draft.sharing = oneOf(SHARING, value, "unsupported sharing value");
      return;
    case "readonly":
    case "ro":
      draft.readOnly = truth();
      return;
    case "readwrite":
    case "rw":
      draft.readOnly = !truth();
      return;
    case "required":
      setRequired(draft, key, truth());
      return;
    case "size":
      if (draft.type !== "tmpfs") throw unexpected(draft, key);
      draft.sizeLimit = parseSize(value);
      if (draft.sizeLimit === undefined) throw invalid();
      return;
    case "mode":
      draft.mode = number(8);
      return;
    case "uid":
      draft.uid = number(10);
      return;
    case "gid":
      draft.gid = number(10);
      return;
  }
}

function setRequired(draft: Draft, key: string, value: boolean): void {
  if (draft.type !== "secret" && draft.type !== "ssh") throw unexpected(draft, key);
  draft.required = value;
}

const unexpected = (draft: Draft, key: string) =>
  invalidMount(`unexpected key '${key}' for mount type '${draft.type}'`, "write type= before it");

function oneOf<T extends string>(options: readonly T[], value: string, what: string): T {
  const found = options.find((option) => option === value.toLowerCase());
  if (found !== undefined) return found;
  const near = suggest(value, options);
  throw invalidMount(
    `${what} ${JSON.stringify(value)}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
    `there are: ${options.join(", ")}`,
  );
}

/** BuildKit's checks of options that do not go together. */
function check(draft: Draft): void {
  if (draft.type === "bind" || draft.type === "tmpfs") {
    for (const key of ["mode", "uid", "gid"] as const) {
      if (draft[key] !== undefined) throw invalidMount(`${key} not allowed for "${draft.type}" type mounts`);
    }
  }
  if (draft.type === "secret") {
    if (draft.from) throw invalidMount("secret mount should not have a from");
    if (draft.sharing !== undefined) throw invalidMount("secret mount should not define sharing");
    if (!draft.source && !draft.target && !draft.id) {
      throw invalidMount("invalid secret mount. one of source, target required", "write id=name");
    }
    if (draft.source && draft.id) throw invalidMount("both source and id can't be set");
  }
  if (draft.sharing !== undefined && draft.type !== "cache") {
    throw invalidMount(`invalid cache sharing set for ${draft.type} mount`);
  }
}

function complete(draft: Draft, text: string, range: SourceRange): Mount {
  return {
    ...draft,
    // Caches and tmpfs are there to be written to.
    readOnly: draft.readOnly ?? (draft.type !== "cache" && draft.type !== "tmpfs"),
    sharing: draft.sharing ?? "shared",
    id: draft.id || (draft.type === "secret" ? draft.source : undefined) || defaultId(draft),
    text,
    range,
  };
}

/** A cache is known by its cleaned target, a secret by the last part of it. */
function defaultId(draft: Draft): string | undefined {
  if (draft.target === undefined || draft.target.includes("$")) return undefined;
  if (draft.type === "cache") return cleanPath(draft.target);
  if (draft.type === "secret") return cleanPath(draft.target).split("/").at(-1);
  return undefined;
}

/** Go's path.Clean. */
function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push("..");
  }
  return (rooted ? "/" : "") + parts.join("/") || ".";
}
