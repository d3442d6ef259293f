/** How a failure is shown: message, the Dockerfile's lines with the range marked, what to do. */
import { styleText } from "node:util";
import { BoxwrightError, type SourceRange } from "../errors/index.ts";

const CONTEXT_LINES = 2;
const DISTANT_LINE_LIMIT = 20;

export interface FrameSource {
  /** What the file is called to people. */
  readonly name: string;
  readonly text: string;
}

/**
 * The lines of a range with some around them, marked as BuildKit marks them:
 *
 *     Dockerfile:3
 *     --------------------
 *        2 |     FROM python
 *        3 | >>> RUNN x
 *     --------------------
 */
export function codeFrame(source: FrameSource, range: SourceRange): string {
  const lines = source.text.replace(/\r?\n$/, "").split(/\r?\n/);
  // A range that ends before the first character of a line does not reach into it.
  const end =
    range.end.column === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
  const from = Math.max(1, range.start.line - CONTEXT_LINES);
  const to = Math.min(lines.length, Math.min(end, range.start.line + DISTANT_LINE_LIMIT) + CONTEXT_LINES);
  const rule = "-".repeat(20);
  const shown = [];
  for (let number = from; number <= to; number += 1) {
    const marked = number >= range.start.line && number <= end;
    shown.push(
      `${String(number).padStart(4)} | ${marked ? ">>>" : "   "} ${lines[number - 1] ?? ""}`.trimEnd(),
    );
  }
  return [`${source.name}:${range.start.line}`, rule, ...shown, rule].join("\n");
}

/** Writes an error for people on stderr, and returns the exit code that belongs to it. */
export async function reportError(error: unknown, source?: FrameSource): Promise<number> {
  if (isAbort(error)) {
    process.stderr.write("\nCANCELED\n");
    return 130;
  }
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    styleText(format, text, { stream: process.stderr });
  if (error instanceof BoxwrightError) {
    const parts = [`${paint(["red", "bold"], "ERROR:")} ${error.message} ${paint("dim", `[${error.code}]`)}`];
    if (error.range !== undefined && source !== undefined) parts.push(codeFrame(source, error.range));
    if (error.hint !== undefined) parts.push(`${paint("cyan", "hint:")} ${error.hint}`);
    process.stderr.write(`${parts.join("\n")}\n`);
    if (process.env["BOXWRIGHT_DEBUG"] === "1") process.stderr.write(`${describeCauses(error)}\n`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${paint(["red", "bold"], "ERROR:")} ${message} ${paint("dim", "[INTERNAL]")}\n` +
      `${paint("cyan", "hint:")} this is a fault of Boxwright; BOXWRIGHT_DEBUG=1 shows where\n`,
  );
  if (process.env["BOXWRIGHT_DEBUG"] === "1") process.stderr.write(`${describeCauses(error)}\n`);
  return 1;
}

function isAbort(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === "AbortError" || (error as { code?: unknown }).code === "ABORT_ERR")
  );
}

function describeCauses(error: unknown): string {
  const lines = [];
  for (let current = error; current instanceof Error; current = current.cause)
    lines.push(current.stack ?? current.message);
  return lines.join("\ncaused by: ");
}
