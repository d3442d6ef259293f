import { forbiddenTrigger, tooFewArguments } from "../../errors/dockerfile.ts";
import { trimSpace } from "../characters.ts";
import { readFlags } from "../flags.ts";
import type { Node } from "../nodes.ts";
import type { OnbuildInstruction, StageInstruction } from "../types.ts";
import { common } from "./base.ts";

export function parseOnbuild(node: Node, parse: (trigger: Node) => StageInstruction): OnbuildInstruction {
  const trigger = checkOnbuild(node);
  const { heredocs, comments, endLine } = node;
  const bodies = heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  return {
    kind: "ONBUILD",
    ...common(node),
    trigger: node.line.text.replace(/^[\t\n\f\r ]*onbuild[\t\n\f\r ]*/i, "") + bodies.join(""),
    instruction: {
      ...parse({ ...trigger, heredocs, comments, endLine }),
      source: trimSpace(node.line.text.slice(trigger.keyword.start)),
    },
  };
}

/** What BuildKit checks where ONBUILD is written: the flags and the trigger's name, not the trigger itself. */
export function checkOnbuild(node: Node): Node {
  if (node.trigger === undefined) throw tooFewArguments("ONBUILD");
  readFlags(node, {});
  const name = node.trigger.keyword.text.toUpperCase();
  if (name === "MAINTAINER" || name === "FROM") throw forbiddenTrigger(name);
  return node.trigger;
}
