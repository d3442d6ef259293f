import { invalidDevice, invalidFlagValue, jsonWithHeredoc } from "../../errors/dockerfile.ts";
import { parseCsv } from "../csv.ts";
import { readFlags } from "../flags.ts";
import { heredocWord, stripTabs } from "../heredocs.ts";
import { located } from "../located.ts";
import { parseMount } from "../mounts.ts";
import type { Node } from "../nodes.ts";
import type { Command, Heredoc, RunInstruction } from "../types.ts";
import { parseBoolean } from "../values/numbers.ts";
import { common, readCommand } from "./base.ts";

const NETWORKS = ["default", "none", "host"] as const;
const SECURITIES = ["sandbox", "insecure"] as const;

export function parseRun(node: Node): RunInstruction {
  const flags = readFlags(node, {
    mount: "list",
    network: "text",
    security: "text",
    device: "list",
  });
  const heredocs = node.heredocs.map(
    (heredoc): Heredoc => (heredoc.chomp ? { ...heredoc, content: stripTabs(heredoc.content) } : heredoc),
  );
  const devices = flags.list("device");
  for (const { value, range } of devices) {
    located(
      () => range,
      () => checkDevice(value),
    );
  }
  return {
    kind: "RUN",
    ...common(node),
    ...readScript(node, heredocs),
    heredocs,
    mounts: flags.list("mount").map(({ value, range }) => parseMount(value, range)),
    network: oneOf(
      NETWORKS,
      flags.text("network") ?? "default",
      (value) => `invalid network mode "${value}"`,
    ),
    security: oneOf(
      SECURITIES,
      flags.text("security") ?? "sandbox",
      (value) => `security "${value}" is not valid`,
    ),
    devices: devices.map((device) => device.value),
  };
}

function oneOf<T extends string>(
  options: readonly T[],
  value: string,
  message: (value: string) => string,
): T {
  const found = options.find((option) => option === value);
  if (found === undefined) throw invalidFlagValue(message(value), `there are: ${options.join(", ")}`);
  return found;
}

function readScript(
  node: Node,
  heredocs: readonly Heredoc[],
): { readonly command: Command; readonly scriptFile: Heredoc | undefined } {
  const words = node.args.map((argument) => argument.text);
  const command = readCommand(words, node.json);
  const first = heredocs[0];
  if (first === undefined) return { command, scriptFile: undefined };
  if (command.form === "exec") throw jsonWithHeredoc();
  if (heredocWord(command.script) !== undefined) {
    // The heredoc is all there is: it is the script, so that any shell can have one.
    const scriptFile = first.content.startsWith("#!") ? first : undefined;
    return { command: { form: "shell", script: first.content }, scriptFile };
  }
  // The shell reads the heredocs itself: bodies and delimiters as they were written.
  const bodies = node.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  return { command: { form: "shell", script: command.script + bodies.join("") }, scriptFile: undefined };
}

/** `vendor.com/class=device`, `name=…`, `required[=true]`. */
function checkDevice(text: string): void {
  let named = false;
  for (const field of parseCsv(text)) {
    const equals = field.indexOf("=");
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? undefined : field.slice(equals + 1);
    if (key === "required") {
      if (value !== undefined && parseBoolean(value) === undefined) {
        throw invalidDevice(`invalid value for required: ${value}`);
      }
    } else if (key === "name" && value !== undefined) {
      if (named) throw invalidDevice("device name already set");
      named = true;
    } else {
      if (named) throw invalidDevice(`unexpected key '${key}' in '${field}'`);
      named = true;
    }
  }
}
