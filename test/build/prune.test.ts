import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { utimesSync } from "node:fs";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { build, prune } from "../../src/build/index.ts";
import type { Digest } from "../../src/filesystem/types.ts";
import { nameResult } from "../../src/results/index.ts";
import { holdLease, openStore, type Store } from "../../src/store/index.ts";
import { buildDirectory, makeContext, temporaryDirectory } from "./support.ts";

const hour = 3600;

/** Blobs of a text each, used so many hours ago. */
async function storeWith(ages: Readonly<Record<string, number>>) {
  const home = temporaryDirectory();
  const store = await openStore(home);
  after(() => store.close());
  const digests: Record<string, Digest> = {};
  for (const [text, hours] of Object.entries(ages)) {
    const { digest } = await store.writeBlob([Buffer.from(text.padEnd(1000))]);
    age(store, digest, hours);
    digests[text] = digest;
  }
  const left = async () => {
    const found: string[] = [];
    for await (const { digest } of store.listBlobs()) {
      found.push(...Object.keys(digests).filter((text) => digests[text] === digest));
    }
    return found.sort();
  };
  return { home, store, digests, left };
}

function age(store: Store, digest: Digest, hours: number): void {
  const then = new Date(Date.now() - hours * hour * 1000);
  utimesSync(store.blobPath(digest), then, then);
}

describe("prune", () => {
  it("removes what no name needs and nobody used within the last hour, and says what", async () => {
    const { store, digests, left } = await storeWith({ old: 2, named: 2, young: 0.5 });
    const { named = "" as Digest, old } = digests;
    await nameResult(store, { name: "x:latest", digest: named, size: 1000, format: "component" });
    const { blobs, bytes, held } = await prune(store, { all: false });
    assert.deepEqual(
      [blobs.map(({ digest, size }) => [digest, size]), bytes, held],
      [[[old, 1000]], 1000, 0],
    );
    assert.deepEqual(await left(), ["named", "young"]);
  });

  it("all: also what was used a moment ago, but not what has a name", async () => {
    const { store, digests, left } = await storeWith({ old: 2, named: 0, young: 0 });
    const { named = "" as Digest } = digests;
    await nameResult(store, { name: "x:latest", digest: named, size: 1000, format: "component" });
    assert.equal((await prune(store, { all: true })).bytes, 2000);
    assert.deepEqual(await left(), ["named"]);
  });

  it("until: only what was not used for so long, with and without all", async () => {
    for (const all of [false, true]) {
      const { store, left } = await storeWith({ week: 168, day: 25, hours: 23 });
      await prune(store, { all, unusedFor: 24 * hour });
      assert.deepEqual(await left(), ["hours"]);
    }
  });

  it("keep: removes what was used longest ago, until no more than that is left", async () => {
    const { store, left } = await storeWith({ a: 5, b: 4, c: 3, d: 2 });
    await prune(store, { all: false, keep: 2500 });
    assert.deepEqual(await left(), ["c", "d"]);
    await prune(store, { all: true, keep: 2000 });
    assert.deepEqual(await left(), ["c", "d"]);
  });

  it("what a build finds in the cache counts as used", async () => {
    const context = makeContext({ Dockerfile: "FROM scratch\nCOPY a /a", a: "a" });
    const home = temporaryDirectory();
    await buildDirectory(context, { home });
    const store = await openStore(home);
    after(() => store.close());
    for await (const { digest } of store.listBlobs()) age(store, digest, 5);
    await buildDirectory(context, { home });
    assert.deepEqual((await prune(store, { all: false })).blobs, []);
    assert.deepEqual((await buildDirectory(context, { home })).executed, []);
  });

  it("a build after it executes what it removed, and gives the same", async () => {
    const context = makeContext({ Dockerfile: "FROM scratch\nCOPY a /a\nWORKDIR /w", a: "a" });
    const home = temporaryDirectory();
    const first = await buildDirectory(context, { home });
    const store = await openStore(home);
    after(() => store.close());
    for (const all of [false, true]) {
      for await (const { digest } of store.listBlobs()) age(store, digest, 5);
      assert.equal((await prune(store, { all })).blobs.length, 2);
      const again = await buildDirectory(context, { home });
      assert.deepEqual([again.digest, again.executed.length], [first.digest, 2]);
    }
  });

  it("removes the records of what it removes; all records with all", async () => {
    const home = temporaryDirectory();
    await buildDirectory(makeContext({ Dockerfile: "FROM scratch\nCOPY a /a", a: "a" }), { home });
    const store = await openStore(home);
    after(() => store.close());
    const count = async (kind: string) => {
      let records = 0;
      for await (const _ of store.listRecords(kind)) records += 1;
      return records;
    };
    assert.deepEqual([await count("step"), await count("layer")], [1, 1]);
    for await (const { digest } of store.listBlobs()) age(store, digest, 5);
    await prune(store, { all: false });
    assert.deepEqual([await count("step"), await count("layer")], [0, 0]);
    await buildDirectory(makeContext({ Dockerfile: "FROM scratch\nWORKDIR /b" }), { home });
    await prune(store, { all: true });
    assert.deepEqual([await count("step"), await count("layer"), await count("stat")], [0, 0, 0]);
  });
});

