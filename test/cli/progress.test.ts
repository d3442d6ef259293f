import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BuildEvent } from "../../src/build/index.ts";
import { createPlainProgress } from "../../src/cli/progress/plain.ts";
import { createTerminalProgress } from "../../src/cli/progress/terminal.ts";

const step = { id: "0.1", name: "[2/2] RUN make" };

function plain(events: readonly BuildEvent[]): string {
  let text = "";
  const view = createPlainProgress(
    (more) => {
      text += more;
    },
    () => 0,
  );
  for (const event of events) view.event(event);
  view.close();
  return text;
}

describe("plain progress", () => {
  it("joins output to lines, and ends the last one with the step", () => {
    const log = (text: string): BuildEvent => ({ kind: "log", step, stream: "stdout", text });
    assert.equal(
      plain([{ kind: "start", step }, log("a"), log("b\nc"), { kind: "done", step, seconds: 1.25 }]),
      "#1 [2/2] RUN make\n#1 0.000 ab\n#1 0.000 c\n#1 DONE 1.3s\n\n",
    );
  });

  it("lets no control characters of a step through", () => {
    const text = plain([
      { kind: "start", step },
      { kind: "log", step, stream: "stderr", text: "\x1b]0;title\x07red\x1b[31m\n" },
    ]);
    assert.equal(text, "#1 [2/2] RUN make\n#1 0.000 ?]0;title?red?[31m\n");
  });

  it("numbers steps in the order in which they begin", () => {
    const other = { id: "1.0", name: "other" };
    const text = plain([
      { kind: "start", step: other },
      { kind: "cached", step },
      { kind: "failed", step: other, seconds: 0 },
    ]);
    assert.equal(text, "#1 other\n#2 [2/2] RUN make\n#2 CACHED\n\n#1 ERROR\n\n");
  });
});

describe("terminal progress", () => {
  it("ends with a picture of all steps, within the terminal's width", () => {
    let text = "";
    const terminal = { isTTY: true, columns: 30, rows: 5, write: (more: string) => (text += more) };
    const view = createTerminalProgress(terminal);
    for (let number = 0; number < 10; number++) {
      const shown = { id: String(number), name: `[${number}/9] a name that is too long for a line` };
      view.event({ kind: "start", step: shown });
      view.event(
        number % 2 === 0 ? { kind: "cached", step: shown } : { kind: "done", step: shown, seconds: 1 },
      );
    }
    view.close();
    const last = text
      .slice(text.lastIndexOf("\x1b[J") + 3)
      .replace(/\x1b\[\d+m/g, "")
      .trimEnd()
      .split("\n");
    assert.equal(last.length, 11);
    assert.match(last[0] ?? "", /^\[\+\] Building \d+\.\ds \(10\/10\)$/);
    assert.match(last[1] ?? "", /^ => CACHED \[0\/9\] a name.*… 0\.0s$/);
    assert.ok(last.every((line) => line.length <= 30));
  });
});
