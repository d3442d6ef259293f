import { notOneArgument, tooFewArguments } from "../../errors/dockerfile.ts";
import type { SourceRange } from "../../errors/index.ts";
import { trimSpace } from "../characters.ts";
import { type Node, nodeRange } from "../nodes.ts";
import type { Command } from "../types.ts";

export interface InstructionCommon {
  readonly range: SourceRange;
  readonly source: string;
  readonly comments: readonly string[];
}

/** The fields that every instruction has. */
export const common = (node: Node): InstructionCommon => ({
  range: nodeRange(node),
  source: trimSpace(node.line.text),
  comments: node.comments,
});

/** The one argument of USER, WORKDIR and the like. */
export function onlyArgument(node: Node): string {
  const [argument, ...others] = node.args;
  if (argument === undefined || others.length > 0) throw notOneArgument(node.keyword.text.toUpperCase());
  return argument.text;
}

export function someArguments(node: Node): readonly string[] {
  if (node.args.length === 0) throw tooFewArguments(node.keyword.text.toUpperCase());
  return node.args.map((argument) => argument.text);
}

/** Exec form where the arguments were JSON, else shell form. */
export function readCommand(words: readonly string[], json: boolean): Command {
  return json ? { form: "exec", words } : { form: "shell", script: words[0] ?? "" };
}
