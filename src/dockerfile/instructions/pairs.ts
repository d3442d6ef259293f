import { blankName, tooFewArguments } from "../../errors/dockerfile.ts";
import { readFlags } from "../flags.ts";
import type { Node } from "../nodes.ts";
import type { ArgInstruction, EnvInstruction, KeyValue, LabelInstruction } from "../types.ts";
import { common } from "./base.ts";

export function parseEnv(node: Node): EnvInstruction {
  readFlags(node, {});
  return { kind: "ENV", ...common(node), pairs: readPairs(node, "ENV") };
}

export function parseLabel(node: Node): LabelInstruction {
  readFlags(node, {});
  return { kind: "LABEL", ...common(node), pairs: readPairs(node, "LABEL") };
}

/** Flags are not looked at: BuildKit does not, either. */
export function parseArg(node: Node): ArgInstruction {
  if (node.args.length === 0) throw tooFewArguments("ARG");
  const declared = node.args.map(({ text }) => {
    const equals = text.indexOf("=");
    if (equals === 0) throw blankName("ARG");
    if (equals === -1) return { name: text, defaultValue: undefined };
    return { name: text.slice(0, equals), defaultValue: text.slice(equals + 1) };
  });
  return { kind: "ARG", ...common(node), arguments: declared };
}

function readPairs(node: Node, name: string): readonly KeyValue[] {
  if (node.args.length === 0) throw tooFewArguments(name);
  const pairs: KeyValue[] = [];
  for (let at = 0; at + 2 < node.args.length; at += 3) {
    const [key, value, separator] = node.args.slice(at, at + 3).map((argument) => argument.text);
    if (!key) throw blankName(name);
    pairs.push({ key, value: value ?? "", isLegacy: separator === "" });
  }
  return pairs;
}
