import type { InodeNumber } from "../filesystem/types.ts";
import type { FoundFile, ImageFiles } from "./image-files.ts";
import { ROLE_ENV, ROLE_GUEST } from "./index-encoder.ts";
import type { StaticState } from "./static-state.ts";

/** What executing a command line would end in, after shebangs and `env`. */
export type Resolved =
  /** A shell is to run `argv` (its own name first); `script` is the file, where a file led to it. */
  | { readonly kind: "shell"; readonly argv: readonly string[]; readonly scriptPath: string | undefined }
  | { readonly kind: "guest" }
  /** Only the run can tell. */
  | { readonly kind: "unknown" }
  | { readonly kind: "missing"; readonly program: string }
  | { readonly kind: "refused"; readonly program: string; readonly why: string };

const SHELLS: ReadonlySet<string> = new Set(["sh", "dash", "bash", "ash"]);
const OTHER_SHELLS: ReadonlySet<string> = new Set(["zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox"]);
/** binfmt_script's (Linux fs/binfmt_script.c, BINPRM_BUF_SIZE). */
const SHEBANG_LIMIT = 256;
const LEVEL_LIMIT = 5;
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface ResolveContext {
  readonly files: ImageFiles;
  readonly roles: ReadonlyMap<InodeNumber, number>;
  readonly state: StaticState;
}

/** Follows a command line whose words are known, as EXEC of docs/index-format.md does at run time. */
export function resolveProgram(argv: readonly string[], context: ResolveContext): Resolved {
  let words = argv;
  let scriptPath: string | undefined;
  for (let level = 0; level < LEVEL_LIMIT; level++) {
    const [program = "", ...operands] = words;
    const shell = shellOf(program);
    if (shell === "known") return { kind: "shell", argv: words, scriptPath };
    if (shell === "other") {
      return { kind: "refused", program, why: "it is a shell that components cannot stand in for" };
    }
    const found = locate(program, context);
    if (found === "unknown") return { kind: "unknown" };
    if (found === undefined) return { kind: "missing", program };
    const role = context.roles.get(found.file.number);
    if (role === ROLE_GUEST) return { kind: "guest" };
    if (role === ROLE_ENV) {
      const next = commandOfEnv(operands);
      if (next === undefined) return { kind: "unknown" };
      words = next;
      continue;
    }
    const verdict = examine(found, context.files);
    if (verdict.kind === "refused") return { kind: "refused", program, why: verdict.why };
    scriptPath = found.named;
    words = [...verdict.interpreter, found.named, ...operands];
  }
  return { kind: "refused", program: argv[0] ?? "", why: "its #! lines lead too deep" };
}

function shellOf(program: string): "known" | "other" | undefined {
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (SHELLS.has(name)) return "known";
  return OTHER_SHELLS.has(name) ? "other" : undefined;
}

interface Located {
  readonly file: FoundFile;
  /** The path as execve gets it, which a script sees as $0. */
  readonly named: string;
}

function locate(program: string, { files, state }: ResolveContext): Located | "unknown" | undefined {
  const directory = state.workingDirectory;
  if (program.includes("/")) {
    if (directory === undefined && !program.startsWith("/")) return "unknown";
    const file = files.find(program, directory);
    return file === undefined ? undefined : { file, named: program };
  }
  const path = state.environment.get("PATH") ?? (state.environment.has("PATH") ? null : DEFAULT_PATH);
  if (path === null) return "unknown";
  for (const folder of path.split(":")) {
    if (directory === undefined && !folder.startsWith("/")) return "unknown";
    const named = folder === "" ? program : `${folder.replace(/\/$/, "")}/${program}`;
    const file = files.find(named, directory);
    const isExecutable = file?.inode.kind === "file" && (file.inode.attributes.mode & 0o111) !== 0;
    if (file !== undefined && isExecutable) return { file, named };
  }
  return undefined;
}

type Verdict =
  | { readonly kind: "script"; readonly interpreter: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

function examine({ file }: Located, files: ImageFiles): Verdict {
  if (file.inode.kind === "directory") return { kind: "refused", why: "it is a directory" };
  if (file.inode.kind !== "file") return { kind: "refused", why: "it is not a regular file" };
  if ((file.inode.attributes.mode & 0o111) === 0) {
    return { kind: "refused", why: "it is not executable (permission denied); add --chmod=755 to its COPY" };
  }
  const head = files.read(file, SHEBANG_LIMIT);
  if (head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46) {
    return { kind: "refused", why: `it is an ELF binary for ${elfMachine(head)}` };
  }
  if (head[0] !== 0x23 || head[1] !== 0x21) {
    return { kind: "refused", why: "it has no #! line and is no program of the image's runtime" };
  }
  const line = new TextDecoder("latin1").decode(head.subarray(2)).split("\n")[0]?.trim() ?? "";
  const match = /^(\S+)(?:[ \t]+(.*))?$/.exec(line);
  if (match?.[1] === undefined) return { kind: "refused", why: "its #! line names no interpreter" };
  return { kind: "script", interpreter: match[2] === undefined ? [match[1]] : [match[1], match[2]] };
}

/** e_machine of the ELF header (elf(5)), for the message. */
function elfMachine(head: Uint8Array): string {
  const machine =
    head[5] === 2 ? ((head[18] ?? 0) << 8) | (head[19] ?? 0) : ((head[19] ?? 0) << 8) | (head[18] ?? 0);
  const names: Readonly<Record<number, string>> = {
    3: "x86",
    40: "arm",
    62: "x86-64",
    183: "arm64",
    243: "riscv",
  };
  return names[machine] ?? `machine ${machine}`;
}

/** The command in `env [-S] [--] command`; undefined with options or assignments, which the run resolves. */
function commandOfEnv(operands: readonly string[]): readonly string[] | undefined {
  const [first, ...rest] = operands;
  if (first === undefined) return undefined;
  if (first === "--") return rest.length > 0 ? rest : undefined;
  const split = /^-S[ \t]*(.*)$/.exec(first)?.[1];
  if (split !== undefined) {
    if (/["'\\$#]/.test(split)) return undefined;
    const words = [...split.split(/[ \t]+/).filter((word) => word !== ""), ...rest];
    return commandOfEnv(words);
  }
  return first.startsWith("-") || first.includes("=") ? undefined : operands;
}