describe("prune beside a running build", () => {
  it("leaves what the build has used since it began, also with all", async () => {
    const { home, store, digests, left } = await storeWith({ before: 2, during: 2 });
    const lease = await holdLease(home, Date.now());
    // A store of another process is asked for it.
    const other = await openStore(home);
    assert.equal(await other.hasBlob(digests["during"] ?? ("" as Digest)), true);
    await other.close();
    const { held, bytes } = await prune(store, { all: true });
    assert.deepEqual([held, bytes, await left()], [1000, 1000, ["during"]]);
    await lease.release();
    await prune(store, { all: true });
    assert.deepEqual(await left(), []);
  });

  it("a blob that is written again counts as used", async () => {
    const { home, store, left } = await storeWith({ again: 2 });
    const lease = await holdLease(home, Date.now());
    await store.writeBlob([Buffer.from("again".padEnd(1000))]);
    await prune(store, { all: true });
    assert.deepEqual(await left(), ["again"]);
    await lease.release();
  });

  it("the lease of a process that has ended, or is silent, holds nothing", async () => {
    for (const end of ["killed", "silent"] as const) {
      const { home, store, left } = await storeWith({ blob: 0 });
      await holdLease(home, Date.now() - hour * 1000).then((lease) => lease.release());
      const [host, pid] = end === "killed" ? [hostname(), await endedProcess()] : ["elsewhere", 1];
      const file = path.join(home, "leases", "1.json");
      await writeFile(file, JSON.stringify({ since: Date.now() - hour * 1000, host, pid }));
      if (end === "silent") {
        await prune(store, { all: true });
        assert.deepEqual(await left(), ["blob"]);
        const then = new Date(Date.now() - 600_000);
        await utimes(file, then, then);
      }
      await prune(store, { all: true });
      assert.deepEqual([await left(), await readdir(path.join(home, "leases"))], [[], []]);
    }
  });

  it("a build holds a lease while it runs, and none when it has ended or failed", async () => {
    const home = temporaryDirectory();
    const during: number[] = [];
    const leases = async () => (await readdir(path.join(home, "leases"))).length;
    for (const dockerfile of ["FROM scratch\nWORKDIR /a", "FROM scratch\nCOPY missing /"]) {
      let seen: Promise<number> | undefined;
      const context = makeContext({ Dockerfile: dockerfile });
      await build({
        context: { kind: "directory", path: context },
        format: "oci",
        output: temporaryDirectory(),
        home,
        onEvent: () => {
          seen ??= leases();
        },
      }).catch(() => undefined);
      during.push((await seen) ?? 0);
      assert.equal(await leases(), 0);
    }
    assert.deepEqual(during, [1, 1]);
  });

  it("builds end well while another process prunes all again and again", async () => {
    const home = temporaryDirectory();
    const context = makeContext({
      Dockerfile: "FROM scratch AS a\nCOPY f /f\nWORKDIR /w\nFROM scratch\nCOPY --from=a /f /g\nCOPY f /h",
      f: "f",
    });
    const first = await buildDirectory(context, { home });
    const pruner = startPruner(home);
    const digests = new Set<string>();
    try {
      await once(pruner.stdout ?? pruner, "data");
      for (let i = 0; i < 10; i++) digests.add((await buildDirectory(context, { home })).digest);
      assert.equal(pruner.exitCode, null, "the other process is still pruning");
    } finally {
      pruner.kill();
    }
    assert.deepEqual([...digests], [first.digest]);
  });
});

/** A process that prunes all without an end; it prints when it has done so for the first time. */
function startPruner(home: string): ChildProcess {
  const modules = ["build", "store"].map((name) => import.meta.resolve(`../../src/${name}/index.ts`));
  const script = `
    import { prune } from ${JSON.stringify(modules[0])};
    import { openStore } from ${JSON.stringify(modules[1])};
    const store = await openStore(${JSON.stringify(home)});
    for (;;) {
      await prune(store, { all: true });
      process.stdout.write(".");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "close");
  return child.pid ?? 0;
}
