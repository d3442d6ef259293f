import { invalidHealthcheck, tooFewArguments } from "../../errors/dockerfile.ts";
import { type FlagValues, readFlags } from "../flags.ts";
import type { Node } from "../nodes.ts";
import type { HealthcheckInstruction } from "../types.ts";
import { parseDuration } from "../values/duration.ts";
import { common, readCommand } from "./base.ts";

const MINIMUM = 1_000_000;
const RETRIES_LIMIT = 2 ** 31;

export function parseHealthcheck(node: Node): HealthcheckInstruction {
  const [type, ...command] = node.args.map((argument) => argument.text);
  if (type === undefined) throw tooFewArguments("HEALTHCHECK");
  const kind = type.toUpperCase();
  if (kind === "NONE") {
    if (command.length > 0) throw invalidHealthcheck("HEALTHCHECK NONE takes no arguments");
    return { kind: "HEALTHCHECK", ...common(node), check: "none" };
  }
  const flags = readFlags(node, {
    interval: "text",
    timeout: "text",
    "start-period": "text",
    "start-interval": "text",
    retries: "text",
  });
  if (kind !== "CMD") {
    throw invalidHealthcheck(
      `Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`,
      "write HEALTHCHECK CMD …",
    );
  }
  if (command.length === 0) throw invalidHealthcheck("Missing command after HEALTHCHECK CMD");
  return {
    kind: "HEALTHCHECK",
    ...common(node),
    check: "command",
    command: readCommand(command, node.json),
    interval: interval(flags, "interval"),
    timeout: interval(flags, "timeout"),
    startPeriod: interval(flags, "start-period"),
    startInterval: interval(flags, "start-interval"),
    retries: retries(flags.text("retries")),
  };
}

/** Nanoseconds; 0 and "" mean "not given", as in the image configuration. */
function interval(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (!text) return undefined;
  const nanoseconds = parseDuration(text);
  if (nanoseconds === 0) return undefined;
  if (nanoseconds < MINIMUM) throw invalidHealthcheck(`Interval "${name}" cannot be less than 1ms`);
  return nanoseconds;
}

function retries(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const count = /^[+-]?[0-9]{1,20}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= -RETRIES_LIMIT && count < RETRIES_LIMIT)) {
    throw invalidHealthcheck(`invalid number of retries: ${JSON.stringify(text)}`);
  }
  if (count < 0) throw invalidHealthcheck(`--retries cannot be negative (${count})`);
  return count === 0 ? undefined : count;
}
