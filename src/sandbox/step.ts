import { parse } from "just-bash";
import { createWorkingTree } from "../filesystem/index.ts";
import type { ContentReader, TreeDraft, WorkingTree } from "../filesystem/types.ts";
import { readGroups, readUsers } from "./commands/accounts-file.ts";
import { createExecute, freshState, type Problem } from "./execute.ts";
import { inputFrom, outputTo } from "./guest/channel.ts";
import { runGuest } from "./guest/host.ts";
import { startClock } from "./guest/process-calls.ts";
import { mountAll, secretEnvironment } from "./mounts.ts";
import { ownedTree } from "./owned-tree.ts";
import { PackageBridge, type PackageSource } from "./packages/bridge.ts";
import { findGuestCommand, findProgram } from "./programs.ts";
import { runCommandLine, runShell, type ShellHost } from "./shell/shell.ts";
import type { Dialect } from "./shell/state.ts";
import { createStepTime } from "./step-time.ts";
import type { RunRequest } from "./types.ts";

export interface StepOptions {
  readonly reader: ContentReader;
  readonly module: WebAssembly.Module;
  readonly guestPaths: readonly string[];
  readonly packages: PackageSource;
  readonly onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
}

export interface StepResult {
  readonly exitCode: number;
  readonly changes: TreeDraft;
  readonly mountChanges: ReadonlyMap<string, TreeDraft>;
  readonly problem: Problem | undefined;
  readonly ranPip: boolean;
}

const UMASK = 0o022;

interface StepUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** USER's value through the image's passwd and group; numbers need not be there (as Docker has it). */
export function resolveUser(tree: WorkingTree, text: string): StepUser | undefined {
  if (text === "") return resolveUser(tree, "0");
  const [user = "", group] = text.split(":");
  const entry = readUsers(tree).find(({ name, uid }) => name === user || String(uid) === user);
  const uid = entry?.uid ?? (/^\d+$/.test(user) ? Number(user) : undefined);
  if (uid === undefined) return undefined;
  const home = entry?.home ?? (uid === 0 ? "/root" : "/");
  if (group === undefined) return { uid, gid: entry?.gid ?? 0, home };
  const found = readGroups(tree).find(({ name, gid }) => name === group || String(gid) === group);
  const gid = found?.gid ?? (/^\d+$/.test(group) ? Number(group) : undefined);
  return gid === undefined ? undefined : { uid, gid, home };
}

/** The user of a step is not in the image's passwd or group file. */
export class UnknownUser extends Error {}
/** SHELL names something that is no shell of ours. */
export class UnknownShell extends Error {}

/** Runs a step to its end, synchronously where the guest runs: call it on a thread of its own. */
export async function runStep(request: RunRequest, options: StepOptions): Promise<StepResult> {
  const time = createStepTime(request.epoch);
  const bare = createWorkingTree(request.snapshot, options.reader, { now: time.now });
  const user = resolveUser(bare, request.user);
  if (user === undefined) throw new UnknownUser(request.user);
  const unmountAll = mountAll(bare, request.mounts);
  const tree = ownedTree(bare, { uid: user.uid, gid: user.gid });
  tree.makeDirectories(request.workingDirectory);

  let problem: Problem | undefined;
  const recordProblem = (found: Problem) => {
    problem ??= found;
  };
  const clock = startClock(request.epoch);
  const { guestPaths } = options;
  const bridge = new PackageBridge({
    tree: bare,
    source: options.packages,
    findGuest: ({ words, environment, workingDirectory }) => {
      const searchPath = environment["PATH"] ?? "";
      return findGuestCommand({ tree, guestPaths, workingDirectory, searchPath }, words);
    },
    runGuest: (call) =>
      runGuest({
        module: options.module,
        tree,
        arguments: call.words,
        environment: { PYTHONHASHSEED: "0", ...call.environment },
        workingDirectory: call.workingDirectory,
        umask: call.umask,
        streams: call.streams,
        clock,
        now: time.now,
        hiddenNames: bridge.hiddenNames,
        beforeLookup: call.beforeLookup,
      }),
  });
  const host: ShellHost = {
    tree,
    parse,
    execute: createExecute({ tree, guestPaths, runGuest: (call) => bridge.run(call), recordProblem }),
    find: ({ state }, name) => {
      const path = state.variables.get("PATH")?.value;
      const searchPath = typeof path === "string" ? path : "";
      return findProgram({ tree, guestPaths, workingDirectory: state.workingDirectory, searchPath }, name);
    },
    homeOf: (name) => (name === "" ? user.home : readUsers(tree).find((entry) => entry.name === name)?.home),
    now: time.now,
    user,
    recordMissing: (name) => recordProblem({ kind: "missing", name }),
  };

  const exitCode = await runCommand(request, host, user, options);
  const mounts = unmountAll();
  const mountChanges = new Map([...mounts.mountChanges].map(([key, draft]) => [key, time.settle(draft)]));
  return { exitCode, changes: time.settle(bare.changes()), mountChanges, problem, ranPip: bridge.ranPip };
}

function runCommand(
  request: RunRequest,
  host: ShellHost,
  user: StepUser,
  options: StepOptions,
): Promise<number> {
  const environment = { HOME: user.home, ...request.environment, ...secretEnvironment(request.mounts) };
  const descriptors = new Map([
    [0, inputFrom(new Uint8Array())],
    [1, outputTo((bytes) => options.onOutput("stdout", bytes))],
    [2, outputTo((bytes) => options.onOutput("stderr", bytes))],
  ]);
  const { command, workingDirectory } = request;
  const begin = (dialect: Dialect, name: string) =>
    freshState(
      { dialect, name, positional: [], environment, options: [] },
      workingDirectory,
      UMASK,
      descriptors,
    );
  if (command.kind === "exec") return runCommandLine(host, begin("sh", "sh"), command.words);
  const { shell } = command;
  const [program = "/bin/sh"] = shell;
  const name = program.split("/").at(-1)!;
  if (!["sh", "bash", "dash", "ash"].includes(name)) throw new UnknownShell(shell.join(" "));
  // `/bin/sh -c script`, with whatever options SHELL puts before.
  if (shell.length === 2 && shell[1] === "-c") {
    return runShell(host, begin(name === "bash" ? "bash" : "sh", program), command.script);
  }
  return runCommandLine(host, begin("sh", "sh"), [...shell, command.script]);
}
