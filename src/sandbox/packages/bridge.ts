import type { TreeDraft, WorkingTree } from "../../filesystem/types.ts";
import type { GuestCall } from "../execute.ts";
import { emptyDirectory } from "../mounts.ts";
import { PIP_DRIVER, pipArguments } from "./pip.ts";
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

/**
 * Gives pip its network. While pip runs, a directory that nothing lists holds the driver that starts it;
 * a look-up of `/.boxwright/fetch` carries out the request that pip has written beside it, a look-up of
 * `/.boxwright/chmod/MODE/PATH` changes a mode, which preview 1 has no function for. Nothing of it
 * reaches a layer: it is a mount.
 */
export class PackageBridge {
  readonly hiddenNames: ReadonlySet<string> = new Set([NAME]);
  readonly #tree: WorkingTree;
  readonly #source: PackageSource;
  #bodies = 0;
  #ranPip = false;

  constructor(tree: WorkingTree, source: PackageSource) {
    this.#tree = tree;
    this.#source = source;
  }

  get ranPip(): boolean {
    return this.#ranPip;
  }

  /** Runs a guest; if it is pip, with the virtual directory in place. */
  around(call: GuestCall, run: (prepared: PreparedCall) => number): number {
    const words = pipArguments(this.#tree, call, `${ROOT}/pip.py`);
    if (words === undefined) return run({ ...call, beforeLookup: () => {} });
    this.#ranPip = true;
    this.#mount();
    try {
      const environment = {
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        PIP_PROGRESS_BAR: "off",
        PIP_ROOT_USER_ACTION: "ignore",
        PIP_NO_INPUT: "1",
        // Building needs processes, which preview 1 does not have.
        PIP_ONLY_BINARY: ":all:",
        XDG_CONFIG_DIRS: `${ROOT}/config`,
        ...call.environment,
      };
      return run({ ...call, words, environment, beforeLookup: (path) => this.#lookup(path) });
    } finally {
      this.#unmount();
    }
  }

  #mount(): void {
    const tree = this.#tree;
    tree.mount(ROOT, emptyDirectory(0o700), { readOnly: false });
    tree.makeDirectories(`${ROOT}/bodies`);
    tree.makeDirectories(`${ROOT}/config/pip`);
    tree.writeFile(`${ROOT}/pip.py`, encoder.encode(PIP_DRIVER));
    tree.writeFile(`${ROOT}/config/pip/pip.conf`, encoder.encode(this.#source.configuration));
  }

  #unmount(): TreeDraft {
    return this.#tree.unmount(ROOT);
  }

  #lookup(path: string): void {
    if (!path.startsWith(ROOT)) return;
    if (path === `${ROOT}/fetch`) this.#fetch();
    const chmod = /^\/\.boxwright\/chmod\/([0-7]{1,5})(\/.*)$/s.exec(path);
    if (chmod !== null) this.#chmod(Number.parseInt(chmod[1]!, 8), chmod[2]!);
  }

  #chmod(mode: number, path: string): void {
    const tree = this.#tree;
    tree.setAttributes(tree.resolve(path), { mode: mode & 0o7777 });
  }

  #fetch(): void {
    const tree = this.#tree;
    const reply = this.#source.fetch(readRequest(tree.readFile(`${ROOT}/request`)));
    let body: string | undefined;
    if (reply.kind === "response") {
      body = `${ROOT}/bodies/${this.#bodies++}`;
      const { parent, name } = tree.resolveParent(body);
      const { digest, size } = reply;
      const content = { blob: digest, offset: 0, size, sha256: digest };
      const mtime = { seconds: 0, nanos: 0 };
      tree.placeFile(parent, name, content, { mode: 0o600, uid: 0, gid: 0, mtime, xattrs: {} });
    }
    tree.writeFile(`${ROOT}/response`, encoder.encode(JSON.stringify({ ...reply, body })));
  }
}

/** The request comes from inside the sandbox: anything may be in it. */
function readRequest(bytes: Uint8Array): PackageRequest {
  const value = JSON.parse(decoder.decode(bytes)) as Partial<Record<keyof PackageRequest, unknown>>;
  const text = (field: unknown) => (typeof field === "string" && !/[\r\n]/.test(field) ? field : undefined);
  return {
    url: text(value.url) ?? "",
    accept: text(value.accept) ?? "*/*",
    authorization: text(value.authorization),
  };
}
