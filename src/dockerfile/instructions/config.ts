/** Instructions that only change the image's configuration. */
import { emptyVolume, shellNotJson, tooFewArguments } from "../../errors/dockerfile.ts";
import { trimSpace } from "../characters.ts";
import { readFlags } from "../flags.ts";
import type { Node } from "../nodes.ts";
import type {
  CmdInstruction,
  EntrypointInstruction,
  ExposeInstruction,
  MaintainerInstruction,
  ShellInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from "../types.ts";
import { common, onlyArgument, readCommand, someArguments } from "./base.ts";

const commandOf = (node: Node) => {
  readFlags(node, {});
  return readCommand(
    node.args.map((argument) => argument.text),
    node.json,
  );
};

export const parseCmd = (node: Node): CmdInstruction => ({
  kind: "CMD",
  ...common(node),
  command: commandOf(node),
});

export const parseEntrypoint = (node: Node): EntrypointInstruction => ({
  kind: "ENTRYPOINT",
  ...common(node),
  command: commandOf(node),
});

export function parseShell(node: Node): ShellInstruction {
  readFlags(node, {});
  if (node.args.length === 0) throw tooFewArguments("SHELL");
  if (!node.json) throw shellNotJson(trimSpace(node.rest.text));
  return { kind: "SHELL", ...common(node), words: node.args.map((argument) => argument.text) };
}

export function parseWorkdir(node: Node): WorkdirInstruction {
  const path = onlyArgument(node);
  readFlags(node, {});
  return { kind: "WORKDIR", ...common(node), path };
}

export function parseUser(node: Node): UserInstruction {
  const user = onlyArgument(node);
  readFlags(node, {});
  return { kind: "USER", ...common(node), user };
}

export function parseMaintainer(node: Node): MaintainerInstruction {
  const name = onlyArgument(node);
  readFlags(node, {});
  return { kind: "MAINTAINER", ...common(node), name };
}

/** Flags are not looked at: BuildKit does not, either. */
export const parseStopsignal = (node: Node): StopsignalInstruction => ({
  kind: "STOPSIGNAL",
  ...common(node),
  signal: onlyArgument(node),
});

export function parseExpose(node: Node): ExposeInstruction {
  const ports = someArguments(node);
  readFlags(node, {});
  return { kind: "EXPOSE", ...common(node), ports };
}

export function parseVolume(node: Node): VolumeInstruction {
  const paths = someArguments(node).map(trimSpace);
  readFlags(node, {});
  if (paths.includes("")) throw emptyVolume();
  return { kind: "VOLUME", ...common(node), paths };
}
