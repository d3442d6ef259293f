import type { InodeNumber, Snapshot } from "../filesystem/types.ts";
import { ROLE_ENV, ROLE_GUEST } from "./index-encoder.ts";
import type { RuntimeManifest } from "./types.ts";

const ROOT: InodeNumber = 1;

/** Which inodes stand for the guest and for env: the regular files at the manifest's paths. */
export function findRoles(
  snapshot: Snapshot,
  { guestPaths, envPaths }: Pick<RuntimeManifest, "guestPaths" | "envPaths">,
): ReadonlyMap<InodeNumber, number> {
  const roles = new Map<InodeNumber, number>();
  const assign = (paths: readonly string[], role: number) => {
    for (const path of paths) {
      const names = path.split("/").filter((name) => name !== "");
      for (const number of matches(snapshot, ROOT, names)) roles.set(number, role);
    }
  };
  assign(envPaths, ROLE_ENV);
  assign(guestPaths, ROLE_GUEST);
  return roles;
}

function* matches(
  snapshot: Snapshot,
  from: InodeNumber,
  [name, ...rest]: readonly string[],
): Generator<InodeNumber> {
  const inode = snapshot.inodes.get(from);
  if (name === undefined) {
    if (inode?.kind === "file") yield from;
    return;
  }
  if (inode?.kind !== "directory") return;
  if (!/[*?[]/.test(name)) {
    const number = inode.entries.get(name);
    if (number !== undefined) yield* matches(snapshot, number, rest);
    return;
  }
  const pattern = globPattern(name);
  for (const [entry, number] of inode.entries) {
    if (pattern.test(entry)) yield* matches(snapshot, number, rest);
  }
}

/** A shell glob of one path component: `*`, `?`, `[…]`. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[[^\]]*\]|[\s\S]/g, (token) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    if (token.length > 1) return token.replace(/^\[!/, "[^");
    return token.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "s");
}
