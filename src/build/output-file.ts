import { stat } from "node:fs/promises";
import path from "node:path";
import type { Digest } from "../filesystem/types.ts";
import { placeBlob } from "../results/place.ts";
import type { Store } from "../store/index.ts";

const recordKind = "output";

/**
 * Puts a blob of the store at a path of the host: whole or not at all. Nothing is written where the file is
 * still the one that was put there before. Throws RESULT_UNWRITABLE.
 */
export async function writeOutput(store: Store, digest: Digest, output: string): Promise<void> {
  const file = path.resolve(output);
  const present = await identity(file);
  if (present !== undefined && (await store.readRecord(recordKind, file)) === `${digest} ${present}`) return;
  await placeBlob(store, digest, output);
  await store.writeRecord(recordKind, file, `${digest} ${await identity(file)}`);
}

async function identity(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return undefined;
  }
}
