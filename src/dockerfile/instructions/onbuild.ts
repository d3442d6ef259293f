import { forbiddenTrigger, tooFewArguments } from "../../errors/dockerfile.ts";
import { trimSpace } from "../characters.ts";
import { readFlags } from "../flags.ts";
import type { Node } from "../nodes.ts";
import type { OnbuildInstruction, StageInstruction } from "../types.ts";
import { common } from "./base.ts";

export function parseOnbuild(node: Node, parse: (trigger: Node) => StageInstruction): OnbuildInstruction {
  if (node.trigger === undefined) throw tooFewArguments("ONBUILD");
  readFlags(node, {});
  const name = node.trigger.keyword.text.toUpperCase();
  if (name === "MAINTAINER" || name === "FROM") throw forbiddenTrigger(name);
  const bodies = node.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  const line = trimSpace(node.line.text).slice("ONBUILD".length);
  const instruction = parse({
    ...node.trigger,
    heredocs: node.heredocs,
    comments: node.comments,
    endLine: node.endLine,
  });
  return {
    kind: "ONBUILD",
    ...common(node),
    trigger: line.replace(/^[\t\n\f\r ]*/, "") + bodies.join(""),
    // The trigger's own line starts after ONBUILD.
    instruction: { ...instruction, source: trimSpace(node.line.text.slice(node.trigger.keyword.start)) },
  };
}
