import type { WorkingTree } from "../../filesystem/types.ts";
import type { GuestCall } from "../execute.ts";
import { type Channel, collector, inputFrom, NULL_CHANNEL } from "../guest/channel.ts";
import { emptyDirectory } from "../mounts.ts";
import { DRIVER } from "./driver.ts";
import { isPip, throughDriver } from "./pip.ts";
import type { PackageReply, PackageRequest } from "./types.ts";

/** What the bridge needs of the thread that has the network. `fetch` blocks until the reply is there. */
export interface PackageSource {
  readonly fetch: (request: PackageRequest) => PackageReply;
  /** pip's settings of the host's user, as an INI file. */
  readonly configuration: string;
}

export interface PreparedCall extends GuestCall {
  readonly beforeLookup: (path: string) => void;
}

const NAME = ".boxwright";
const ROOT = `/${NAME}`;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Resolves argv to a guest's command line, or undefined where it starts no guest. */
export type FindGuest = (
  call: Pick<GuestCall, "words" | "environment" | "workingDirectory">,
) => readonly string[] | undefined;

export interface BridgeOptions {
  readonly tree: WorkingTree;
  readonly source: PackageSource;
  readonly findGuest: FindGuest;
  readonly runGuest: (call: PreparedCall) => number;
}

/** What one process may print before its output is cut off. */
const MAX_OUTPUT = 256 * 1024 * 1024;
/** A process that starts a process and so on: a real one would run out of something else. */
const MAX_DEPTH = 16;

/**
 * Gives pip its network and its processes. While pip runs, a directory that nothing lists holds the
 * driver that starts it (driver.ts); a look-up of an operation's name there carries out the request that
 * the driver has written beside it. Nothing of it reaches a layer: it is a mount.
 */
export class PackageBridge {
  readonly hiddenNames: ReadonlySet<string> = new Set([NAME]);
  readonly #tree: WorkingTree;
  readonly #options: BridgeOptions;
  #files = 0;
  #depth = 0;
  #ranPip = false;
  #current: GuestCall | undefined;

  constructor(options: BridgeOptions) {
    this.#tree = options.tree;
    this.#options = options;
  }

  get ranPip(): boolean {
    return this.#ranPip;
  }

