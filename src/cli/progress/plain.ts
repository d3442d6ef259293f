import type { BuildEvent } from "../../build/index.ts";
import { oneLine, outputLine } from "../style.ts";
import type { View } from "./index.ts";

/**
 * One line per event, as BuildKit's plain mode: `#2 [2/3] RUN …`, `#2 0.31 output`, `#2 DONE 0.4s`. Steps are
 * numbered in the order in which they begin.
 */
export function createPlainProgress(write: (text: string) => void, now = () => performance.now()): View {
  const numbers = new Map<string, number>();
  const begun = new Map<string, number>();
  const partial = new Map<string, string>();

  function number(id: string): number {
    const known = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, known);
    return known;
  }

  function log(event: Extract<BuildEvent, { kind: "log" }>): void {
    const { id } = event.step;
    const lines = ((partial.get(id) ?? "") + event.text).split("\n");
    partial.set(id, lines.pop() ?? "");
    for (const line of lines) writeLog(id, line);
  }

  function writeLog(id: string, line: string): void {
    const seconds = (now() - (begun.get(id) ?? now())) / 1000;
    write(`#${number(id)} ${seconds.toFixed(3)} ${outputLine(line)}\n`);
  }

  function finish(id: string, text: string): void {
    const rest = partial.get(id) ?? "";
    if (rest !== "") writeLog(id, rest);
    partial.delete(id);
    write(`#${number(id)} ${text}\n\n`);
  }

  return {
    event(event) {
      switch (event.kind) {
        case "start":
          begun.set(event.step.id, now());
          write(`#${number(event.step.id)} ${oneLine(event.step.name)}\n`);
          break;
        case "cached":
          write(
            `#${number(event.step.id)} ${oneLine(event.step.name)}\n#${number(event.step.id)} CACHED\n\n`,
          );
          break;
        case "done":
          finish(event.step.id, `DONE ${event.seconds.toFixed(1)}s`);
          break;
        case "failed":
          finish(event.step.id, event.canceled === true ? "CANCELED" : "ERROR");
          break;
        case "log":
          log(event);
          break;
        case "warning":
          break;
      }
    },
    close: () => undefined,
  };
}
