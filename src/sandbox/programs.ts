import type { RuntimeManifest } from "../component/types.ts";
import type { WorkingTree } from "../filesystem/types.ts";
import { isCommand } from "./commands/index.ts";
import { realFile } from "./commands/tree-filesystem.ts";
import { errnoName } from "./shell/messages.ts";
import { absolutePath } from "./shell/paths.ts";
import { matchesPattern } from "./shell/pattern.ts";

/** What a command's name comes to. */
export type Program =
  | { readonly kind: "guest"; readonly path: string }
  | { readonly kind: "command"; readonly name: string; readonly path: string | undefined }
  | { readonly kind: "shell"; readonly dialect: "sh" | "bash" }
  | {
      readonly kind: "script";
      readonly path: string;
      readonly interpreter: string;
      readonly argument: string | undefined;
    }
  | { readonly kind: "text"; readonly path: string }
  | { readonly kind: "foreign"; readonly path: string; readonly format: string }
  | { readonly kind: "denied"; readonly path: string; readonly reason: string }
  | { readonly kind: "missing" };

/** How the embedded base images mark the files that stand in for the build shell's commands. */
const STAND_IN = "A command of Boxwright's build shell";
const SHELLS: Readonly<Record<string, "sh" | "bash">> = { sh: "sh", dash: "sh", ash: "sh", bash: "bash" };
/** Linux reads this much of a file to find its interpreter (BINPRM_BUF_SIZE). */
const HEAD_SIZE = 256;

const baseName = (path: string) => path.split("/").at(-1) ?? "";

function builtin(name: string, path: string | undefined): Program {
  const dialect = SHELLS[name];
  if (dialect !== undefined) return { kind: "shell", dialect };
  return isCommand(name) ? { kind: "command", name, path } : { kind: "missing" };
}

function readHead(tree: WorkingTree, inode: number): Buffer {
  const head = Buffer.alloc(HEAD_SIZE);
  return head.subarray(0, tree.read(inode, 0, head));
}

function classify(tree: WorkingTree, path: string, guestPaths: RuntimeManifest["guestPaths"]): Program {
  const inode = tree.resolve(path);
  const { kind, mode } = tree.stat(inode);
  if (kind === "directory") return { kind: "denied", path, reason: "Is a directory" };
  if (kind !== "file" || (mode & 0o111) === 0) return { kind: "denied", path, reason: "Permission denied" };
  const real = realFile(tree, path);
  if (guestPaths.some((pattern) => matchesPattern(pattern, real))) return { kind: "guest", path };
  const head = readHead(tree, inode);
  if (head.toString("latin1").startsWith(STAND_IN)) return builtin(baseName(path), path);
  if (head.toString("latin1", 0, 2) === "#!") {
    const line = head.toString().slice(2).split("\n", 1)[0]!.trim();
    const [, interpreter = "", argument] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    return { kind: "script", path, interpreter, argument: argument === "" ? undefined : argument };
  }
  if (head.toString("latin1", 0, 4) === "\x7fELF") return { kind: "foreign", path, format: "ELF" };
  return head.includes(0) ? { kind: "foreign", path, format: "binary" } : { kind: "text", path };
}

/** Files that the tree has under a name on PATH, in order. */
function* candidates(name: string, directory: string, searchPath: string): Generator<string> {
  if (name.includes("/")) yield absolutePath(directory, name);
  else for (const entry of searchPath.split(":")) yield absolutePath(directory, `${entry || "."}/${name}`);
}

export interface ProgramSearch {
  readonly tree: WorkingTree;
  readonly workingDirectory: string;
  readonly searchPath: string;
  readonly guestPaths: RuntimeManifest["guestPaths"];
}

/** Where a name would be found, as `command -v` prints it; undefined if nowhere. */
export function findProgram(search: ProgramSearch, name: string): string | undefined {
  const { tree, workingDirectory, searchPath } = search;
  for (const path of candidates(name, workingDirectory, searchPath)) {
    try {
      const { kind, mode } = tree.stat(tree.resolve(path));
      if (kind === "file" && (mode & 0o111) !== 0) return path;
    } catch (error) {
      if (errnoName(error) === undefined) throw error;
    }
  }
  const program = name.includes("/") ? undefined : builtin(name, undefined);
  return program === undefined || program.kind === "missing" ? undefined : `/usr/bin/${name}`;
}

/**
 * What a name is: the tree decides; a command of the build shell answers where the tree has no file of
 * that name.
 */
export function resolveProgram(search: ProgramSearch, name: string): Program {
  const { tree, workingDirectory, searchPath, guestPaths } = search;
  let denied: Program | undefined;
  for (const path of candidates(name, workingDirectory, searchPath)) {
    try {
      const program = classify(tree, path, guestPaths);
      if (program.kind !== "denied") return program;
      denied ??= program;
    } catch (error) {
      if (errnoName(error) === undefined) throw error;
    }
  }
  if (!name.includes("/")) {
    const program = builtin(name, undefined);
    if (program.kind !== "missing") return program;
  } else if (/^\/(usr\/)?s?bin\/[^/]+$/.test(name)) {
    return denied ?? builtin(baseName(name), undefined);
  }
  return denied ?? { kind: "missing" };
}

/** Linux follows this many interpreters (fs/exec.c). */
const MAX_INTERPRETERS = 4;

/** argv as the guest gets it, interpreters and `env` resolved; undefined where it starts no guest. */
export function findGuestCommand(
  search: ProgramSearch,
  words: readonly string[],
  depth = 0,
): readonly string[] | undefined {
  const [name, ...args] = words;
  if (name === undefined || depth > MAX_INTERPRETERS) return undefined;
  const program = resolveProgram(search, name);
  if (program.kind === "guest") return [program.path, ...args];
  if (program.kind === "command" && program.name === "env") return findGuestCommand(search, args, depth + 1);
  if (program.kind !== "script") return undefined;
  const { interpreter, argument, path } = program;
  return findGuestCommand(
    search,
    [interpreter, ...(argument === undefined ? [] : [argument]), path, ...args],
    depth + 1,
  );
}
