import type { BuildEvent } from "../../build/index.ts";
import { displayWidth, fitWidth, oneLine, outputLine, paint } from "../style.ts";
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
  state: "running" | "cached" | "done" | "failed" | "canceled";
  seconds: number;
  log: string;
}

const colours = {
  running: "reset",
  cached: "blue",
  done: "blue",
  failed: "red",
  canceled: "yellow",
} as const;
const marks = { running: "", cached: "CACHED ", done: "", failed: "ERROR ", canceled: "CANCELED " } as const;

const redrawMilliseconds = 100;
/** Lines of a running step's output that are shown below it. */
const logLines = 6;

/** Without these a line that is too long after all would wrap, and a cursor would jump about. */
const beginDrawing = "\x1b[?25l\x1b[?7l";
const endDrawing = "\x1b[J\x1b[?7h\x1b[?25h";

/** Draws all steps in place, as BuildKit does: names, CACHED, seconds, the running steps' last output. */
export function createTerminalProgress(terminal: Terminal): View {
  const steps = new Map<string, ShownStep>();
  const began = performance.now();
  /** The widths of the lines that were drawn last. */
  let drawn: readonly number[] = [];
  const timer = setInterval(() => draw(), redrawMilliseconds);
  timer.unref();

  const columns = () => Math.max((terminal.columns || 80) - 1, 1);

  function draw(isLast = false): void {
    if (steps.size === 0) return;
    const lines = render(isLast);
    const up = rowsDrawn();
    const back = up === 0 ? "" : `\x1b[${up}A`;
    // Each line is overwritten, and only its rest cleared: nothing flickers.
    const text = lines.map(({ text, format }) => `${paint(format, text)}\x1b[K\n`).join("");
    terminal.write(`${beginDrawing}\r${back}${text}${endDrawing}`);
    drawn = lines.map((line) => displayWidth(line.text));
  }

  /** Where the terminal has become narrower, it has broken the lines that were there. */
  function rowsDrawn(): number {
    const width = terminal.columns || 80;
    const rows = drawn.reduce((sum, length) => sum + Math.max(Math.ceil(length / width), 1), 0);
    return Math.min(rows, Math.max((terminal.rows || 24) - 1, 1));
  }

  function render(isLast: boolean): readonly Line[] {
    const all = [...steps.values()];
    const finished = all.filter((step) => step.state !== "running").length;
    const elapsed = ((performance.now() - began) / 1000).toFixed(1);
    const title: Line = {
      text: fitWidth(`[+] Building ${elapsed}s (${finished}/${all.length})`, columns()),
      format: "reset",
    };
    // While it is redrawn all of it must be on the screen; the last picture may scroll.
    return [
      title,
      ...(isLast ? all.flatMap(renderStep) : onScreen(all, Math.max((terminal.rows || 24) - 2, 1))),
    ];
  }

  /** What runs is what counts: finished steps make room for it, the oldest first. */
  function onScreen(all: readonly ShownStep[], room: number): readonly Line[] {
    const blocks = all.map((step) => ({ lines: renderStep(step), runs: step.state === "running" }));
    let excess = blocks.reduce((sum, { lines }) => sum + lines.length, 0) - room;
    const shown = blocks.flatMap(({ lines, runs }) => {
      if (runs || excess <= 0) return lines;
      excess -= lines.length;
      return [];
    });
    return shown.slice(-room);
  }

  function renderStep(step: ShownStep): readonly Line[] {
    const elapsed = step.state === "running" ? (performance.now() - step.startedAt) / 1000 : step.seconds;
    const seconds = ` ${elapsed.toFixed(1)}s`;
    const room = columns() - seconds.length;
    const name = fitWidth(` => ${marks[step.state]}${oneLine(step.name)}`, room);
    const gap = " ".repeat(Math.max(room - displayWidth(name), 0));
    const line: Line = { text: `${name}${gap}${seconds}`, format: colours[step.state] };
    if (step.state !== "running" || step.log === "") return [line];
    const log = step.log.trimEnd().split("\n").slice(-logLines);
    return [line, ...log.map((each) => logLine(each))];
  }

  const logLine = (text: string): Line => ({
    text: fitWidth(` => => # ${outputLine(text).replaceAll("\t", "    ")}`, columns()),
    format: "dim",
  });

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
    if ("canceled" in event) step.state = "canceled";
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

interface Line {
  readonly text: string;
  readonly format: (typeof colours)[keyof typeof colours] | "dim";
}
