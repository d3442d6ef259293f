import type { WorkingTree } from "../../filesystem/types.ts";
import { type Channel, inputFrom, openDevice, openFileChannel } from "../guest/channel.ts";
import { STREAM_MAJOR } from "../guest/host.ts";
import { type Expander, expandToString } from "./expand.ts";
import { messageOf } from "./messages.ts";
import { absolutePath } from "./paths.ts";
import { ShellError } from "./signals.ts";
import type { HereDocument, Redirection, Word } from "./syntax.ts";

interface Access {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly truncate: boolean;
  readonly exclusive: boolean;
}

export const READ: Access = {
  readable: true,
  writable: false,
  append: false,
  create: false,
  truncate: false,
  exclusive: false,
};
const WRITE: Access = { ...READ, readable: false, writable: true, create: true, truncate: true };

/** Opens a file for the shell. Throws with a POSIX name (errno). */
export function openPath(
  tree: WorkingTree,
  descriptors: ReadonlyMap<number, Channel>,
  path: string,
  umask: number,
  access: Access,
): Channel {
  if (access.create) {
    try {
      tree.resolve(path);
    } catch (error) {
      if ((error as { errno?: unknown }).errno !== "ENOENT") throw error;
      tree.writeFile(path, new Uint8Array(), { mode: 0o666 & ~umask });
    }
  }
  const inode = tree.resolve(path);
  const { kind, major, minor } = tree.stat(inode);
  if (kind === "character-device") {
    const own = major === STREAM_MAJOR ? descriptors.get(minor) : openDevice(major, minor);
    if (own === undefined) throw new ShellError(`${path}: No such device or address`, 2);
    // The stream stays open when the redirection ends.
    return { ...own, read: (target) => own.read(target), write: (bytes) => own.write(bytes), close() {} };
  }
  if (kind === "directory" && access.writable)
    throw new ShellError(`cannot create ${path}: Is a directory`, 2);
  if (kind === "file" && access.truncate) tree.truncate(inode, 0);
  return openFileChannel(tree, inode, access);
}

/**
 * Applies redirections to `descriptors`, in order; returns the channels that were opened, which the
 * caller closes when the command has ended.
 */
export async function applyRedirections(
  expander: Expander,
  descriptors: Map<number, Channel>,
  redirections: readonly Redirection[],
): Promise<readonly Channel[]> {
  const { state, tree } = expander;
  const opened: Channel[] = [];

  const open = async (target: Word | HereDocument, access: Access): Promise<Channel> => {
    if (target.type !== "Word") throw new ShellError("syntax error: bad redirection", 2, true);
    const name = await expandToString(expander, target);
    const path = absolutePath(state.workingDirectory, name);
    try {
      if (access.exclusive && exists(tree, path))
        throw new ShellError(`cannot create ${name}: File exists`, 2);
      const channel = openPath(tree, descriptors, path, state.umask, access);
      opened.push(channel);
      return channel;
    } catch (error) {
      if (error instanceof ShellError) throw error;
      const verb = access.create ? "cannot create" : "cannot open";
      throw new ShellError(`${verb} ${name}: ${messageOf(error)}`, state.dialect === "bash" ? 1 : 2);
    }
  };

  const duplicate = async (target: Word | HereDocument, fd: number) => {
    const text = target.type === "Word" ? await expandToString(expander, target) : "";
    if (text === "-") {
      descriptors.delete(fd);
      return;
    }
    const source = /^\d+-?$/.test(text) ? descriptors.get(Number.parseInt(text, 10)) : undefined;
    if (source === undefined) throw new ShellError(`${text}: Bad file descriptor`, 2);
    descriptors.set(fd, source);
    if (text.endsWith("-")) descriptors.delete(Number.parseInt(text, 10));
  };

  for (const { operator, target, fd, fdVariable } of redirections) {
    if (fdVariable !== undefined) throw new ShellError("{name} in redirections is not supported", 2, true);
    const noclobber = state.options.has("noclobber");
    switch (operator) {
      case "<":
        descriptors.set(fd ?? 0, await open(target, READ));
        break;
      case "<>":
        descriptors.set(fd ?? 0, await open(target, { ...WRITE, readable: true, truncate: false }));
        break;
      case ">":
        descriptors.set(fd ?? 1, await open(target, { ...WRITE, exclusive: noclobber }));
        break;
      case ">|":
        descriptors.set(fd ?? 1, await open(target, WRITE));
        break;
      case ">>":
        descriptors.set(fd ?? 1, await open(target, { ...WRITE, append: true, truncate: false }));
        break;
      case "&>":
      case "&>>": {
        const append = operator === "&>>";
        const channel = await open(target, { ...WRITE, append, truncate: !append });
        descriptors.set(1, channel);
        descriptors.set(2, channel);
        break;
      }
      case ">&":
        if (fd === null && target.type === "Word" && !/^(\d+|-|\$.*)$/.test(plainText(target))) {
          const channel = await open(target, WRITE);
          descriptors.set(1, channel);
          descriptors.set(2, channel);
        } else await duplicate(target, fd ?? 1);
        break;
      case "<&":
        await duplicate(target, fd ?? 0);
        break;
      case "<<<": {
        const text = target.type === "Word" ? await expandToString(expander, target) : "";
        descriptors.set(fd ?? 0, inputFrom(new TextEncoder().encode(`${text}\n`)));
        break;
      }
      case "<<":
      case "<<-": {
        const text =
          target.type === "HereDoc" ? await expandToString(expander, hereDocumentText(target)) : "";
        descriptors.set(fd ?? 0, inputFrom(new TextEncoder().encode(text)));
        break;
      }
    }
  }
  return opened;
}

/** `<<-`: the tabs that begin a line of the document itself go, those of expansions stay. */
function hereDocumentText({ content, stripTabs }: HereDocument): Word {
  if (!stripTabs) return content;
  let lineStart = true;
  const parts = content.parts.map((part) => {
    if (part.type !== "Literal") {
      lineStart = false;
      return part;
    }
    const value = part.value.replace(lineStart ? /(^|\n)\t+/g : /(\n)\t+/g, "$1");
    if (part.value !== "") lineStart = part.value.endsWith("\n");
    return { ...part, value };
  });
  return { ...content, parts };
}

function plainText(word: Word): string {
  return word.parts.map((part) => (part.type === "Literal" ? part.value : "$")).join("");
}

function exists(tree: WorkingTree, path: string): boolean {
  try {
    return tree.stat(tree.resolve(path)).kind === "file";
  } catch {
    return false;
  }
}
