import { dirname, join } from "node:path";
import { invalidCredentialsFile } from "../../errors/registry.ts";
import { isObject, type JsonObject, own } from "../json.ts";
import type { CredentialsFile } from "./config.ts";

/** The file's content with an entry of `auths` set; undefined takes the entry out. All else stays. */
export function withEntry(content: JsonObject, key: string, entry: JsonObject | undefined): JsonObject {
  const held = own(content, "auths");
  const others = Object.entries(isObject(held) ? held : {}).filter(([name]) => name !== key);
  const auths = Object.fromEntries(entry === undefined ? others : [...others, [key, entry]]);
  return { ...content, auths };
}

/** Whether `auths` has an entry of that name, be it an empty one. */
export function hasEntry(content: JsonObject, key: string): boolean {
  const held = own(content, "auths");
  return isObject(held) && Object.hasOwn(held, key);
}

/** Replaces the file as a whole, readable by its owner only; a symbolic link stays one. */
export async function saveCredentialsFile(file: CredentialsFile): Promise<void> {
  const { mkdir, open, realpath, rename, rm } = await import("node:fs/promises");
  const { randomUUID } = await import("node:crypto");
  let temporary: string | undefined;
  try {
    await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
    const target = await realpath(file.path).catch(() => file.path);
    temporary = join(dirname(target), `.${randomUUID()}.tmp`);
    const handle = await open(temporary, "wx", 0o600);
    try {
      // Tabs, as Docker writes it.
      await handle.writeFile(`${JSON.stringify(file.content, undefined, "\t")}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    throw invalidCredentialsFile(file.path, `it cannot be written${code}`, cause);
  }
}
