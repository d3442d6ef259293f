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

  it("lets no control characters of a step through, and shows what overwrote a line", () => {
    const text = plain([
      { kind: "start", step },
      { kind: "log", step, stream: "stderr", text: "\x1b]0;title\x07\x1b[31mred\x1b[0m\x07\n10%\r100%\r\n" },
    ]);
    assert.equal(text, "#1 [2/2] RUN make\n#1 0.000 red?\n#1 0.000 100%\n");
  });

  it("names a step of several lines in one", () => {
    assert.equal(
      plain([{ kind: "cached", step: { id: "0", name: "[1/1] RUN <<E\n  a\x1b\nE" } }]),
      "#1 [1/1] RUN <<E a? E\n#1 CACHED\n\n",
    );
  });

  it("tells what failed from what was cancelled because of it", () => {
    assert.equal(
      plain([
        { kind: "start", step },
        { kind: "failed", step, seconds: 0, canceled: true },
      ]),
      "#1 [2/2] RUN make\n#1 CANCELED\n\n",
    );
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

/** What a terminal shows at last: enough of one to understand the sequences that are drawn with. */
function screenOf(columns: number, rows: number) {
  const screen: string[] = [""];
  let [row, isWrapped] = [0, false];
  return {
    terminal: {
      isTTY: true,
      columns,
      rows,
      write(text: string) {
        for (const [token] of text
          .replace(/\x1b\[[\d;]*m/g, "")
          .matchAll(/\x1b\[\??\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+/g)) {
          if (token === "\n") {
            row += 1;
            screen[row] ??= "";
          } else if (token.startsWith("\x1b[") && token.endsWith("A")) row -= Number(token.slice(2, -1));
          else if (token === "\x1b[J") screen.length = row + 1;
          else if (!token.startsWith("\x1b") && token !== "\r") {
            isWrapped ||= [...token].reduce((sum, each) => sum + (each > "\u2e80" ? 2 : 1), 0) > columns;
            screen[row] = token;
          }
          assert.ok(row >= 0, "never above what was drawn");
        }
      },
    },
    lines: () => screen.slice(0, -1),
    isWrapped: () => isWrapped,
  };
}

const run = (id: string, name: string): BuildEvent => ({ kind: "start", step: { id, name } });

describe("terminal progress", () => {
  it("ends with a picture of all steps, within the terminal's width", () => {
    const { terminal, lines, isWrapped } = screenOf(30, 5);
    const view = createTerminalProgress(terminal);
    for (let number = 0; number < 10; number++) {
      const shown = { id: String(number), name: `[${number}/9] a name that is too long for a line` };
      view.event({ kind: "start", step: shown });
      view.event(
        number % 2 === 0 ? { kind: "cached", step: shown } : { kind: "done", step: shown, seconds: 1 },
      );
    }
    view.close();
    assert.equal(lines().length, 11);
    assert.match(lines()[0] ?? "", /^\[\+\] Building \d+\.\ds \(10\/10\)$/);
    assert.match(lines()[1] ?? "", /^ => CACHED \[0\/9\] a .*… 0\.0s$/);
    assert.equal(isWrapped(), false);
  });

  it("keeps what runs on the screen, with its last output, whatever is in it", (test) => {
    test.mock.timers.enable({ apis: ["setInterval"] });
    const { terminal, lines, isWrapped } = screenOf(40, 12);
    const view = createTerminalProgress(terminal);
    view.event(run("run", "[2/3] RUN\n  日本語のとても長い名前日本語のとても長い名前"));
    for (let number = 0; number < 30; number++) {
      const step = { id: String(number), name: `cached ${number}` };
      view.event({ kind: "cached", step });
      const text = `${number} \x1b[32m幅の広い文字がたくさんあります\x1b[2J🎉\tand more\rlast ${number}\n`;
      view.event({ kind: "log", step: { id: "run", name: "" }, stream: "stdout", text });
      test.mock.timers.tick(100);
      assert.ok(lines().length <= 11);
      assert.ok(lines().some((line) => line.startsWith(" => [2/3] RUN 日本語")));
      assert.ok(lines().includes(` => => # last ${number}`));
    }
    view.event({ kind: "failed", step: { id: "run", name: "" }, seconds: 3 });
    view.close();
    assert.ok(lines().some((line) => /^ => ERROR \[2\/3\] RUN 日本語.*… +3\.0s$/.test(line)));
    assert.equal(lines().length, 32);
    assert.equal(isWrapped(), false);
  });

  it("draws over lines that a narrower terminal broke", (test) => {
    test.mock.timers.enable({ apis: ["setInterval"] });
    let text = "";
    const terminal = { isTTY: true, columns: 41, rows: 24, write: (more: string) => (text = more) };
    const view = createTerminalProgress(terminal);
    view.event(run("0", "a step"));
    test.mock.timers.tick(100);
    terminal.columns = 20;
    test.mock.timers.tick(100);
    // The title of 24 columns takes two rows, the step of 40 two.
    assert.match(text, /\x1b\[4A/);
    view.close();
  });
});
