import type { Digest, FileContent } from "../filesystem/types.ts";

/** The ROM: distinct file contents one after the other, each at the sum of the sizes before it. */
export interface RomPlan {
  readonly contents: readonly FileContent[];
  /** Bytes in all. */
  readonly size: number;
  /** Regular files that the plan serves, hard links counted once. */
  readonly files: number;
}

export interface RomPlanner {
  /** Gives a file its place; equal contents share one. An empty file is at 0 and takes none. */
  place(content: FileContent): number;
  plan(): RomPlan;
}

/**
 * Places contents in the order they are met. Callers walk the tree in path order, so that the ROM depends
 * on the tree alone; and since layers are sorted by path too, reading it back is nearly sequential.
 */
export function createRomPlanner(): RomPlanner {
  const offsets = new Map<Digest, number>();
  const contents: FileContent[] = [];
  let size = 0;
  let files = 0;
  return {
    place(content) {
      files++;
      if (content.size === 0) return 0;
      const known = offsets.get(content.sha256);
      if (known !== undefined) return known;
      const offset = size;
      offsets.set(content.sha256, offset);
      contents.push(content);
      size += content.size;
      return offset;
    },
    plan: () => ({ contents, size, files }),
  };
}
