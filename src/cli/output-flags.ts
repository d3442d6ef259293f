/** `--output` and `--annotation`, with the fields of buildx. */
import { statSync } from "node:fs";
import type { Annotation, ImageOutput, Output, OutputSink } from "../build/index.ts";
import { usageError } from "../errors/cli.ts";

type ShortFormat = "component" | "module" | "oci";

/** Throws USAGE. `format` is that of --format, for outputs that are only a path. */
export async function readOutputFlags(
  values: readonly string[],
  format: ShortFormat | undefined,
): Promise<readonly Output[]> {
  const { parseCsv } = await import("../dockerfile/index.ts");
  const outputs = values.map((value) => {
    if (value === "") throw usageError("--output is empty", shortHint);
    const fields = isFields(value) ? parseCsv(value) : undefined;
    return fields === undefined ? shortOutput(value, format) : typedOutput(value, fields, format);
  });
  if (outputs.filter(({ destination }) => destination?.kind === "stream").length > 1)
    throw usageError("two outputs go to standard output", "give one of them a dest=");
  if (process.stdout.isTTY && outputs.some(({ destination }) => destination?.kind === "stream"))
    throw usageError("the output would go to the terminal", "redirect standard output, or name a dest=FILE");
  return outputs;
}

const shortHint = "FILE.wasm, DIRECTORY, - or type=component|module|oci|docker|tar|local,dest=PATH";

/** As in buildx: one field without `=` is a path. */
const isFields = (value: string): boolean => /^"?[a-z-]+=/.test(value) || value.includes(",");

function shortOutput(path: string, format: ShortFormat | undefined): Output {
  if (path === "-") {
    const destination = sinkAt("-");
    return format === "oci"
      ? { kind: "oci", destination }
      : format === undefined
        ? { kind: "tar", destination }
        : { kind: format, destination };
  }
  if (format === "oci") return { kind: "oci", destination: { kind: "directory", path } };
  const isDirectory = path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (format !== undefined) {
    if (isDirectory)
      throw usageError(`-o ${path} is a directory, and a ${format} is one file`, "-o FILE.wasm");
    return { kind: format, destination: { kind: "file", path } };
  }
  // Docker's meaning of a path, but for the name that only a component has.
  return path.endsWith(".wasm") && !isDirectory
    ? { kind: "component", destination: { kind: "file", path } }
    : { kind: "local", destination: { kind: "directory", path } };
}

function typedOutput(value: string, parts: readonly string[], format: ShortFormat | undefined): Output {
  const fields = new Fields(value, parts);
  const type = fields.take("type");
  if (format !== undefined)
    throw fields.fail(`--format ${format} says what -o PATH writes; here type= does`, "leave --format out");
  const output = outputOf(fields, type);
  fields.end();
  return output;
}

function outputOf(fields: Fields, type: string | undefined): Output {
  switch (type) {
    case "component":
    case "module": {
      const dest = fields.take("dest");
      return dest === undefined ? { kind: type } : { kind: type, destination: sinkAt(dest) };
    }
    case "local":
      return { kind: "local", destination: { kind: "directory", path: fields.required("dest") } };
    case "tar":
      return { kind: "tar", destination: sinkAt(fields.take("dest") ?? "-") };
    case "oci": {
      const isTar = fields.flag("tar") ?? true;
      const image = imageFields(fields);
      return isTar
        ? { kind: "oci", destination: sinkAt(fields.take("dest") ?? "-"), ...image }
        : { kind: "oci", destination: { kind: "directory", path: fields.required("dest") }, ...image };
    }
    case "docker": {
      const image = imageFields(fields);
      const dest = fields.take("dest");
      if (dest === undefined)
        throw fields.fail("there is no daemon to load it into", "dest=FILE.tar, or dest=- | docker load");
      return { kind: "docker", destination: sinkAt(dest), ...image };
    }
    case "image":
    case "registry":
      throw fields.fail(
        `type=${type} is not implemented`,
        "-t names the result, and `boxwright push` uploads it; type=oci for skopeo and others",
      );
    case "cacheonly":
      throw fields.fail(
        "type=cacheonly is not implemented",
        "without -o the result stays in the local store",
      );
    case undefined:
      throw fields.fail("it has no type", shortHint);
    default:
      throw fields.fail(`unknown type ${JSON.stringify(type)}`, shortHint);
  }
}

