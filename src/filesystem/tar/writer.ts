import type { Header, Pack } from "tar-stream";
import { layerDeviceNumbers } from "../../errors/filesystem.ts";
import type { Attributes, DeviceKind } from "../types.ts";
import { blockSize } from "./header.ts";
import { encodePaxRecord, formatPaxTime } from "./pax.ts";

export type TarMember = { readonly path: string; readonly attributes: Attributes } & (
  | { readonly kind: "file"; readonly size: number }
  | { readonly kind: "directory" }
  | { readonly kind: "symlink" | "hard-link"; readonly target: string }
  | { readonly kind: DeviceKind; readonly major: number; readonly minor: number }
);

/** `tar-stream` packs a header of this type, though its type declarations leave it out. */
type Headers = Omit<Partial<Header>, "type"> & {
  readonly name: string;
  readonly type: Header["type"] | "pax-header";
};

/** What ustar's fields hold: 6 and 11 octal digits; `tar-stream` keeps mtimes in 31 bits. */
const maximumId = 0o777777;
const maximumSize = 0o77777777777;
const maximumTime = 2 ** 31 - 1;

/**
 * Packs members into a tar, always the same bytes for the same members: numeric owners only, and an extended
 * header only where ustar's fields are too small. `tar-stream` would write binary extended attributes as UTF-8,
 * and the current time where there is none; therefore extended headers are members of their own here.
 */
export class TarWriter {
  readonly #pack: Pack;
  readonly #pumped: Promise<void>;
  #position = 0;
  /** Bytes that the sink is done with, and who waits for how many. */
  #taken = 0;
  #waiting: { readonly bytes: number; readonly wake: () => void } | undefined;
  #sinkFailure: unknown;

  private constructor(pack: Pack, sink: (bytes: Uint8Array) => Promise<void>) {
    this.#pack = pack;
    this.#pumped = (async () => {
      for await (const chunk of pack as AsyncIterable<Uint8Array>) {
        await sink(chunk).catch((error: unknown) => {
          this.#sinkFailure = error;
          throw error;
        });
        this.#taken += chunk.length;
        if (this.#waiting !== undefined && this.#taken >= this.#waiting.bytes) this.#waiting.wake();
      }
    })();
    // Awaited in `finish`, or when a member fails; a rejection meanwhile must not end the process.
    this.#pumped.catch(() => {});
  }

  static async create(sink: (bytes: Uint8Array) => Promise<void>): Promise<TarWriter> {
    const { pack } = await import("tar-stream");
    return new TarWriter(pack(), sink);
  }

  /**
   * Returns where the member's bytes start in the tar. `body` must give exactly `size` bytes; the next piece is
   * asked for once the sink is done with the one before, so that pieces may share a buffer.
   */
  async add(member: TarMember, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = []): Promise<number> {
    const records = extendedRecords(member);
    if (records.length > 0) await this.#addExtended(records);
    const offset = this.#position + blockSize;
    const size = member.kind === "file" ? member.size : 0;
    await this.#entry(ustarHeader(member, size), body);
    this.#position = offset + Math.ceil(size / blockSize) * blockSize;
    return offset;
  }

  async finish(): Promise<void> {
    this.#pack.finalize();
    await this.#pumped;
  }

  async abort(): Promise<void> {
    this.#pack.destroy();
    await this.#pumped.catch(() => {});
  }

  async #addExtended(records: readonly Uint8Array[]): Promise<void> {
    // A multiple of the block size needs no padding, which would come before the body: see #entry.
    const bytes = padded(Buffer.concat(records));
    const fixed = { mode: 0o100644, uid: 0, gid: 0, mtime: new Date(0) };
    await this.#entry({ ...fixed, name: "PaxHeader", type: "pax-header", size: bytes.length }, []);
    this.#pack.push(bytes);
    this.#position += blockSize + bytes.length;
  }

  async #entry(header: Headers, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    const stream = this.#pack.entry(header as Header, (error) => (error == null ? resolve() : reject(error)));
    stream.on("error", reject);
    try {
      if (header.type === "file") {
        let end = this.#position + blockSize;
        for await (const piece of body) {
          if (stream.destroyed) break;
          stream.write(piece);
          end += piece.length;
          await Promise.race([promise, this.#takenUpTo(end)]);
        }
        stream.end(null);
      }
      await promise;
    } catch (error) {
      // Where the sink failed, its error is the reason; otherwise the body's is.
      throw this.#sinkFailure ?? error;
    }
  }

  #takenUpTo(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#taken >= bytes) resolve();
      else this.#waiting = { bytes, wake: resolve };
    });
  }
}

