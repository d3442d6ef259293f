import { walk, writeLayer } from "../../filesystem/index.ts";
import type { DraftChange, Snapshot } from "../../filesystem/types.ts";
import type { Session } from "../session.ts";
import type { OutputSink } from "../types.ts";
import { openSink } from "./sink.ts";

/** Writes the whole tree as one tar; the root directory itself is left out, as docker export does. */
export async function exportTar(session: Session, snapshot: Snapshot, sink: OutputSink) {
  return writeTar(session, treeChanges(snapshot), sink);
}

/** A tar of the changes, straight to where it goes. */
export async function writeTar(session: Session, changes: readonly DraftChange[], sink: OutputSink) {
  const place = {
    read: session.store.read.bind(session.store),
    createBlob: () => openSink(sink),
  };
  const { diffId, size } = await writeLayer({ changes }, place, { signal: session.signal });
  return { digest: diffId, size };
}

function treeChanges(snapshot: Snapshot): readonly DraftChange[] {
  const changes: DraftChange[] = [];
  const names = new Map<number, string>();
  for (const { path, number, inode } of walk(snapshot)) {
    if (path === "") continue;
    const target = names.get(number);
    if (inode.kind === "directory") changes.push({ kind: "directory", path, attributes: inode.attributes });
    else if (target !== undefined) changes.push({ kind: "hard-link", path, target });
    else changes.push({ kind: "leaf", path, inode });
    names.set(number, path);
  }
  return changes;
}
