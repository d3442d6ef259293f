import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { storeReadFailed, storeWriteFailed } from "../errors/store.ts";
import { type HostFiles, replaceFile } from "./files.ts";

/** A layer with 100,000 changes is about 40 MB of JSON. */
const maximumBytes = 256 << 20;
const kindSyntax = /^[a-z][a-z0-9-]{0,63}$/;
const fileSyntax = /^[0-9a-f]{64}\.json$/;

interface RecordFile {
  readonly key: string;
  readonly value: unknown;
}

/** JSON documents: `records/<kind>/<sha256 of the key>.json`, each `{ key, value }`. */
export class Records {
  readonly #files: HostFiles;
  readonly #root: string;
  readonly #temporary: string;

  constructor(files: HostFiles, root: string, temporary: string) {
    this.#files = files;
    this.#root = root;
    this.#temporary = temporary;
  }

  #directory(kind: string): string {
    if (!kindSyntax.test(kind)) throw new RangeError(`not a kind of record: ${kind}`);
    return join(this.#root, kind);
  }

  #path(kind: string, key: string): string {
    return join(this.#directory(kind), `${createHash("sha256").update(key).digest("hex")}.json`);
  }

  /** Undefined where there is no record, or none that can be used: records are a cache and may be lost. */
  async read(kind: string, key: string): Promise<unknown> {
    const record = await readRecordFile(this.#path(kind, key));
    return record?.key === key ? record.value : undefined;
  }

  async write(kind: string, key: string, value: unknown): Promise<void> {
    const path = this.#path(kind, key);
    const temporary = join(this.#temporary, randomUUID());
    const bytes = new TextEncoder().encode(JSON.stringify({ key, value }));
    try {
      await mkdir(this.#directory(kind), { recursive: true });
      await replaceFile(this.#files, temporary, path, bytes);
    } catch (cause) {
      throw storeWriteFailed(`a record of kind ${kind}`, cause);
    }
  }

  async delete(kind: string, key: string): Promise<void> {
    const path = this.#path(kind, key);
    try {
      await rm(path, { force: true });
    } catch (cause) {
      throw storeWriteFailed(`a record of kind ${kind}`, cause);
    }
  }

  async *list(kind: string): AsyncIterable<RecordFile> {
    const directory = this.#directory(kind);
    const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return [];
      throw storeReadFailed(`records of kind ${kind}`, cause);
    });
    for (const name of names.filter((entry) => fileSyntax.test(entry)).sort()) {
      const record = await readRecordFile(join(directory, name));
      if (record !== undefined && this.#path(kind, record.key) === join(directory, name)) yield record;
    }
  }
}

async function readRecordFile(path: string): Promise<RecordFile | undefined> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maximumBytes) return undefined;
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw storeReadFailed("a record", cause);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const { key, value } = parsed as Partial<RecordFile>;
    return typeof key === "string" ? { key, value } : undefined;
  } catch {
    return undefined;
  }
}
