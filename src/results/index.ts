/** The index of named results: which name stands for which .wasm of the store. */
import { stat } from "node:fs/promises";
import { resultAmbiguous, resultMissing, resultUnknown } from "../errors/results.ts";
import type { Digest } from "../filesystem/types.ts";
import { isDigest, type Store } from "../store/index.ts";

export interface Result {
  /** A normalised reference with its tag, as people write it: `inventory:latest`. */
  readonly name: string;
  /** Of the .wasm file, which is a blob of the store. */
  readonly digest: Digest;
  readonly size: number;
  readonly format: "component" | "module";
  /** When the name was given, ISO 8601. Local knowledge: it is in no output. */
  readonly named: string;
}

const KIND = "name";

/** Lets `name` stand for a .wasm of the store, whatever it stood for before. */
export async function nameResult(store: Store, result: Omit<Result, "named">): Promise<void> {
  await store.writeRecord(KIND, result.name, { ...result, named: new Date().toISOString() });
}

/** All names, sorted. Records that are not of this form are passed over: another version may have written them. */
export async function listResults(store: Store): Promise<readonly Result[]> {
  const results: Result[] = [];
  for await (const { value } of store.listRecords(KIND)) {
    const result = parseResult(value);
    if (result !== undefined) results.push(result);
  }
  return results.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The result that a name, or at least 6 digits of a digest, stands for. Throws RESULT_AMBIGUOUS.
 */
export async function findResult(store: Store, text: string): Promise<Result | undefined> {
  const named = parseResult(await store.readRecord(KIND, await normaliseName(text)));
  if (named !== undefined) return named;
  const digits = text.replace(/^sha256:/, "");
  if (!/^[0-9a-f]{6,64}$/.test(digits)) return undefined;
  const matches = (await listResults(store)).filter(({ digest }) => digest.startsWith(`sha256:${digits}`));
  if (new Set(matches.map(({ digest }) => digest)).size > 1) throw resultAmbiguous(text);
  return matches[0];
}

/** Forgets a name; the file stays in the store until `prune`. Throws RESULT_UNKNOWN. */
export async function removeResult(store: Store, text: string): Promise<Result> {
  const result = await findResult(store, text);
  if (result === undefined) throw resultUnknown(text);
  await store.deleteRecord(KIND, result.name);
  return result;
}

/** A normalised name with its tag. Throws REFERENCE_INVALID. */
export async function normaliseName(text: string): Promise<string> {
  const { familiarReference, parseReference } = await import("../registry/reference.ts");
  try {
    return familiarReference(parseReference(text));
  } catch (error) {
    // 64 digits are a digest here.
    if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) return text;
    throw error;
  }
}

export interface WasmLocation {
  readonly file: string;
  /** Undefined where the argument is a file. */
  readonly result: Result | undefined;
}

/**
 * The .wasm that `REF|FILE.wasm` means: a file if the argument looks like one or one is there, else a named
 * result. Throws RESULT_UNKNOWN, RESULT_MISSING.
 */
export async function resolveWasm(text: string, openStore: () => Promise<Store>): Promise<WasmLocation> {
  const looksLikeFile = /\.wasm$/.test(text) || /^\.{0,2}\//.test(text);
  if (looksLikeFile && (await isFile(text))) return { file: text, result: undefined };
  if (looksLikeFile) throw resultMissing(text);
  const store = await openStore();
  try {
    const result = await findResult(store, text);
    if (result === undefined) {
      if (await isFile(text)) return { file: text, result: undefined };
      throw resultUnknown(text);
    }
    if (!(await store.hasBlob(result.digest))) throw resultMissing(store.blobPath(result.digest));
    return { file: store.blobPath(result.digest), result };
  } finally {
    await store.close();
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

function parseResult(value: unknown): Result | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, digest, size, format, named } = value as Record<string, unknown>;
  if (typeof name !== "string" || typeof digest !== "string" || !isDigest(digest)) return undefined;
  if (!Number.isSafeInteger(size) || (format !== "component" && format !== "module")) return undefined;
  return { name, digest, size: size as number, format, named: typeof named === "string" ? named : "" };
}
