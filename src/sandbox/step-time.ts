import type { Attributes, DraftChange, Timestamp, TreeDraft } from "../filesystem/types.ts";

/** Python keeps times as double-precision seconds, which tell microseconds apart but not nanoseconds. */
const TICK = 1000;
const LAST_TICK = 999_999_000;

export interface StepTime {
  /** What a file gets as its modification time when it changes. */
  readonly now: () => Timestamp;
  /** The step's changes with the step's one time. */
  readonly settle: (draft: TreeDraft) => TreeDraft;
}

/**
 * Time as the files of a step have it: all in the epoch's second, so that results are the same each time, but
 * each change a little later than the one before. Programs keep what they know of a directory as long as its
 * time stays (Python's import system does, and what pip knows of installed packages); with one time for all
 * changes they would not see what was added. The fractions do not reach the layer.
 */
export function createStepTime(epoch: number): StepTime {
  let nanos = -TICK;
  const settled = <T extends Attributes>(attributes: T): T =>
    attributes.mtime.seconds === epoch && attributes.mtime.nanos !== 0
      ? { ...attributes, mtime: { seconds: epoch, nanos: 0 } }
      : attributes;
  const settleChange = (change: DraftChange): DraftChange => {
    if ("attributes" in change) return { ...change, attributes: settled(change.attributes) };
    if (change.kind === "leaf") {
      return { ...change, inode: { ...change.inode, attributes: settled(change.inode.attributes) } };
    }
    return change;
  };
  return {
    now: () => {
      nanos = Math.min(nanos + TICK, LAST_TICK);
      return { seconds: epoch, nanos };
    },
    settle: ({ changes }) => ({ changes: changes.map(settleChange) }),
  };
}
