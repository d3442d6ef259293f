import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { templateUnusable } from "../errors/component.ts";
import type { Digest } from "../filesystem/types.ts";
import { fill } from "./rom-reader.ts";

/** A template's bytes, read from front to back and hashed meanwhile. */
export interface TemplateSource {
  readonly size: number;
  /** Fills `target` from `offset`, which is not before the end of the last read. */
  read(target: Uint8Array, offset: number): Promise<void>;
  /** Reads what is left. Throws TEMPLATE_UNUSABLE unless all of it is what the manifest says. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

const bufferSize = 1 << 16;

/** Throws TEMPLATE_UNUSABLE. */
export async function openTemplate(file: string, expected: Digest): Promise<TemplateSource> {
  try {
    const handle = await open(file, "r");
    const { size } = await handle.stat();
    const hash = createHash("sha256");
    let hashed = 0;
    // What is replaced is a part of the template too.
    const skipTo = async (offset: number): Promise<void> => {
      while (hashed < offset) await take(new Uint8Array(Math.min(bufferSize, offset - hashed)));
    };
    const take = async (target: Uint8Array): Promise<void> => {
      await fill(handle, target, hashed).catch((cause) => {
        throw templateUnusable(file, "it cannot be read", cause);
      });
      hash.update(target);
      hashed += target.length;
    };
    return {
      size,
      async read(target, offset) {
        await skipTo(offset);
        await take(target);
      },
      async verify() {
        await skipTo(size);
        if (`sha256:${hash.digest("hex")}` !== expected) {
          throw templateUnusable(file, "it is not the one that its manifest names");
        }
      },
      close: () => handle.close(),
    };
  } catch (cause) {
    throw templateUnusable(file, "it cannot be read", cause);
  }
}
