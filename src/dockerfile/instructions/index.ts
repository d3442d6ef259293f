/** Nodes to typed instructions: a table of small functions, one for each instruction. */
import { forbiddenTrigger, unknownInstruction } from "../../errors/dockerfile.ts";
import { located } from "../located.ts";
import { lineRangeOf, pieceRange } from "../logical-lines.ts";
import { INSTRUCTION_NAMES, type Node } from "../nodes.ts";
import { suggest } from "../suggest.ts";
import type { Instruction, StageInstruction } from "../types.ts";
import * as config from "./config.ts";
import { parseAdd, parseCopy } from "./copy.ts";
import { parseFrom } from "./from.ts";
import { parseHealthcheck } from "./healthcheck.ts";
import { checkOnbuild, parseOnbuild } from "./onbuild.ts";
import { parseArg, parseEnv, parseLabel } from "./pairs.ts";
import { parseRun } from "./run.ts";

const PARSERS: Readonly<Record<string, (node: Node) => Instruction>> = {
  ADD: parseAdd,
  ARG: parseArg,
  CMD: config.parseCmd,
  COPY: parseCopy,
  ENTRYPOINT: config.parseEntrypoint,
  ENV: parseEnv,
  EXPOSE: config.parseExpose,
  FROM: parseFrom,
  HEALTHCHECK: parseHealthcheck,
  LABEL: parseLabel,
  MAINTAINER: config.parseMaintainer,
  ONBUILD: (node) => parseOnbuild(node, parseStageInstruction),
  RUN: parseRun,
  SHELL: config.parseShell,
  STOPSIGNAL: config.parseStopsignal,
  USER: config.parseUser,
  VOLUME: config.parseVolume,
  WORKDIR: config.parseWorkdir,
};

/** Throws a coded error with a range: the faulty piece where it is known, else the instruction. */
export function parseInstruction(node: Node): Instruction {
  return located(
    () => lineRangeOf(node.line),
    () => {
      const name = node.keyword.text.toUpperCase();
      const parser = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
      if (parser !== undefined) return parser(node);
      throw unknownInstruction(
        node.keyword.text,
        suggest(node.keyword.text, INSTRUCTION_NAMES, { ignoreCase: true }),
      ).at(pieceRange(node.line, node.keyword));
    },
  );
}

/**
 * Throws what BuildKit's parser throws. It leaves a faulty ONBUILD trigger to the build that meets it, where
 * {@link parseInstruction} already refuses it.
 */
export function checkInstruction(node: Node): void {
  if (node.keyword.text.toUpperCase() !== "ONBUILD") {
    parseInstruction(node);
    return;
  }
  located(
    () => lineRangeOf(node.line),
    () => checkOnbuild(node),
  );
}

function parseStageInstruction(node: Node): StageInstruction {
  const instruction = parseInstruction(node);
  if (instruction.kind === "FROM") throw forbiddenTrigger("FROM");
  return instruction;
}