function ustarHeader(member: TarMember, size: number): Headers {
  const { path, attributes, kind } = member;
  const { seconds } = attributes.mtime;
  const name = path === "" ? "." : path;
  const link = "target" in member ? { linkname: ustarName(member.target) } : {};
  const isDevice = "major" in member;
  // Numbers of devices have no extended record that others read.
  if (isDevice && (member.major > maximumId || member.minor > maximumId)) throw layerDeviceNumbers(path);
  return {
    name: ustarName(kind === "directory" ? `${name}/` : name),
    // The file type's bits are not written; without them, `tar-stream` takes mode 0 for a missing one.
    mode: 0o100000 | attributes.mode,
    uid: Math.min(attributes.uid, maximumId),
    gid: Math.min(attributes.gid, maximumId),
    size,
    mtime: new Date(Math.min(Math.max(seconds, 0), maximumTime) * 1000),
    type: kind === "hard-link" ? "link" : kind,
    ...link,
    ...(isDevice ? { devmajor: member.major, devminor: member.minor } : {}),
  };
}

const isPlain = (name: string): boolean => name.length <= 100 && /^[\x20-\x7e]*$/.test(name);

/** What readers without extended headers see: the name's first 100 characters, in ASCII. */
function ustarName(name: string): string {
  return isPlain(name) ? name : name.replace(/[^\x20-\x7e]/g, "_").slice(0, 100);
}

function extendedRecords(member: TarMember): Uint8Array[] {
  const { path, attributes, kind } = member;
  const records: Uint8Array[] = [];
  const name = kind === "directory" ? `${path}/` : path;
  if (!isPlain(name)) records.push(encodePaxRecord("path", name));
  if ("target" in member && !isPlain(member.target)) records.push(encodePaxRecord("linkpath", member.target));
  if (kind === "file" && member.size > maximumSize)
    records.push(encodePaxRecord("size", String(member.size)));
  if (attributes.uid > maximumId) records.push(encodePaxRecord("uid", String(attributes.uid)));
  if (attributes.gid > maximumId) records.push(encodePaxRecord("gid", String(attributes.gid)));
  const { seconds, nanos } = attributes.mtime;
  if (nanos !== 0 || seconds < 0 || seconds > maximumTime) {
    records.push(encodePaxRecord("mtime", formatPaxTime(attributes.mtime)));
  }
  for (const key of Object.keys(attributes.xattrs).sort()) {
    const value = Buffer.from(attributes.xattrs[key] ?? "", "base64");
    records.push(encodePaxRecord(`SCHILY.xattr.${key}`, value));
  }
  return records;
}

/** Fills up to a whole block with a `comment` record, which readers ignore. */
function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % blockSize;
  if (rest === 0) return bytes;
  const smallest = encodePaxRecord("comment", "").length;
  const missing = blockSize - rest + (blockSize - rest < smallest ? blockSize : 0);
  for (let length = missing - smallest; length >= 0; length--) {
    const comment = encodePaxRecord("comment", " ".repeat(length));
    if (comment.length === missing) return Buffer.concat([bytes, comment]);
  }
  // The length's own digits skip one size (99 to 101, 999 to 1,001): two records then.
  return padded(Buffer.concat([bytes, encodePaxRecord("comment", "")]));
}
