import { expandMount } from "../../dockerfile/index.ts";
import type { Mount, RunInstruction } from "../../dockerfile/types.ts";
import { notImplemented, secretMissing, sourceNotFound } from "../../errors/build.ts";
import type { RunMount } from "../../sandbox/types.ts";
import { cleanPath, resolvePath } from "../context/source-tree.ts";
import { resolveWorkingDirectory } from "../instructions/settings.ts";
import { resolveFrom } from "../references.ts";
import type { NamedSource, Session } from "../session.ts";
import type { StageState } from "../state.ts";
import { type CacheMount, openCacheMount } from "./cache-mount.ts";
import type { CacheSlots, WantedCache } from "./cache-slots.ts";
import { importTree } from "./mounted-tree.ts";

/** A mount with its variables resolved; what names it in the step's key, and how it is made when needed. */
export interface PreparedMount {
  readonly key: readonly unknown[];
  /** The cache that it needs. */
  readonly cache?: WantedCache;
  readonly make: (
    slots: CacheSlots,
  ) => Promise<{ readonly mount: RunMount; readonly cache?: CacheMount } | undefined>;
}

export async function prepareMounts(
  session: Session,
  stageIndex: number,
  state: StageState,
  instruction: RunInstruction,
  expand: (word: string) => string,
): Promise<readonly PreparedMount[]> {
  const prepared: PreparedMount[] = [];
  for (const written of instruction.mounts) {
    prepared.push(await prepare(session, stageIndex, state, expandMount(written, expand), instruction));
  }
  return prepared;
}

async function prepare(
  session: Session,
  stageIndex: number,
  state: StageState,
  mount: Mount,
  instruction: RunInstruction,
): Promise<PreparedMount> {
  const target =
    mount.target === undefined ? undefined : resolveWorkingDirectory(state.settings, mount.target);
  switch (mount.type) {
    case "ssh":
      throw notImplemented("RUN --mount=type=ssh").at(mount.range);
    case "tmpfs":
      return tmpfs(target ?? "/");
    case "secret":
      return secret(session, mount, target);
    case "cache":
      return await cache(session, stageIndex, mount, target ?? "/", instruction);
    case "bind":
      return await bind(
        session,
        await sourceOf(session, stageIndex, mount, instruction),
        mount,
        target ?? "/",
      );
  }
}

function tmpfs(target: string): PreparedMount {
  return { key: ["tmpfs", target], make: async () => ({ mount: { kind: "tmpfs", target } }) };
}

function secret(session: Session, mount: Mount, given: string | undefined): PreparedMount {
  const id = mount.id ?? (mount.source ?? given)?.split("/").at(-1) ?? "";
  const target = given ?? (mount.environmentVariable === undefined ? `/run/secrets/${id}` : undefined);
  return {
    // A secret's value is no part of the key, as in BuildKit: a step must not depend on it.
    key: ["secret", id, target ?? null, mount.environmentVariable ?? null],
    async make() {
      const found = session.options.secrets?.find((each) => each.id === id);
      if (found === undefined) {
        if (mount.required) throw secretMissing(id).at(mount.range);
        return undefined;
      }
      const { readSecret } = await import("./secrets.ts");
      const mounted: RunMount = {
        kind: "secret",
        target,
        environmentVariable: mount.environmentVariable,
        bytes: await readSecret(found),
        mode: mount.mode ?? 0o400,
        uid: mount.uid ?? 0,
        gid: mount.gid ?? 0,
      };
      return { mount: mounted };
    },
  };
}

async function cache(
  session: Session,
  stageIndex: number,
  mount: Mount,
  target: string,
  instruction: RunInstruction,
): Promise<PreparedMount> {
  const id = mount.id ?? target;
  const source =
    mount.from === undefined ? undefined : await sourceOf(session, stageIndex, mount, instruction);
  return {
    // What is in the cache is no part of the key: a step must not depend on it.
    key: ["cache", id, target, source?.key ?? null],
    cache: { id, sharing: mount.sharing },
    async make(slots) {
      const opened = await openCacheMount(session, slots.keyOf(id), id, mount, async () => {
        if (source === undefined) return undefined;
        return (await importTree(session, await source.tree(), cleanPath(mount.source ?? ""))).snapshot;
      });
      return {
        mount: { kind: "tree", target, snapshot: opened.snapshot, readOnly: mount.readOnly, key: id },
        cache: opened,
      };
    },
  };
}

async function bind(
  session: Session,
  source: NamedSource,
  mount: Mount,
  target: string,
): Promise<PreparedMount> {
  const path = cleanPath(mount.source ?? "");
  const make = async () => {
    const tree = await source.tree();
    const resolved = resolvePath(tree, path);
    if (resolved === undefined) throw sourceNotFound(`/${path}`, tree.isIgnored(path)).at(mount.range);
    return importTree(session, tree, resolved);
  };
  // A host directory is known by its contents only.
  const key = source.key ?? (await make()).key;
  return {
    key: ["bind", target, path, key, mount.readOnly],
    async make() {
      const { snapshot } = await make();
      return { mount: { kind: "tree", target, snapshot, readOnly: mount.readOnly, key: undefined } };
    },
  };
}

async function sourceOf(
  session: Session,
  stageIndex: number,
  mount: Mount,
  instruction: RunInstruction,
): Promise<NamedSource> {
  if (mount.from === undefined) return { key: undefined, tree: session.context };
  const contexts = session.options.buildContexts ?? {};
  const reference = resolveFrom(mount.from, session.dockerfile.stages, stageIndex, contexts);
  return session.source(reference, instruction.range);
}
