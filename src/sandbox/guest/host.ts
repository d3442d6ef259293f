import type { InodeNumber, Timestamp, WorkingTree } from "../../filesystem/types.ts";
import { ERRNO, errnoOf, GuestError } from "./abi.ts";
import { type Channel, openDevice } from "./channel.ts";
import { DescriptorTable } from "./descriptors.ts";
import { fdCalls } from "./fd-calls.ts";
import { GuestMemory } from "./memory.ts";
import { type PathContext, pathCalls } from "./path-calls.ts";
import { type Clock, GuestExit, processCalls } from "./process-calls.ts";

// biome-ignore lint/suspicious/noExplicitAny: the Wasm engine converts each argument by the import's signature
export type HostFunctions = Record<string, (...args: any[]) => number>;

/** Character devices with this major number (for local use in Linux's list) are the process's own streams. */
export const STREAM_MAJOR = 240;

const ROOT: InodeNumber = 1;
const PREOPEN_FD = 3;

export interface GuestProcess {
  /** A preview-1 command. */
  readonly module: WebAssembly.Module;
  readonly tree: WorkingTree;
  /** argv, with argv[0]. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly umask: number;
  /** Descriptors 0, 1 and 2. */
  readonly streams: readonly [Channel, Channel, Channel];
  readonly clock: Clock;
  /** What files get as modification time by "now". */
  readonly now: () => Timestamp;
  readonly hiddenNames: ReadonlySet<string>;
  readonly beforeLookup: (path: string) => void;
}

/** Wraps a host function: what fails with a POSIX name becomes its number. */
function guarded(call: (...args: unknown[]) => number): (...args: unknown[]) => number {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      if (error instanceof GuestExit) throw error;
      return errnoOf(error);
    }
  };
}

function say(channel: Channel, text: string): void {
  channel.write(new TextEncoder().encode(text));
}

/** Starts the guest in its directory: preview 1 has none, so the guest's libc is told through its exports. */
function changeDirectory(exports: WebAssembly.Exports, memory: GuestMemory, directory: string): void {
  const malloc = exports["boxwright_malloc"];
  const chdir = exports["boxwright_chdir"];
  if (typeof malloc !== "function" || typeof chdir !== "function") return;
  const bytes = new TextEncoder().encode(`${directory}\0`);
  const pointer = (malloc as (size: number) => number)(bytes.length);
  if (pointer === 0) return;
  memory.slice(pointer, bytes.length).set(bytes);
  (chdir as (path: number) => number)(pointer);
}

/**
 * Runs a guest to its end and returns its exit code. A trap is reported on its stderr as a shell would:
 * 139 where the stack ran out, 134 otherwise.
 */
export function runGuest(process: GuestProcess): number {
  const { tree, streams } = process;
  const memory = new GuestMemory();
  const descriptors = new DescriptorTable(tree);
  for (const [number, channel] of streams.entries()) {
    descriptors.set(number, { kind: "channel", channel, inherited: true, flags: 0 });
  }
  descriptors.set(PREOPEN_FD, { kind: "directory", inode: ROOT, preopen: "/", listing: undefined });

  const context: PathContext = {
    memory,
    tree,
    descriptors,
    hiddenNames: process.hiddenNames,
    umask: process.umask,
    now: process.now,
    beforeLookup: process.beforeLookup,
    openSpecial(inode) {
      const { kind, major, minor } = tree.stat(inode);
      if (kind !== "character-device") throw new GuestError("ENOTSUP");
      return major === STREAM_MAJOR && minor < 3 ? streams[minor as 0 | 1 | 2] : openDevice(major, minor);
    },
  };
  const functions: HostFunctions = {
    ...fdCalls(context),
    ...pathCalls(context),
    ...processCalls({
      memory,
      descriptors,
      arguments: process.arguments,
      environment: process.environment,
      clock: process.clock,
      onStart: () => changeDirectory(instance.exports, memory, process.workingDirectory),
    }),
  };
  const imports: WebAssembly.ModuleImports = {};
  for (const { module, name } of WebAssembly.Module.imports(process.module)) {
    if (module !== "wasi_snapshot_preview1") continue;
    const call = functions[name];
    imports[name] = call === undefined ? () => ERRNO.ENOSYS : guarded(call);
  }
  const instance = new WebAssembly.Instance(process.module, { wasi_snapshot_preview1: imports });
  memory.attach(instance.exports["memory"] as WebAssembly.Memory);
  try {
    (instance.exports["_start"] as () => void)();
    return 0;
  } catch (error) {
    if (error instanceof GuestExit) return error.exitCode;
    if (error instanceof RangeError && error.message.includes("call stack")) {
      say(streams[2], "Segmentation fault (stack overflow)\n");
      return 139;
    }
    if (error instanceof WebAssembly.RuntimeError) {
      say(streams[2], `Aborted (${error.message})\n`);
      return 134;
    }
    throw error;
  } finally {
    descriptors.closeAll();
  }
}
