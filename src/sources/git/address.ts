import type { GitProtocol } from "../types.ts";

/** The parts of a git address, still as they were written. */
export interface GitAddress {
  readonly protocol: GitProtocol;
  readonly remote: string;
  /** Percent-decoded where the form knows percent-encoding. */
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
  readonly authorization: string | undefined;
}

const protocols: readonly string[] = ["https", "http", "ssh", "git"] satisfies GitProtocol[];

/** BuildKit util/sshutil: `user@host:path`, the user is required. */
const scpForm = /^([a-zA-Z0-9_-]+)@([a-zA-Z0-9.-]+):(.*?)(?:\?(.*?))?(?:#(.*))?$/;
const urlForm = /^([a-zA-Z0-9]+):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/** Undefined for what has neither form, or another protocol; `file` only where it is allowed. */
export function splitAddress(text: string, options: { readonly file: boolean }): GitAddress | undefined {
  const url = urlForm.exec(text);
  if (url !== null) {
    const [, scheme = "", authority = "", path = "", query = "", fragment = ""] = url;
    const protocol = scheme.toLowerCase();
    if (!protocols.includes(protocol) && !(options.file && protocol === "file")) return undefined;
    return urlAddress(protocol as GitProtocol, authority, path, query, fragment);
  }
  const scp = scpForm.exec(text);
  if (scp === null) return undefined;
  const [, user, host, path = "", query = "", fragment = ""] = scp;
  return {
    protocol: "ssh",
    remote: `${user}@${host}:${path}`,
    path,
    query,
    fragment,
    authorization: undefined,
  };
}

function urlAddress(
  protocol: GitProtocol,
  authority: string,
  path: string,
  query: string,
  fragment: string,
): GitAddress | undefined {
  const decoded = { path: decode(path), fragment: decode(fragment) };
  if (decoded.path === undefined || decoded.fragment === undefined) return undefined;
  const web = protocol === "http" || protocol === "https";
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? undefined : authority.slice(0, at);
  const host = authority.slice(at + 1);
  return {
    protocol,
    remote: `${protocol}://${web || user === undefined ? "" : `${user}@`}${host}${path}`,
    path: decoded.path,
    query,
    fragment: decoded.fragment,
    authorization: web && user !== undefined ? basic(user) : undefined,
  };
}

/** Kept out of the address, and so out of process lists, messages and caches. */
function basic(user: string): string {
  const colon = user.indexOf(":");
  const name = decode(colon < 0 ? user : user.slice(0, colon)) ?? user;
  const password = colon < 0 ? "" : (decode(user.slice(colon + 1)) ?? "");
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Why an address must not be given to git, or undefined: what could be read as an option by git or by ssh
 * (a host or path with a leading dash), and what would break the lines of a protocol.
 */
export function addressFault({ protocol, remote, path }: GitAddress): string | undefined {
  if (/[\x00-\x20\x7f]/.test(remote) || /[\x00-\x1f\x7f]/.test(path))
    return "it has a space or control character";
  if (path === "" || path === "/") return "it has no path";
  const scp = !remote.startsWith(`${protocol}://`);
  const authority = scp ? remote.slice(0, remote.indexOf(":")) : (remote.split("/")[2] ?? "");
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (host === "" && protocol !== "file") return "it has no host";
  const parts = [authority, host, path.replace(/^\//, "")];
  if (parts.some((part) => part.startsWith("-"))) return "a part of it begins with a dash";
  return undefined;
}

/** The scheme and host that an HTTP address belongs to, with a slash at the end: the scope of its credentials. */
export function originOf(remote: string): string | undefined {
  return /^https?:\/\/[^/]+/.exec(remote)?.[0].concat("/");
}
