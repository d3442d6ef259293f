import { createHash } from "node:crypto";
import { invalidDigest } from "../errors/store.ts";
import type { Digest } from "../filesystem/types.ts";

const syntax = /^sha256:[0-9a-f]{64}$/;

/** Whether a text from outside is a digest that may be used as (part of) a path. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && syntax.test(text);
}

/** Throws INVALID_DIGEST. */
export function parseDigest(text: unknown): Digest {
  if (!isDigest(text)) throw invalidDigest(String(text));
  return text;
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
