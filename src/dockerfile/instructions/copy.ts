import { heredocDestination, noDestination } from "../../errors/dockerfile.ts";
import { type FlagValues, readFlags } from "../flags.ts";
import { heredocWord, stripTabs } from "../heredocs.ts";
import type { Node } from "../nodes.ts";
import type { AddInstruction, CopyInstruction, CopySource } from "../types.ts";
import { common } from "./base.ts";

const SHARED = { chown: "text", chmod: "text", link: "boolean", exclude: "list" } as const;

export function parseCopy(node: Node): CopyInstruction {
  requireDestination(node, "COPY");
  const flags = readFlags(node, { ...SHARED, from: "text", parents: "boolean" });
  return {
    kind: "COPY",
    ...common(node),
    ...readSources(node, "COPY"),
    ...sharedFlags(flags),
    from: flags.text("from") || undefined,
    parents: flags.boolean("parents") ?? false,
  };
}

export function parseAdd(node: Node): AddInstruction {
  requireDestination(node, "ADD");
  const flags = readFlags(node, {
    ...SHARED,
    checksum: "text",
    "keep-git-dir": "boolean",
    unpack: "boolean",
  });
  return {
    kind: "ADD",
    ...common(node),
    ...readSources(node, "ADD"),
    ...sharedFlags(flags),
    checksum: flags.text("checksum") || undefined,
    keepGitDir: flags.boolean("keep-git-dir"),
    unpack: flags.boolean("unpack"),
  };
}

function requireDestination(node: Node, name: string): void {
  if (node.args.length < 2) throw noDestination(name);
}

const sharedFlags = (flags: FlagValues) => ({
  chown: flags.text("chown") || undefined,
  chmod: flags.text("chmod") || undefined,
  link: flags.boolean("link") ?? false,
  exclude: flags.list("exclude").map((flag) => flag.value),
});

function readSources(
  node: Node,
  name: string,
): { readonly sources: readonly CopySource[]; readonly destination: string } {
  const words = node.args.map((argument) => argument.text);
  const destination = words.at(-1)!;
  if (heredocWord(destination) !== undefined) throw heredocDestination(name);
  const sources = words.slice(0, -1).map((word): CopySource => {
    const start = heredocWord(word);
    if (start === undefined) return { kind: "path", path: word };
    // Of several with one name the last one's body is all of theirs, as in BuildKit.
    const content = node.heredocs.findLast((heredoc) => heredoc.name === start.name)?.content ?? "";
    return { kind: "heredoc", heredoc: { ...start, content: start.chomp ? stripTabs(content) : content } };
  });
  return { sources, destination };
}
