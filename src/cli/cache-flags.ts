import type { CacheSource, CacheTarget } from "../build/index.ts";
import { usageError } from "../errors/cli.ts";
import { isDigest } from "../store/index.ts";

/** `--cache-from` and `--cache-to`: comma-separated fields as buildx has them, or just a reference. */

type Fields = Map<string, string>;

export async function readCacheFrom(values: readonly string[]): Promise<readonly CacheSource[]> {
  const sources: CacheSource[] = [];
  for (const value of values) sources.push(await cacheSource(value));
  return sources;
}

export async function readCacheTo(values: readonly string[]): Promise<readonly CacheTarget[]> {
  const targets: CacheTarget[] = [];
  for (const value of values) targets.push(await cacheTarget(value));
  return targets;
}

async function cacheSource(value: string): Promise<CacheSource> {
  const flag = new FieldReader("--cache-from", value, await readFields("--cache-from", value));
  const type = flag.take("type");
  switch (type) {
    case "local": {
      const [directory, tag, digest] = [flag.required("src"), flag.take("tag"), flag.take("digest")];
      if (digest !== undefined && !isDigest(digest)) throw flag.fail("its digest is not sha256:…");
      flag.end();
      return { kind: "local", directory, ...given({ tag, digest }) };
    }
    case "registry": {
      const [reference, plainHttp] = [await flag.reference(), flag.flag("registry.insecure")];
      flag.end();
      return { kind: "registry", reference, ...given({ plainHttp }) };
    }
    case "inline":
      throw flag.fail("an inline cache is imported by where its image is", "type=registry,ref=REF");
    default:
      throw flag.unknownType(type, "local or registry");
  }
}

async function cacheTarget(value: string): Promise<CacheTarget> {
  const flag = new FieldReader("--cache-to", value, await readFields("--cache-to", value));
  const type = flag.take("type");
  const mode = flag.take("mode") ?? "min";
  if (mode !== "min" && mode !== "max")
    throw flag.fail(`its mode is min or max, not ${JSON.stringify(mode)}`);
  const ignoreError = flag.flag("ignore-error");
  // What buildx's users set for registries that need it; it is so in any case.
  for (const name of ["oci-mediatypes", "image-manifest"])
    if (flag.flag(name) === false) throw flag.fail(`${name} is always true`);
  switch (type) {
    case "local": {
      const [directory, tag] = [flag.required("dest"), flag.take("tag")];
      flag.end();
      return { kind: "local", directory, mode, ...given({ tag, ignoreError }) };
    }
    case "registry": {
      const [reference, plainHttp] = [await flag.reference(), flag.flag("registry.insecure")];
      flag.end();
      return { kind: "registry", reference, mode, ...given({ plainHttp, ignoreError }) };
    }
    case "inline":
      flag.end();
      return { kind: "inline" };
    default:
      throw flag.unknownType(type, "local, registry or inline");
  }
}

async function readFields(flag: string, value: string): Promise<Fields> {
  const { parseCsv } = await import("../dockerfile/index.ts");
  let parts: readonly string[];
  try {
    parts = parseCsv(value);
  } catch (cause) {
    throw usageError(`${flag} ${JSON.stringify(value)}: ${(cause as Error).message}`);
  }
  // Docker's short form: a reference alone.
  if (parts.length === 1 && !value.includes("="))
    return new Map([
      ["type", "registry"],
      ["ref", value],
    ]);
  const fields: Fields = new Map();
  for (const part of parts) {
    const equals = part.indexOf("=");
    if (equals < 1)
      throw usageError(`${flag} ${JSON.stringify(value)}: ${JSON.stringify(part)} has no value`);
    fields.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1));
  }
  return fields;
}

class FieldReader {
  readonly #flag: string;
  readonly #value: string;
  readonly #fields: Fields;

  constructor(flag: string, value: string, fields: Fields) {
    this.#flag = flag;
    this.#value = value;
    this.#fields = fields;
  }

  fail(why: string, hint?: string): Error {
    return usageError(`${this.#flag} ${JSON.stringify(this.#value)}: ${why}`, hint);
  }

  unknownType(type: string | undefined, known: string): Error {
    if (type === undefined) return this.fail("it has no type", `type is ${known}`);
    return this.fail(`caches of type ${JSON.stringify(type)} are not supported`, `type is ${known}`);
  }

  take(name: string): string | undefined {
    const value = this.#fields.get(name);
    this.#fields.delete(name);
    return value;
  }

  required(name: string): string {
    const value = this.take(name);
    if (value === undefined || value === "") throw this.fail(`${name} is missing`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name);
    if (value === undefined || value === "true" || value === "false")
      return value === undefined ? undefined : value === "true";
    throw this.fail(`${name} is true or false, not ${JSON.stringify(value)}`);
  }

  /** A reference as Docker takes it. Throws REFERENCE_INVALID. */
  async reference(): Promise<string> {
    const { formatReference, parseReference } = await import("../registry/index.ts");
    return formatReference(parseReference(this.required("ref")));
  }

  end(): void {
    const [unknown] = this.#fields.keys();
    if (unknown !== undefined) throw this.fail(`unknown field ${JSON.stringify(unknown)}`);
  }
}

/** The object without its undefined fields. */
const given = <T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
