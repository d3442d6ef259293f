import { createHash } from "node:crypto";
import { sourceUnreadable } from "../../errors/build.ts";
import { readHostFile, readSmallHostFile } from "../../filesystem/index.ts";
import type { Digest } from "../../filesystem/types.ts";
import { digestOf, isDigest, type Store } from "../../store/index.ts";
import type { HostIdentity, SourceContent } from "./source-tree.ts";

/** Digests of source contents; those of host files are remembered, so that an unchanged file is not read again. */
export interface ContentDigests {
  of(content: SourceContent): Promise<Digest> | Digest;
  /** Keeps what was learnt for the next build. */
  save(): Promise<void>;
}

const recordKind = "stat";

/**
 * A file that changed this shortly before it was read may change again with the same times: clocks of file
 * systems tick in steps (Linux: at most 10 ms; file systems without fractions of a second: 2 s).
 */
const racyNanos = 20_000_000n;
const racyCoarseNanos = 2_000_000_000n;

type Entry = readonly [inode: string, size: number, mtime: string, ctime: string, digest: Digest];

export async function openContentDigests(store: Store, context: string): Promise<ContentDigests> {
  const known = readEntries(await store.readRecord(recordKind, context));
  const pending = new Map<string, Promise<Digest>>();
  // Of this build alone: also files that changed too lately to be remembered.
  const current = new Map<string, Entry>();
  let changed = false;

  async function hash(path: string, identity: HostIdentity): Promise<Digest> {
    const now = BigInt(Date.now()) * 1_000_000n;
    const digest = await hashFile(path);
    const entry: Entry = [identity.inode, identity.size, identity.mtime, identity.ctime, digest];
    current.set(path, entry);
    const settled = now - BigInt(identity.ctime) > (isCoarse(identity) ? racyCoarseNanos : racyNanos);
    if (settled) {
      known.set(path, entry);
      changed = true;
    }
    return digest;
  }

  function ofHostFile(path: string, identity: HostIdentity): Promise<Digest> | Digest {
    const entry = current.get(path) ?? known.get(path);
    if (entry !== undefined && isSame(entry, identity)) return entry[4];
    let running = pending.get(path);
    if (running === undefined) {
      running = hash(path, identity);
      pending.set(path, running);
    }
    return running;
  }

  return {
    of(content) {
      if (content.kind === "stored") return content.content.sha256;
      if (content.kind === "bytes") return digestOf(content.bytes);
      return ofHostFile(content.path, content.identity);
    },
    async save() {
      if (changed) await store.writeRecord(recordKind, context, [...known]);
    },
  };
}

const isCoarse = ({ ctime }: HostIdentity) => BigInt(ctime) % 1_000_000_000n === 0n;

const isSame = ([inode, size, mtime, ctime]: Entry, identity: HostIdentity): boolean =>
  size === identity.size && mtime === identity.mtime && ctime === identity.ctime && inode === identity.inode;

/** Small files are read at once: ten times as fast as streaming them. */
async function hashFile(path: string): Promise<Digest> {
  try {
    const small = readSmallHostFile(path);
    if (small !== undefined) return digestOf(small);
    const hash = createHash("sha256");
    for await (const piece of readHostFile(path, Number.POSITIVE_INFINITY)) hash.update(piece);
    return `sha256:${hash.digest("hex")}`;
  } catch (cause) {
    throw sourceUnreadable(path, cause);
  }
}

/** A record from the store is taken only as far as it has the right shape. */
function readEntries(record: unknown): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  if (!Array.isArray(record)) return entries;
  for (const pair of record as unknown[]) {
    if (!Array.isArray(pair) || typeof pair[0] !== "string" || !Array.isArray(pair[1])) continue;
    const [inode, size, mtime, ctime, digest] = pair[1] as unknown[];
    if (typeof inode !== "string" || typeof size !== "number" || typeof mtime !== "string") continue;
    if (typeof ctime !== "string" || !isDigest(digest)) continue;
    entries.set(pair[0], [inode, size, mtime, ctime, digest]);
  }
  return entries;
}
