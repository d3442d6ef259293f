import type { WorkdirInstruction } from "../../dockerfile/types.ts";
import { createWorkingTree } from "../../filesystem/index.ts";
import { resolveOwner } from "../copy/owner.ts";
import { ensureDirectory } from "../copy/place.ts";
import type { Session } from "../session.ts";
import { committed, keyOf, type StageState, treeKey, withSettings } from "../state.ts";
import type { StepOutcome } from "../step-cache.ts";
import { resolveWorkingDirectory } from "./settings.ts";

/**
 * Sets the working directory and creates it. As in BuildKit, what had to be created belongs to USER.
 * `start` is called when something must really be done.
 */
export async function applyWorkdir(
  session: Session,
  state: StageState,
  instruction: WorkdirInstruction,
  expand: (word: string) => string,
  start: () => void,
): Promise<{ readonly state: StageState; readonly outcome: StepOutcome }> {
  const directory = resolveWorkingDirectory(state.settings, expand(instruction.path));
  const user = state.settings.User ?? "";
  const key = keyOf(["WORKDIR", treeKey(state.layers), directory, user, session.epoch.seconds]);
  const outcome = await session.steps.resolve(key, async () => {
    start();
    const snapshot = await session.layers.snapshot(state.layers);
    const tree = createWorkingTree(snapshot, session.store, { now: () => session.epoch });
    ensureDirectory(tree, directory, user === "" ? {} : resolveOwner(user, tree));
    const draft = tree.changes();
    return draft.changes.length === 0 ? undefined : session.writeDraft(draft);
  });
  const next = withSettings(state, { WorkingDir: directory });
  return { state: committed(next, `WORKDIR ${directory}`, outcome.layer), outcome };
}
