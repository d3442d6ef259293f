import type { Stat } from "../../filesystem/types.ts";
import { absolutePath } from "./paths.ts";
import type { Shell } from "./shell.ts";
import { ShellError } from "./signals.ts";

function stat(shell: Shell, path: string, followLast = true): Stat | undefined {
  if (path === "") return undefined;
  try {
    const { tree, state } = shell;
    return tree.stat(tree.resolve(absolutePath(state.workingDirectory, path), { followLast }));
  } catch {
    return undefined;
  }
}

const FILE_TESTS: Readonly<Record<string, (stat: Stat) => boolean>> = {
  "-a": () => true,
  "-b": ({ kind }) => kind === "block-device",
  "-c": ({ kind }) => kind === "character-device",
  "-d": ({ kind }) => kind === "directory",
  "-e": () => true,
  "-f": ({ kind }) => kind === "file",
  "-g": ({ mode }) => (mode & 0o2000) !== 0,
  "-G": () => true,
  "-k": ({ mode }) => (mode & 0o1000) !== 0,
  "-N": () => true,
  "-O": () => true,
  "-p": ({ kind }) => kind === "fifo",
  // Build steps run as root, whom only a missing execute bit stops.
  "-r": () => true,
  "-s": ({ size }) => size > 0,
  "-S": () => false,
  "-u": ({ mode }) => (mode & 0o4000) !== 0,
  "-w": () => true,
  "-x": ({ kind, mode }) => kind === "directory" || (mode & 0o111) !== 0,
};

export function isUnaryOperator(text: string): boolean {
  return text in FILE_TESTS || ["-z", "-n", "-t", "-h", "-L", "-o", "-v"].includes(text);
}

export function unaryTest(shell: Shell, operator: string, operand: string): boolean {
  switch (operator) {
    case "-z":
      return operand === "";
    case "-n":
      return operand !== "";
    case "-t":
      return false;
    case "-h":
    case "-L":
      return stat(shell, operand, false)?.kind === "symlink";
    case "-v":
      return shell.state.variables.get(operand)?.value !== undefined;
    case "-o":
      return [...shell.state.options].some((name) => name === operand);
  }
  const test = FILE_TESTS[operator];
  if (test === undefined) throw new ShellError(`test: ${operator}: unknown operator`, 2);
  const found = stat(shell, operand);
  return found !== undefined && test(found);
}

export const BINARY_OPERATORS: ReadonlySet<string> = new Set(
  "= == != < > -eq -ne -lt -le -gt -ge -nt -ot -ef".split(" "),
);

function integer(text: string): bigint {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new ShellError(`test: Illegal number: ${text}`, 2);
  return BigInt(text.trim().replace(/^\+/, ""));
}

function newer(shell: Shell, left: string, right: string): boolean {
  const [one, other] = [stat(shell, left), stat(shell, right)];
  if (one === undefined) return false;
  if (other === undefined) return true;
  const difference = one.mtime.seconds - other.mtime.seconds || one.mtime.nanos - other.mtime.nanos;
  return difference > 0;
}

export function binaryTest(shell: Shell, left: string, operator: string, right: string): boolean {
  switch (operator) {
    case "=":
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
    case ">":
      return Buffer.compare(Buffer.from(left), Buffer.from(right)) > 0;
    case "-eq":
      return integer(left) === integer(right);
    case "-ne":
      return integer(left) !== integer(right);
    case "-lt":
      return integer(left) < integer(right);
    case "-le":
      return integer(left) <= integer(right);
    case "-gt":
      return integer(left) > integer(right);
    case "-ge":
      return integer(left) >= integer(right);
    case "-nt":
      return newer(shell, left, right);
    case "-ot":
      return newer(shell, right, left);
    case "-ef": {
      const one = stat(shell, left);
      return one !== undefined && one.inode === stat(shell, right)?.inode;
    }
    default:
      throw new ShellError(`test: ${operator}: unexpected operator`, 2);
  }
}
