import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import type { BuildEvent } from "../../src/build/index.ts";
import { tryLock } from "../../src/store/index.ts";
import { buildImage, temporaryDirectory } from "./support.ts";

/** What the steps print. */
async function run(home: string, steps: string, onEvent?: (event: BuildEvent) => void): Promise<string> {
  let output = "";
  await buildImage(
    `FROM python:3.12-slim\n${steps}`,
    {},
    {
      home,
      onEvent: (event) => {
        if (event.kind === "log") output += event.text;
        onEvent?.(event);
      },
    },
  );
  return output;
}

/** A step with a cache at /c. */
const step = (sharing: string, script: string) =>
  `RUN --mount=type=cache,target=/c,sharing=${sharing} ${script}`;

/** Runs a step that uses the cache, and finds the name of the lock that it takes. */
async function lockName(home: string, steps: string): Promise<string> {
  const names: string[] = [];
  await run(home, steps, (event) => {
    if (event.kind === "log") names.push(...readdirSync(path.join(home, "locks")));
  });
  const [name = ""] = names.filter((each) => each.endsWith(".lock"));
  return name.replace(/\.lock$/, "");
}

describe("RUN --mount=type=cache", () => {
  it("sharing=locked waits for who has the cache", async () => {
    const home = temporaryDirectory();
    const name = await lockName(home, step("locked", "echo first | tee /c/f"));
    const held = await tryLock(home, name);
    assert.ok(held);
    let released = false;
    let begun: (() => void) | undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const waiting = run(home, step("locked", "cat /c/f"), (event) => {
      if (event.kind === "start" && event.step.name.includes("RUN")) begun?.();
      if (event.kind === "log") assert.ok(released, "the step ran while the cache was in use");
    });
    await started;
    released = true;
    await held.release();
    assert.equal(await waiting, "first\n");
  });

  it("sharing=locked: steps at the same time see each other's work", async () => {
    const home = temporaryDirectory();
    const count = "n=$(cat /c/n 2>/dev/null || echo 0); echo $((n + 1)) > /c/n; cat /c/n > /out";
    const { tree } = await buildImage(
      `FROM python:3.12-slim AS base\n${["a", "b", "c"]
        .map((name) => `FROM base AS ${name}\nENV N=${name}\n${step("locked", count)}`)
        .join("\n")}\nFROM scratch\nCOPY --from=a /out /a\nCOPY --from=b /out /b\nCOPY --from=c /out /c`,
      {},
      { home },
    );
    const seen = [tree["a"], tree["b"], tree["c"]].map((line) => line?.trim().split(" ").at(-1));
    assert.deepEqual(seen.sort(), ["1", "2", "3"]);
  });

  it("sharing=private gives a cache of its own while another has it", async () => {
    const home = temporaryDirectory();
    const name = await lockName(home, step("private", "echo first | tee /c/f"));
    const held = await tryLock(home, name);
    assert.ok(held);
    assert.equal(await run(home, step("private", "ls /c; echo second > /c/g")), "");
    await held.release();
    assert.equal(await run(home, step("private", "ls /c; true")), "f\n");
    // Both are kept: the other one is there for who comes second.
    const again = await tryLock(home, name);
    assert.equal(await run(home, step("private", "ls  /c")), "g\n");
    await again?.release();
  });

  it("sharing=shared keeps what steps at the same time have added", async () => {
    const home = temporaryDirectory();
    await buildImage(
      `FROM python:3.12-slim AS base\nFROM base AS a\n${step("shared", "mkdir /c/d; echo a > /c/d/a; sleep 1")}\nFROM base AS b\n${step("shared", "mkdir /c/d; echo b > /c/d/b; sleep 1")}\nFROM scratch\nCOPY --from=a /etc /a\nCOPY --from=b /etc /b`,
      {},
      { home },
    );
    assert.equal(await run(home, step("shared", "ls /c/d")), "a\nb\n");
  });

  it("one step may mount a cache twice", async () => {
    const home = temporaryDirectory();
    const twice = "RUN --mount=type=cache,target=/c,sharing=locked --mount=type=cache,id=/c,target=/d";
    assert.equal(await run(home, `${twice} echo x > /c/f && echo done`), "done\n");
    assert.deepEqual(readdirSync(path.join(home, "locks")), []);
  });

  it("a failing step gives the cache back", async () => {
    const home = temporaryDirectory();
    await assert.rejects(run(home, step("locked", "false")), { code: "RUN_FAILED" });
    assert.deepEqual(readdirSync(path.join(home, "locks")), []);
  });
});

describe("RUN --network", () => {
  it("host is the default network, and says so", async () => {
    const warnings: string[] = [];
    const output = await run(temporaryDirectory(), "RUN --network=host echo done", (event) => {
      if (event.kind === "warning") warnings.push(event.warning.code);
    });
    assert.equal(output, "done\n");
    assert.deepEqual(warnings, ["WasmUnsupportedRunOption"]);
  });
});
