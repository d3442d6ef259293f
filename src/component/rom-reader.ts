import { type FileHandle, open } from "node:fs/promises";
import { contentMissing } from "../errors/component.ts";
import type { Digest, FileContent } from "../filesystem/types.ts";

/** Bytes that one read brings in at most. */
const WINDOW = 4 * 1024 * 1024;
/** Unneeded bytes (tar headers, replaced files) that one read may bring in between two files. */
const GAP = 64 * 1024;

interface Slice {
  readonly offset: number;
  readonly size: number;
}

/** One read of a blob, and the parts of it that are wanted, in order. */
interface ReadPlan {
  readonly blob: Digest;
  readonly offset: number;
  end: number;
  readonly slices: Slice[];
}

/**
 * Yields the bytes of the contents one after the other. Neighbours in a blob are fetched by one read; a
 * large file by several. A yielded chunk is valid until the next one is asked for.
 * Throws CONTENT_MISSING where a blob is gone or too short.
 */
export async function* readContents(
  contents: readonly FileContent[],
  blobPath: (digest: Digest) => string,
): AsyncGenerator<Uint8Array> {
  const handles = new Map<Digest, FileHandle>();
  const plans = planReads(contents);
  let filling = new Uint8Array(WINDOW);
  let spare = new Uint8Array(WINDOW);
  const start = (): PendingRead | undefined => {
    const { value: plan } = plans.next();
    if (plan === undefined) return undefined;
    const window = filling.subarray(0, plan.end - plan.offset);
    const done = openBlob(handles, plan.blob, blobPath).then((handle) => fill(handle, window, plan.offset));
    // Awaited when its turn comes; a failure meanwhile must not count as unhandled.
    done.catch(() => {});
    [filling, spare] = [spare, filling];
    return { plan, window, done };
  };
  let next = start();
  try {
    for (let read = next; read !== undefined; read = next) {
      const { plan, window, done } = read;
      await done.catch((cause) => {
        throw contentMissing(plan.blob, cause);
      });
      // Read while the caller is busy with what is yielded.
      next = start();
      for (const slice of plan.slices) {
        yield window.subarray(slice.offset - plan.offset, slice.offset - plan.offset + slice.size);
      }
    }
  } finally {
    await next?.done.catch(() => {});
    await Promise.all(Array.from(handles.values(), (handle) => handle.close()));
  }
}

interface PendingRead {
  readonly plan: ReadPlan;
  readonly window: Uint8Array;
  readonly done: Promise<void>;
}

function* planReads(contents: Iterable<FileContent>): Generator<ReadPlan> {
  let current: ReadPlan | undefined;
  for (const content of contents) {
    for (let done = 0; done < content.size; done += WINDOW) {
      const offset = content.offset + done;
      const size = Math.min(content.size - done, WINDOW);
      const end = offset + size;
      const joins =
        current !== undefined &&
        current.blob === content.blob &&
        offset >= current.end &&
        offset - current.end <= GAP &&
        end - current.offset <= WINDOW;
      if (current !== undefined && joins) {
        current.end = end;
        current.slices.push({ offset, size });
        continue;
      }
      if (current !== undefined) yield current;
      current = { blob: content.blob, offset, end, slices: [{ offset, size }] };
    }
  }
  if (current !== undefined) yield current;
}

async function openBlob(
  handles: Map<Digest, FileHandle>,
  blob: Digest,
  blobPath: (digest: Digest) => string,
): Promise<FileHandle> {
  const known = handles.get(blob);
  if (known !== undefined) return known;
  const handle = await open(blobPath(blob), "r");
  handles.set(blob, handle);
  return handle;
}

export async function fill(handle: FileHandle, target: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, target.length - done, offset + done);
    if (bytesRead === 0) throw new Error("unexpected end of file");
    done += bytesRead;
  }
}
