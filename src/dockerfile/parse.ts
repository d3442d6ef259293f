import { forbiddenTrigger, notInStage, triggerNotSingle } from "../errors/dockerfile.ts";
import { parseInstruction } from "./instructions/index.ts";
import { type Node, type Nodes, parseNodes } from "./nodes.ts";
import type { ArgInstruction, Dockerfile, FromInstruction, Stage, StageInstruction } from "./types.ts";

/**
 * Reads a Dockerfile. Nothing is expanded, no file or environment is looked at. Throws a BoxwrightError with
 * the range of what BuildKit would refuse; the first fault in the text is reported.
 *
 * A file of ARGs alone has no stages and is not an error here: there is nothing to build, which the build says.
 */
export function parse(text: string): Dockerfile {
  return assemble(parseNodes(text));
}

export function assemble(parsed: Nodes): Dockerfile {
  const globalArguments: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: StageInstruction[] }[] = [];
  for (const node of parsed.nodes) {
    const instruction = parseInstruction(node);
    const stage = stages.at(-1);
    if (instruction.kind === "FROM") stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === "ARG") globalArguments.push(instruction);
    else throw notInStage(instruction.kind).at(instruction.range);
  }
  return {
    escape: parsed.directives.escape,
    directives: parsed.directives.list,
    globalArguments,
    stages: stages.map(({ from, instructions }, index): Stage => {
      return { index, name: from.stageName, from, instructions };
    }),
    text: parsed.source.text,
    emptyContinuations: parsed.nodes.filter(hasEmptyContinuation).map((node) => node.line.lastLine),
  };
}

const hasEmptyContinuation = (node: Node) => node.line.hasEmptyContinuation;

/**
 * Reads one ONBUILD trigger of an image's configuration. Its ranges count in the trigger's own text: the
 * caller places errors at its FROM. BuildKit reads a trigger with the default escape character, whatever the
 * Dockerfile that wrote it had: it is `\` unless a caller knows better.
 */
export function parseTrigger(text: string, escapeToken: "\\" | "`" = "\\"): StageInstruction {
  const { nodes } = parseNodes(text, escapeToken);
  const [node, ...others] = nodes;
  if (node === undefined || others.length > 0) throw triggerNotSingle();
  const instruction = parseInstruction(node);
  if (instruction.kind === "FROM" || instruction.kind === "ONBUILD" || instruction.kind === "MAINTAINER") {
    throw forbiddenTrigger(instruction.kind).at(instruction.range);
  }
  return instruction;
}
