import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { createOutputFile } from "../../component/output-file.ts";
import { outputFailed } from "../../errors/outputs.ts";
import type { BlobWriter } from "../../store/index.ts";
import type { OutputSink } from "../types.ts";

/** Opens a file, which appears whole or not at all, or a stream. Throws OUTPUT_UNWRITABLE, OUTPUT_FAILED. */
export async function openSink(sink: OutputSink): Promise<BlobWriter> {
  if (sink.kind === "stream") return streamWriter(sink.stream);
  const file = path.resolve(sink.path);
  try {
    await mkdir(path.dirname(file), { recursive: true });
  } catch (cause) {
    throw outputFailed(sink.path, cause);
  }
  return createOutputFile(file);
}

/** What people call the place. */
export const sinkName = (sink: OutputSink): string =>
  sink.kind === "stream" ? "standard output" : sink.path;

function streamWriter(stream: NodeJS.WritableStream): BlobWriter {
  const hash = createHash("sha256");
  let position = 0;
  let failure: Error | undefined;
  // Without a listener the end of a reader would end the process.
  const onError = (error: Error) => {
    failure = error;
  };
  stream.on("error", onError);
  const check = (error?: Error | null) => {
    const cause = error ?? failure;
    if (cause !== undefined) throw outputFailed("standard output", cause);
  };
  const put = (bytes: Uint8Array) =>
    new Promise<Error | null | undefined>((resolve) => stream.write(bytes, resolve));
  return {
    get position() {
      return position;
    },
    async write(bytes) {
      check();
      hash.update(bytes);
      position += bytes.length;
      // Callers may use their buffer again once this is done: the write has to be over.
      check(await put(bytes));
    },
    async commit() {
      check();
      stream.removeListener("error", onError);
      return { digest: `sha256:${hash.digest("hex")}`, size: position };
    },
    async abort() {
      stream.removeListener("error", onError);
    },
  };
}