  /** Runs a guest; if it is pip, with the virtual directory in place. */
  run(call: GuestCall): number {
    if (!isPip(this.#tree, call)) return this.#options.runGuest({ ...call, beforeLookup: () => {} });
    this.#ranPip = true;
    this.#mount();
    try {
      const environment = {
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        PIP_PROGRESS_BAR: "off",
        PIP_ROOT_USER_ACTION: "ignore",
        PIP_NO_INPUT: "1",
        PIP_NO_CACHE_DIR: "1",
        PIP_PREFER_BINARY: "1",
        XDG_CONFIG_DIRS: `${ROOT}/config`,
        ...call.environment,
      };
      return this.#drive({ ...call, environment });
    } finally {
      this.#tree.unmount(ROOT);
    }
  }

  #drive(call: GuestCall): number {
    const before = this.#current;
    this.#current = call;
    this.#depth++;
    try {
      const words = throughDriver(call.words, `${ROOT}/driver.py`);
      return this.#options.runGuest({ ...call, words, beforeLookup: (path) => this.#lookup(path) });
    } finally {
      this.#depth--;
      this.#current = before;
    }
  }

  #mount(): void {
    const tree = this.#tree;
    tree.mount(ROOT, emptyDirectory(0o700), { readOnly: false });
    tree.makeDirectories(`${ROOT}/files`);
    tree.makeDirectories(`${ROOT}/config/pip`);
    tree.writeFile(`${ROOT}/driver.py`, encoder.encode(DRIVER));
    tree.writeFile(`${ROOT}/config/pip/pip.conf`, encoder.encode(this.#options.source.configuration));
  }

  #lookup(path: string): void {
    const operation = path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : "";
    const answer = this.#answer(operation);
    if (answer === undefined) return;
    this.#tree.writeFile(`${ROOT}/response`, encoder.encode(JSON.stringify(answer)));
  }

  #answer(operation: string): unknown {
    switch (operation) {
      case "fetch":
        return this.#fetch();
      case "chmod":
        return this.#chmod();
      case "find":
        return { found: this.#depth < MAX_DEPTH && this.#options.findGuest(this.#readCall()) !== undefined };
      case "spawn":
        return this.#spawn();
      default:
        return undefined;
    }
  }

  /** The request comes from inside the sandbox: anything may be in it. */
  #readRequest(): Readonly<Record<string, unknown>> {
    const value: unknown = JSON.parse(decoder.decode(this.#tree.readFile(`${ROOT}/request`)));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  }

  #nextFile(): string {
    return `${ROOT}/files/${this.#files++}`;
  }

  #chmod(): unknown {
    const { path, mode } = this.#readRequest();
    if (typeof path !== "string" || typeof mode !== "number") return { changed: false };
    this.#tree.setAttributes(this.#tree.resolve(path), { mode: mode & 0o7777 });
    return { changed: true };
  }

  #fetch(): unknown {
    const tree = this.#tree;
    const text = (field: unknown) => (typeof field === "string" && !/[\r\n]/.test(field) ? field : undefined);
    const { url, accept, authorization } = this.#readRequest();
    const reply = this.#options.source.fetch({
      url: text(url) ?? "",
      accept: text(accept) ?? "*/*",
      authorization: text(authorization),
    });
    if (reply.kind !== "response") return reply;
    const body = this.#nextFile();
    const { parent, name } = tree.resolveParent(body);
    const { digest, size } = reply;
    const content = { blob: digest, offset: 0, size, sha256: digest };
    const mtime = { seconds: 0, nanos: 0 };
    tree.placeFile(parent, name, content, { mode: 0o600, uid: 0, gid: 0, mtime, xattrs: {} });
    return { ...reply, body };
  }

  #readCall(): Pick<GuestCall, "words" | "environment" | "workingDirectory"> {
    const { words, cwd, env } = this.#readRequest();
    const entries = typeof env === "object" && env !== null ? Object.entries(env) : [];
    return {
      words: Array.isArray(words) ? words.map(String) : [],
      environment: Object.fromEntries(entries.map(([key, value]) => [key, String(value)])),
      workingDirectory: typeof cwd === "string" ? cwd : "/",
    };
  }

  #spawn(): unknown {
    const { stdout, stderr } = this.#readRequest();
    const asked = this.#readCall();
    // What a build is isolated in is thrown away: compiling it ahead is in vain (pip reads "0" as --no-compile).
    const isolated = asked.words.some((word) => word.endsWith("/__pip-runner__.py"));
    const call = isolated ? { ...asked, environment: { ...asked.environment, PIP_NO_COMPILE: "0" } } : asked;
    const words = this.#options.findGuest(call);
    const current = this.#current;
    if (words === undefined || current === undefined) return { returncode: 127 };
    const out = collector(MAX_OUTPUT);
    const err = collector(MAX_OUTPUT);
    const channel = (kind: unknown, own: Channel, inherited: Channel): Channel =>
      kind === "pipe" ? own : kind === "null" ? NULL_CHANNEL : inherited;
    const first = channel(stdout, out, current.streams[1]);
    const second = stderr === "stdout" ? first : channel(stderr, err, current.streams[2]);
    const input = inputFrom(this.#tree.readFile(`${ROOT}/stdin`));
    const returncode = this.#drive({ ...call, words, umask: current.umask, streams: [input, first, second] });
    return { returncode, stdout: this.#keep(out.bytes()), stderr: this.#keep(err.bytes()) };
  }

  #keep(bytes: Uint8Array): string {
    const path = this.#nextFile();
    this.#tree.writeFile(path, bytes);
    return path;
  }
}
