import { applyLayer, createWorkingTree } from "../../filesystem/index.ts";
import type { LayerChange, Snapshot } from "../../filesystem/types.ts";
import type { ImageConfig } from "../../image/types.ts";
import { ensureDirectory } from "../copy/place.ts";
import type { Session } from "../session.ts";

/**
 * The tree that a program starts in: a container's start makes the directories of VOLUME, root's and 0755, where
 * the image has none.
 */
export function withVolumes(
  snapshot: Snapshot,
  session: Pick<Session, "store" | "epoch">,
  { config }: ImageConfig,
): Snapshot {
  const volumes = Object.keys(config.Volumes ?? {}).sort();
  if (volumes.length === 0) return snapshot;
  const tree = createWorkingTree(snapshot, session.store, { now: () => session.epoch });
  for (const volume of volumes) ensureDirectory(tree, volume, {});
  const made: LayerChange[] = tree
    .changes()
    .changes.flatMap((change) => (change.kind === "directory" ? [change] : []));
  return made.length === 0 ? snapshot : applyLayer(snapshot, made);
}
