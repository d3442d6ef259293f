import { fromArguments, invalidStageName } from "../../errors/dockerfile.ts";
import { readFlags } from "../flags.ts";
import { located } from "../located.ts";
import { pieceRange } from "../logical-lines.ts";
import type { Node } from "../nodes.ts";
import type { FromInstruction } from "../types.ts";
import { common } from "./base.ts";

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

export function parseFrom(node: Node): FromInstruction {
  const stageName = readStageName(node);
  const flags = readFlags(node, { platform: "text" });
  return {
    kind: "FROM",
    ...common(node),
    image: node.args[0]?.text ?? "",
    platform: flags.text("platform") || undefined,
    stageName,
  };
}

function readStageName(node: Node): string | undefined {
  const [, as, name] = node.args;
  if (node.args.length === 1) return undefined;
  if (node.args.length !== 3 || as === undefined || name === undefined || as.text.toLowerCase() !== "as") {
    throw fromArguments();
  }
  const lowered = name.text.toLowerCase();
  return located(
    () => pieceRange(node.line, name),
    () => {
      if (!STAGE_NAME.test(lowered)) throw invalidStageName(name.text);
      return lowered;
    },
  );
}
