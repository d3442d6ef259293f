import { gitSourceInvalid } from "../../errors/sources.ts";
import type { GitSource } from "../types.ts";
import { addressFault, splitAddress } from "./address.ts";
import { checkChecksum, checkRef, isObjectId, normaliseSubdir } from "./names.ts";

/**
 * Which texts are git sources, as BuildKit decides (frontend/dockerfile/dfgitutil, util/gitutil): `git://`,
 * `ssh://`, `user@host:path`, `http(s)://….git`, and `github.com/…` (marked as shorthand). `#ref:subdir` and the
 * query `ref`, `tag`, `branch`, `subdir`, `checksum` (`commit`), `keep-git-dir`, `submodules`, `mtime` and
 * `fetch-by-commit` say what is wanted. Undefined for everything else.
 *
 * With `local`, `file://` is one too: for a build context that its user names, never for what a Dockerfile says.
 *
 * Throws GIT_SOURCE_INVALID, GIT_REF_INVALID, GIT_CHECKSUM_INVALID and GIT_SUBDIR_OUTSIDE for a git source with a
 * fault.
 */
export function parseGitSource(
  text: string,
  options: { readonly local?: boolean } = {},
): GitSource | undefined {
  const shorthand = text.startsWith("github.com/");
  const address = splitAddress(shorthand ? `https://${text}` : text, { file: options.local === true });
  if (address === undefined) return undefined;
  const { protocol, remote } = address;
  const web = protocol === "http" || protocol === "https";
  if (web && !shorthand && !address.path.endsWith(".git")) return undefined;
  const fault = addressFault(address);
  if (fault !== undefined) throw gitSourceInvalid(text, fault);

  const colon = address.fragment.indexOf(":");
  const fragment = {
    ref: colon < 0 ? address.fragment : address.fragment.slice(0, colon),
    subdir: colon < 0 ? "" : address.fragment.slice(colon + 1),
  };
  const query = readQuery(text, address.query);
  const checksum = query.checksum === undefined ? undefined : checkChecksum(query.checksum);
  const ref =
    same(text, "ref", [
      fragment.ref || undefined,
      query.ref,
      prefixed("refs/tags/", query.tag),
      prefixed("refs/heads/", query.branch),
    ]) ?? (checksum !== undefined && isObjectId(checksum) ? checksum : undefined);
  const subdir = same(text, "subdir", [fragment.subdir || undefined, query.subdir]);
  return {
    remote,
    protocol,
    name: (remote.split(/[/:]/).findLast((part) => part !== "") ?? "").replace(/\.git$/, ""),
    ref: ref === undefined ? undefined : checkRef(ref),
    subdir: subdir === undefined ? undefined : normaliseSubdir(subdir),
    checksum,
    keepGitDir: query.keepGitDir,
    submodules: query.submodules,
    mtime: query.mtime,
    shorthand,
    unencrypted: protocol === "http" || protocol === "git",
    authorization: address.authorization,
  };
}

interface Query {
  readonly ref?: string;
  readonly tag?: string;
  readonly branch?: string;
  readonly subdir?: string;
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly submodules?: boolean;
  readonly mtime?: "checkout" | "commit";
}

function readQuery(text: string, query: string): Query {
  const found = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    const name = key === "commit" ? "checksum" : key;
    if (found.has(name)) throw gitSourceInvalid(text, `query ${JSON.stringify(key)} has multiple values`);
    if (!known.has(name)) throw gitSourceInvalid(text, `unexpected query ${JSON.stringify(key)}`);
    if (value === "" && !switches.has(name)) {
      throw gitSourceInvalid(text, `query ${JSON.stringify(key)} has no value`);
    }
    found.set(name, value);
  }
  const mtime = found.get("mtime");
  if (mtime !== undefined && mtime !== "checkout" && mtime !== "commit") {
    throw gitSourceInvalid(text, `mtime is checkout or commit, not ${JSON.stringify(mtime)}`);
  }
  // Commits are always asked for by their id first, so that fetch-by-commit is only checked.
  readSwitch(text, found, "fetch-by-commit");
  const keepGitDir = readSwitch(text, found, "keep-git-dir");
  const submodules = readSwitch(text, found, "submodules");
  return {
    ...texts(found, "ref"),
    ...texts(found, "tag"),
    ...texts(found, "branch"),
    ...texts(found, "subdir"),
    ...texts(found, "checksum"),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(submodules === undefined ? {} : { submodules }),
    ...(mtime === undefined ? {} : { mtime }),
  };
}

const switches = new Set(["keep-git-dir", "submodules", "fetch-by-commit"]);
const known = new Set(["ref", "tag", "branch", "subdir", "checksum", "mtime", ...switches]);

function texts<Name extends string>(found: ReadonlyMap<string, string>, name: Name) {
  const value = found.get(name);
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: string };
}

/** Go's strconv.ParseBool; no value means true. */
function readSwitch(text: string, found: ReadonlyMap<string, string>, name: string): boolean | undefined {
  const value = found.get(name);
  if (value === undefined) return undefined;
  if (/^(?:|1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw gitSourceInvalid(text, `invalid ${name} value: ${JSON.stringify(value)}`);
}

function prefixed(prefix: string, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  return name.startsWith(prefix) ? name : prefix + name;
}

function same(text: string, what: string, values: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = new Set(values.filter((value) => value !== undefined));
  if (others.length > 0) {
    const names = [first, ...others].map((value) => JSON.stringify(value)).join(" and ");
    throw gitSourceInvalid(text, `${what} conflicts: ${names}`);
  }
  return first;
}
