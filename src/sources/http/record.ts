import { httpRecordInvalid } from "../../errors/sources.ts";
import { isDigest } from "../../store/index.ts";
import type { HttpRecord } from "../types.ts";

/** A record as JSON gives it back, taking nothing on trust. Throws HTTP_RECORD_INVALID. */
export function parseHttpRecord(value: unknown): HttpRecord {
  const { url, etag, lastModified, content } = object(value);
  const { blob, offset, size, sha256 } = object(content);
  const texts = [etag, lastModified].every((text) => text === undefined || typeof text === "string");
  if (typeof url !== "string" || !texts || !isDigest(blob) || !isDigest(sha256)) throw httpRecordInvalid();
  if (![offset, size].every((number) => Number.isSafeInteger(number) && Number(number) >= 0)) {
    throw httpRecordInvalid();
  }
  return {
    url,
    etag: etag as string | undefined,
    lastModified: lastModified as string | undefined,
    content: { blob, offset: Number(offset), size: Number(size), sha256 },
  };
}

type Fields = Readonly<
  Record<"url" | "etag" | "lastModified" | "content" | "blob" | "offset" | "size" | "sha256", unknown>
>;

function object(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw httpRecordInvalid();
  return value as Fields;
}
