import type { BuildEvent } from "../../build/index.ts";
import { oneLine, outputLine } from "../style.ts";
import { createPlainProgress } from "./plain.ts";

/** Shows a build's events to people (or programs) on standard error. */
export interface Progress {
  event(event: BuildEvent): void;
  /** After the last event: nothing is drawn any more. */
  close(): void;
  /** The name and last output of the step that failed, if one did. */
  failure(): { readonly name: string; readonly output: string } | undefined;
}

export type ProgressKind = "auto" | "plain" | "json" | "quiet";

/** As much of a failed step's output as is shown again. */
const outputLines = 15;

export async function createProgress(kind: ProgressKind): Promise<Progress> {
  const logs = new Map<string, string>();
  let failed: { readonly id: string; readonly name: string } | undefined;
  const show = await createView(kind);
  return {
    event(event) {
      if (event.kind === "log")
        logs.set(event.step.id, ((logs.get(event.step.id) ?? "") + event.text).slice(-16_384));
      if (event.kind === "failed" && event.canceled !== true) failed ??= event.step;
      show.event(event);
    },
    close: () => show.close(),
    failure() {
      const output = failed === undefined ? undefined : logs.get(failed.id);
      if (failed === undefined || output === undefined) return undefined;
      const lines = output.trimEnd().split("\n").slice(-outputLines);
      return { name: oneLine(failed.name), output: lines.map(outputLine).join("\n") };
    },
  };
}

export interface View {
  event(event: BuildEvent): void;
  close(): void;
}

async function createView(kind: ProgressKind): Promise<View> {
  const { stderr } = process;
  if (kind === "quiet") return { event: () => undefined, close: () => undefined };
  if (kind === "json") {
    return { event: (event) => stderr.write(`${JSON.stringify(event)}\n`), close: () => undefined };
  }
  if (kind === "auto" && stderr.isTTY && process.env["TERM"] !== "dumb") {
    const { createTerminalProgress } = await import("./terminal.ts");
    return createTerminalProgress(stderr);
  }
  return createPlainProgress((text) => stderr.write(text));
}
