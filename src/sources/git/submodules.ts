import { gitSubmoduleRefused } from "../../errors/sources.ts";
import { isLoopbackHost } from "../../registry/index.ts";
import { addressFault, type GitAddress, originOf, splitAddress } from "./address.ts";
import type { Git, Peer } from "./command.ts";
import type { FetchedRepository } from "./repository.ts";
import type { TreeEntry } from "./tree.ts";

export interface Submodule {
  readonly path: string;
  readonly commit: string;
  readonly peer: Peer;
}

/**
 * Where the submodules of a tree come from, by its .gitmodules. Those that say `update = none` are left out.
 * `entries` is the whole tree. Throws GIT_SUBMODULE_REFUSED for what is not mapped, and for addresses that a
 * repository may not choose.
 */
export async function listSubmodules(
  git: Git,
  parent: Peer,
  repository: FetchedRepository,
  entries: readonly TreeEntry[],
): Promise<readonly Submodule[]> {
  const links = entries.filter((entry) => entry.kind === "submodule");
  if (links.length === 0) return [];
  const mapping = await readMapping(git, parent, repository, entries);
  return links.flatMap(({ path, object: commit }) => {
    const found = [...mapping.values()].find((each) => each.get("path")?.replace(/\/+$/, "") === path);
    const url = found?.get("url");
    if (url === undefined) throw gitSubmoduleRefused(path, "no url found for it in .gitmodules");
    if (found?.get("update") === "none") return [];
    if (found?.get("update")?.startsWith("!") === true) {
      throw gitSubmoduleRefused(path, ".gitmodules wants a command to be run");
    }
    return [{ path, commit, peer: submodulePeer(parent, path, url) }];
  });
}

/** Section name → its settings. The file is read from the commit: nothing of it is ever put into effect. */
async function readMapping(
  git: Git,
  parent: Peer,
  repository: FetchedRepository,
  entries: readonly TreeEntry[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const sections = new Map<string, Map<string, string>>();
  const file = entries.find((entry) => entry.path === ".gitmodules");
  if (file === undefined || (file.kind !== "file" && file.kind !== "program")) return sections;
  const output = await git.run(parent.remote, {
    args: ["config", "--null", "--no-includes", "--blob", file.object, "--list"],
    gitDirectory: repository.directory,
  });
  for (const setting of Buffer.from(output).toString("utf8").split("\0")) {
    const [variable = "", ...lines] = setting.split("\n");
    const [, name, key] = /^submodule\.(.*)\.([^.]+)$/.exec(variable) ?? [];
    if (name === undefined || key === undefined) continue;
    const section = sections.get(name) ?? new Map<string, string>();
    sections.set(name, section.set(key, lines.join("\n")));
  }
  return sections;
}

function submodulePeer(parent: Peer, path: string, url: string): Peer {
  const absolute = /^\.\.?\//.test(url) ? resolveRelative(parent.remote, path, url) : url;
  const address = splitAddress(absolute, { file: false });
  if (address === undefined || address.query !== "" || address.fragment !== "") {
    throw gitSubmoduleRefused(
      path,
      `its address ${JSON.stringify(url.slice(0, 200))} is not of a kind that is followed`,
    );
  }
  const fault = addressFault(address);
  if (fault !== undefined) throw gitSubmoduleRefused(path, `its address is not usable: ${fault}`);
  if (isWeaker(parent, address)) {
    throw gitSubmoduleRefused(path, `its address is ${address.protocol}://, without protection on its way`);
  }
  const { remote, protocol } = address;
  const sameOrigin = originOf(remote) !== undefined && originOf(remote) === originOf(parent.remote);
  return {
    remote,
    protocol,
    authorization: address.authorization ?? (sameOrigin ? parent.authorization : undefined),
  };
}

/** A protected source stays protected all the way down; but this machine may be asked by whatever protocol. */
function isWeaker(parent: Peer, { protocol, remote }: GitAddress): boolean {
  if (protocol !== "http" && protocol !== "git") return false;
  if (parent.protocol === "http" || parent.protocol === "git") return false;
  const host = URL.canParse(remote) ? new URL(remote).hostname : "";
  return !isLoopbackHost(host);
}

/** git-submodule(1): relative to the superproject's own address; not above its host. */
function resolveRelative(base: string, path: string, url: string): string {
  // In the short form of ssh a colon stands between the host and the path.
  const [, root = "", directory = ""] = /^([a-z]+:\/\/[^/]*\/|[^/:]+@[^/:]+:\/?)(.*)$/s.exec(base) ?? [];
  const parts = directory.split("/").filter((part) => part !== "");
  for (const part of url.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw gitSubmoduleRefused(path, "its address leads above its host");
  }
  return root + parts.join("/");
}
