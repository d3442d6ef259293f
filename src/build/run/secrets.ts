import { open } from "node:fs/promises";
import { secretUnreadable } from "../../errors/build.ts";
import type { SecretSource } from "../types.ts";

/** BuildKit's limit. */
const sizeLimit = 500 * 1024;

/** Throws SECRET_UNREADABLE. */
export async function readSecret(secret: SecretSource): Promise<Uint8Array> {
  if (secret.kind === "bytes") return secret.bytes;
  try {
    const file = await open(secret.path);
    try {
      const buffer = Buffer.alloc(sizeLimit + 1);
      let length = 0;
      for (let count = 1; count > 0 && length <= sizeLimit; length += count) {
        ({ bytesRead: count } = await file.read(buffer, length, buffer.length - length));
      }
      if (length > sizeLimit) throw new Error(`longer than ${sizeLimit} bytes`);
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw secretUnreadable(secret.id, cause);
  }
}
