import { open } from "node:fs/promises";
import { usageError } from "../errors/cli.ts";

/** BuildKit's limit for a Dockerfile is a tenth of this; more is not a file that somebody wrote. */
const TEXT_LIMIT = 16 * 1024 * 1024;

/** A text file, or standard input for "-". Throws USAGE where it cannot be read, is too long or is not UTF-8. */
export async function readBounded(file: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const stream = file === "-" ? process.stdin : (await open(file)).createReadStream();
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > TEXT_LIMIT) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw usageError(`${file} cannot be read: ${(error as Error).message}`);
  }
  if (size > TEXT_LIMIT) throw usageError(`${file} is longer than ${TEXT_LIMIT} bytes`);
  return new TextDecoder("utf-8").decode(Buffer.concat(chunks));
}
