import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { lock, tryLock } from "../../src/store/index.ts";

const root = mkdtempSync(path.join(tmpdir(), "boxwright-lock-"));
after(() => rmSync(root, { recursive: true, force: true }));
const directory = () => mkdtempSync(path.join(root, "d-"));
const never = new AbortController().signal;

/** A process that takes a lock and keeps it until it is ended. */
async function holder(store: string) {
  const index = new URL("../../src/store/index.ts", import.meta.url).href;
  const script = `const { tryLock } = await import(${JSON.stringify(index)});
    console.log(await tryLock(process.argv[1], "a") === undefined ? "refused" : "taken");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  assert.equal(String(said).trim(), "taken");
  return async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  };
}

describe("locks", () => {
  it("one at a time, by name", async () => {
    const store = directory();
    const first = await tryLock(store, "a");
    assert.ok(first);
    assert.equal(await tryLock(store, "a"), undefined);
    const other = await tryLock(store, "b");
    assert.ok(other);
    await first.release();
    const again = await tryLock(store, "a");
    assert.ok(again);
    await Promise.all([again.release(), other.release()]);
    assert.deepEqual(readdirSync(path.join(store, "locks")), []);
  });

  it("never two at once, however many wait", async () => {
    const store = directory();
    let inside = 0;
    let most = 0;
    const use = async () => {
      const held = await lock(store, "a", never);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      await held.release();
    };
    await Promise.all(Array.from({ length: 8 }, use));
    assert.equal(most, 1);
  });

  it("is seen by other processes, and ends with the one that has it", async () => {
    const store = directory();
    const end = await holder(store);
    assert.equal(await tryLock(store, "a"), undefined);
    await end();
    // Of several that find it, one gets it.
    const found = await Promise.all(Array.from({ length: 6 }, () => tryLock(store, "a")));
    const taken = found.filter((each) => each !== undefined);
    assert.ok(taken.length <= 1);
    const held = taken[0] ?? (await lock(store, "a", never));
    assert.equal(await tryLock(store, "a"), undefined);
    await held.release();
  });

  it("one that shows no life for long is given to another, and not taken away from that one", async () => {
    const store = directory();
    const silent = await tryLock(store, "a");
    const past = new Date(Date.now() - 3_600_000);
    utimesSync(path.join(store, "locks", "a.lock"), past, past);
    const next = await tryLock(store, "a");
    assert.ok(silent !== undefined && next !== undefined);
    await silent.release();
    assert.equal(await tryLock(store, "a"), undefined);
    await next.release();
  });

  it("waiting ends with its signal", async () => {
    const store = directory();
    const held = await tryLock(store, "a");
    const controller = new AbortController();
    const waiting = lock(store, "a", controller.signal);
    controller.abort();
    await assert.rejects(waiting, { name: "AbortError" });
    await held?.release();
  });
});
