import { mkdir } from "node:fs/promises";
import path from "node:path";
import { gitFailed, gitNotInstalled } from "../../errors/sources.ts";
import type { GitProtocol } from "../types.ts";
import { originOf } from "./address.ts";
import { explainFailure, readable } from "./failures.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a command may talk to; undefined for commands that need no network. */
export interface Peer {
  readonly remote: string;
  readonly protocol: GitProtocol;
  readonly authorization: string | undefined;
}

export interface GitCommand {
  readonly args: readonly string[];
  readonly peer?: Peer;
  readonly gitDirectory?: string;
  /** Where the command runs; it has no files that git should look at. */
  readonly directory?: string;
  readonly input?: Uint8Array;
  readonly extraEnvironment?: Readonly<Record<string, string>>;
}

export interface GitOutput {
  readonly ok: boolean;
  readonly stdout: Uint8Array;
  /** Redacted, without control characters. */
  readonly said: string;
  readonly kind: ReturnType<typeof explainFailure>;
}

/** The program `git`, shielded from this machine's settings and from what repositories would have it do. */
export interface Git {
  /** Never throws for an exit code; GIT_NOT_INSTALLED, and the signal's reason. */
  attempt(command: GitCommand): Promise<GitOutput>;
  /** The standard output; throws GIT_FAILED and its relatives, naming `name`. */
  run(name: string, command: GitCommand): Promise<Uint8Array>;
}

/** Bytes of output; a listing of a million names has about a hundred. */
const outputLimit = 256 * 1024 * 1024;

const passedOn = [
  "PATH",
  ...[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
  ],
  ...["GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK"],
  // Windows cannot start programs without them.
  ...["SystemRoot", "PATHEXT", "TEMP", "TMP"],
];

/** Nothing that starts a program (hooks, helpers, filters, monitors), nothing that changes contents. */
const settings = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.attributesFile=/dev/null",
  "core.autocrlf=false",
  "core.eol=lf",
  "core.symlinks=true",
  "core.fileMode=true",
  "core.alternateRefsCommand=",
  "credential.helper=",
  "fetch.recurseSubmodules=false",
  "submodule.recurse=false",
  "transfer.bundleURI=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "pack.threads=1",
  "init.defaultBranch=main",
  "advice.detachedHead=false",
  "protocol.version=2",
  "protocol.allow=never",
  // A server that sends less than a byte a second for a minute is given up.
  "http.lowSpeedLimit=1",
  "http.lowSpeedTime=60",
];

/** No terminal, no agent forwarding, only hosts whose keys the user has accepted before. */
const sshCommand =
  "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ForwardAgent=no -o ConnectTimeout=60";

/** `scratch` is an empty directory of ours. */
export async function openGit(scratch: string, environment: Environment, signal: AbortSignal): Promise<Git> {
  const { execa } = await import("execa");
  const home = path.join(scratch, "home");
  await mkdir(home, { recursive: true });
  const base = baseEnvironment(environment, home);

  async function attempt(command: GitCommand): Promise<GitOutput> {
    signal.throwIfAborted();
    const { peer } = command;
    const child = execa("git", [...settings.flatMap((each) => ["-c", each]), ...command.args], {
      cwd: command.directory ?? home,
      env: {
        ...base,
        ...peerEnvironment(peer),
        ...(command.gitDirectory === undefined ? {} : { GIT_DIR: command.gitDirectory }),
        ...command.extraEnvironment,
      },
      extendEnv: false,
      reject: false,
      encoding: "buffer",
      maxBuffer: outputLimit,
      ...(command.input === undefined ? { stdin: "ignore" as const } : { input: command.input }),
      // Its helpers inherit its pipes: the whole group must go for the pipes to close.
      detached: process.platform !== "win32",
    });
    const stop = () => killGroup(child.pid);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const result = await child;
      signal.throwIfAborted();
      if (result.code === "ENOENT" || result.code === "EACCES") throw gitNotInstalled(result.cause);
      const said = readable(result.stderr);
      return {
        ok: result.exitCode === 0,
        stdout: result.stdout,
        said: result.isMaxBuffer ? `${said} (too much output)` : said,
        kind: explainFailure(said),
      };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  return {
    attempt,
    async run(name, command) {
      const { ok, stdout, said, kind } = await attempt(command);
      if (!ok) throw gitFailed(kind, name, said);
      return stdout;
    },
  };
}

function baseEnvironment(environment: Environment, home: string): Record<string, string> {
  const passed = passedOn.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    LC_ALL: "C",
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    // Where hooks would be copied from.
    GIT_TEMPLATE_DIR: home,
    // Without it git looks for a repository in the directories above.
    GIT_CEILING_DIRECTORIES: path.dirname(home),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    SSH_ASKPASS: "",
    SSH_ASKPASS_REQUIRE: "never",
    GIT_SSH_COMMAND: sshCommand,
    GIT_SSH_VARIANT: "ssh",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_PROTOCOL_FROM_USER: "0",
    GIT_ALLOW_PROTOCOL: "none",
  };
}

/** Only the peer's own protocol (so that a redirect cannot leave it, but to TLS), and its credentials to it alone. */
function peerEnvironment(peer: Peer | undefined): Record<string, string> {
  if (peer === undefined) return {};
  const allowed = peer.protocol === "http" ? "http:https" : peer.protocol;
  const origin = originOf(peer.remote);
  if (peer.authorization === undefined || origin === undefined) return { GIT_ALLOW_PROTOCOL: allowed };
  return {
    GIT_ALLOW_PROTOCOL: allowed,
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: `http.${origin}.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: ${peer.authorization.replace(/[\r\n]/g, "")}`,
    // git would send the header to wherever it is redirected to.
    GIT_CONFIG_KEY_1: "http.followRedirects",
    GIT_CONFIG_VALUE_1: "false",
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch (cause) {
    // It may have ended by itself; macOS then says EPERM.
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw cause;
  }
}
