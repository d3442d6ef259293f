import { notInStage } from "../errors/dockerfile.ts";
import { checkInstruction } from "./instructions/index.ts";
import { nodeRange, parseNodes } from "./nodes.ts";

/** One instruction as BuildKit's parser reports it. */
export interface InstructionDescription {
  /** Upper case. */
  readonly name: string;
  readonly flags: readonly string[];
  /**
   * After the flags; decoded if JSON. ENV and LABEL give three for each pair: name, value, and "=" or (for the
   * old form) "". ONBUILD gives its trigger's name and arguments.
   */
  readonly args: readonly string[];
  readonly json: boolean;
  /** Bodies as they are in the file. */
  readonly heredocs: readonly {
    readonly name: string;
    readonly content: string;
    readonly expand: boolean;
    readonly chomp: boolean;
    readonly fd: number;
  }[];
  /** Counted from 1; with heredoc bodies. */
  readonly startLine: number;
  readonly endLine: number;
}

/**
 * What `boxwright parse FILE --json` prints. Throws what `parse` throws, but for a faulty ONBUILD trigger:
 * BuildKit's parser takes it.
 */
export function describe(text: string): readonly InstructionDescription[] {
  const parsed = parseNodes(text);
  let inStage = false;
  for (const node of parsed.nodes) {
    checkInstruction(node);
    const name = node.keyword.text.toUpperCase();
    inStage ||= name === "FROM";
    if (!inStage && name !== "ARG") throw notInStage(name).at(nodeRange(node));
  }
  return parsed.nodes.map((node) => ({
    name: node.keyword.text.toUpperCase(),
    flags: node.flags.map((flag) => flag.text),
    args: node.args.map((argument) => argument.text),
    json: node.json,
    heredocs: node.heredocs.map(({ name, content, expand, chomp, fileDescriptor }) => {
      return { name, content, expand, chomp, fd: fileDescriptor };
    }),
    startLine: node.line.firstLine,
    endLine: node.endLine,
  }));
}
