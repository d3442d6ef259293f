import type { BuildEvent } from "../../build/index.ts";
import { paint, printable } from "../style.ts";
import type { View } from "./index.ts";

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

interface ShownStep {
  readonly name: string;
  readonly startedAt: number;
  state: "running" | "cached" | "done" | "failed";
  seconds: number;
  log: string;
}

const colours = { running: "reset", cached: "blue", done: "blue", failed: "red" } as const;

const redrawMilliseconds = 100;
/** Lines of a running step's output that are shown below it. */
const logLines = 6;

/** Draws all steps in place, as BuildKit does: names, CACHED, seconds, the running steps' last output. */
export function createTerminalProgress(terminal: Terminal): View {
  const steps = new Map<string, ShownStep>();
  const began = performance.now();
  let drawn = 0;
  const timer = setInterval(() => draw(), redrawMilliseconds);
  timer.unref();

  function draw(isLast = false): void {
    if (steps.size === 0) return;
    const lines = render(isLast);
    // Up to the first drawn line, then clear what is below it.
    terminal.write(
      `${drawn === 0 ? "" : `\x1b[${drawn}A`}\r\x1b[J${lines.map((line) => `${line}\n`).join("")}`,
    );
    drawn = lines.length;
  }

  function render(isLast: boolean): string[] {
    const all = [...steps.values()];
    const finished = all.filter((step) => step.state !== "running").length;
    const title = `[+] Building ${((performance.now() - began) / 1000).toFixed(1)}s (${finished}/${all.length})`;
    const body = all.flatMap(renderStep);
    const room = Math.max((terminal.rows || 24) - 2, 3);
    // While it is redrawn all of it must be on the screen; the last picture may scroll.
    return [fit(title), ...(isLast ? body : body.slice(-room))];
  }

  function renderStep(step: ShownStep): string[] {
    const seconds = `${(step.state === "running" ? (performance.now() - step.startedAt) / 1000 : step.seconds).toFixed(1)}s`;
    const mark = step.state === "cached" ? "CACHED " : step.state === "failed" ? "ERROR " : "";
    const width = (terminal.columns || 80) - seconds.length - 2;
    const text = ` => ${mark}${printable(step.name.replaceAll("\n", " "))}`;
    const line = `${text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)} ${seconds}`;
    const colour = colours[step.state];
    if (step.state !== "running" || step.log === "") return [paint(colour, line)];
    const log = step.log.trimEnd().split("\n").slice(-logLines);
    return [
      paint(colour, line),
      ...log.map((each) => paint("dim", fit(` => => # ${printable(each.replace(/^.*\r/, ""))}`))),
    ];
  }

  const fit = (line: string) => line.slice(0, (terminal.columns || 80) - 1);

  function update({ kind, ...event }: BuildEvent): void {
    if (!("step" in event)) return;
    const { id, name } = event.step;
    const step = steps.get(id) ?? {
      name,
      startedAt: performance.now(),
      state: "running",
      seconds: 0,
      log: "",
    };
    steps.set(id, step);
    if (kind === "cached" || kind === "done" || kind === "failed") step.state = kind;
    if ("seconds" in event) step.seconds = event.seconds;
    if ("text" in event) step.log = (step.log + event.text).slice(-8192);
  }

  return {
    event: update,
    close() {
      clearInterval(timer);
      draw(true);
    },
  };
}