function imageFields(fields: Fields): Omit<ImageOutput, "kind" | "destination"> {
  const compression = fields.take("compression");
  const names = fields.take("name");
  const annotations = fields.annotations();
  // What tools expect who set it; it is so in any case.
  if (fields.flag("oci-mediatypes") === false) throw fields.fail("oci-mediatypes is always true");
  return {
    ...(compression === undefined ? {} : { compression: compressionOf(fields, compression) }),
    ...(names === undefined ? {} : { names: names.split(",") }),
    ...(annotations.length === 0 ? {} : { annotations }),
  };
}

function compressionOf(fields: Fields, name: string): "none" | "gzip" | "zstd" {
  if (name === "uncompressed") return "none";
  if (name === "gzip" || name === "zstd") return name;
  throw fields.fail(`compression is gzip, zstd or uncompressed, not ${JSON.stringify(name)}`);
}

const sinkAt = (dest: string): OutputSink =>
  dest === "-" ? { kind: "stream", stream: process.stdout } : { kind: "file", path: dest };

class Fields {
  readonly #value: string;
  readonly #fields = new Map<string, string>();

  constructor(value: string, parts: readonly string[]) {
    this.#value = value;
    for (const part of parts) {
      const equals = part.indexOf("=");
      if (equals < 1) throw this.fail(`${JSON.stringify(part)} has no value`, shortHint);
      const name = part.slice(0, equals).trim();
      if (this.#fields.has(name)) throw this.fail(`${name} is given twice`);
      this.#fields.set(name, part.slice(equals + 1));
    }
  }

  take(name: string): string | undefined {
    const value = this.#fields.get(name);
    this.#fields.delete(name);
    return value;
  }

  required(name: string): string {
    const value = this.take(name);
    if (value === undefined || value === "" || value === "-") throw this.fail(`it needs ${name}=DIRECTORY`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    throw this.fail(`${name} is true or false, not ${JSON.stringify(value)}`);
  }

  /** `annotation.KEY=VALUE`, `annotation-manifest.KEY=VALUE`, … */
  annotations(): readonly Annotation[] {
    const found: Annotation[] = [];
    for (const [name, value] of [...this.#fields]) {
      const parsed = /^annotation(?:-([a-z-]+))?(?:\[[^\]]*\])?\.(.+)$/s.exec(name);
      if (parsed === null) continue;
      this.#fields.delete(name);
      const [, level = "manifest", key = ""] = parsed;
      found.push({ level: annotationLevel(level, name), key, value });
    }
    return found;
  }

  end(): void {
    const [unknown] = this.#fields.keys();
    if (unknown !== undefined) throw this.fail(`unknown field ${JSON.stringify(unknown)}`);
  }

  fail(why: string, hint?: string) {
    return usageError(`--output ${JSON.stringify(this.#value)}: ${why}`, hint);
  }
}

/** `[LEVEL[,LEVEL]:]KEY=VALUE`; a level may name a platform in brackets. Throws USAGE. */
export function readAnnotationFlag(text: string): readonly Annotation[] {
  const equals = text.indexOf("=");
  const colon = text.indexOf(":");
  const hasLevels = colon !== -1 && colon < equals;
  const key = text.slice(hasLevels ? colon + 1 : 0, Math.max(equals, 0));
  if (key === "") throw usageError(`--annotation takes [LEVEL:]KEY=VALUE, not ${JSON.stringify(text)}`);
  const levels = hasLevels ? text.slice(0, colon).split(",") : ["manifest"];
  const value = text.slice(equals + 1);
  return levels.map((level) => ({ level: annotationLevel(level.replace(/\[.*\]$/, ""), text), key, value }));
}

function annotationLevel(level: string, text: string): Annotation["level"] {
  if (level === "manifest" || level === "manifest-descriptor") return level;
  if (level === "index" || level === "index-descriptor")
    throw usageError(
      `annotation ${JSON.stringify(text)}: a result for one platform has no image index`,
      "use manifest or manifest-descriptor",
    );
  throw usageError(
    `annotation ${JSON.stringify(text)}: unknown level ${JSON.stringify(level)}`,
    "manifest or manifest-descriptor, before a colon",
  );
}
