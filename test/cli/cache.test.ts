import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { boxwright, makeDirectory } from "./support.ts";

const scratch = {
  Dockerfile: "FROM scratch AS one\nCOPY f /f\nFROM scratch\nCOPY --from=one /f /g\n",
  f: "f",
};
const toLayout = ["build", "--format", "oci", "-o", "out", "--progress", "plain"];

describe("the cache flags of boxwright build", () => {
  it("export to a directory, and import from it in another store", async () => {
    const cwd = makeDirectory(scratch);
    const first = await boxwright([...toLayout, "--cache-to", "type=local,dest=cache,mode=max"], {
      cwd,
      home: makeDirectory(),
    });
    assert.equal(first.exitCode, 0, first.stderr);
    assert.match(first.stderr, /exporting cache to cache\n#\d+ DONE/);
    const second = await boxwright([...toLayout, "--cache-from", "type=local,src=cache"], {
      cwd,
      home: makeDirectory(),
    });
    assert.match(second.stderr, /importing cache from cache\n#\d+ DONE/);
    assert.equal(second.stderr.match(/COPY .*\n#\d+ CACHED/g)?.length, 2, second.stderr);
  });

  it("--no-cache-filter takes several stages, and may be repeated", async () => {
    const cwd = makeDirectory(scratch);
    const home = makeDirectory();
    await boxwright(toLayout, { cwd, home });
    const executed = async (...flags: readonly string[]) =>
      (await boxwright([...toLayout, ...flags], { cwd, home })).stderr.match(/COPY .*\n#\d+ DONE/g)?.length;
    assert.equal(await executed(), undefined);
    assert.equal(await executed("--no-cache-filter", "one"), 1);
    assert.equal(await executed("--no-cache-filter", "one,1"), 2);
    assert.equal(await executed("--no-cache-filter=one", "--no-cache-filter=1"), 2);
  });

  it("a cache that is missing is a warning", async () => {
    const { exitCode, stderr } = await boxwright([...toLayout, "--cache-from", "127.0.0.1:1/me/cache"], {
      cwd: makeDirectory(scratch),
    });
    assert.equal(exitCode, 0);
    assert.match(stderr, /nothing is taken from the build cache 127\.0\.0\.1:1\/me\/cache:latest/);
  });

  const mistakes: readonly (readonly [flag: string, value: string, message: RegExp])[] = [
    ["--cache-from", "type=gha", /caches of type "gha" are not supported/],
    ["--cache-from", "type=inline", /by where its image is/],
    ["--cache-from", "src=x", /it has no type/],
    ["--cache-from", "type=local", /src is missing/],
    ["--cache-from", "type=local,src=x,digest=md5:1", /digest is not sha256/],
    ["--cache-from", "type=registry,ref=UPPER", /lower case/],
    ["--cache-to", "type=local,dest=x,mode=most", /mode is min or max/],
    ["--cache-to", "type=local,dest=x,what=ever", /unknown field "what"/],
    ["--cache-to", "type=local,dest=x,ignore-error=1", /ignore-error is true or false/],
    ["--cache-to", "type=registry,ref=a/b,image-manifest=false", /image-manifest is always true/],
    ["--cache-to", "type=local,dest", /"dest" has no value/],
    ["--cache-to", 'type=local,"dest=x', /quote|"/],
  ];
  for (const [flag, value, message] of mistakes) {
    it(`refuses ${flag} ${value}`, async () => {
      const { exitCode, stderr } = await boxwright(["build", flag, value], { cwd: makeDirectory(scratch) });
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
    });
  }
});

describe("boxwright prune", () => {
  it("lists what it removed, and the sum", async () => {
    const cwd = makeDirectory(scratch);
    const home = makeDirectory();
    await boxwright(toLayout, { cwd, home });
    const kept = await boxwright(["prune", "-f"], { home });
    assert.equal(kept.stdout, "Total reclaimed space: 0B (0 blobs)\n");
    const aged = await boxwright(["prune", "--all", "--filter", "until=24h"], { home });
    assert.equal(aged.stdout, "Total reclaimed space: 0B (0 blobs)\n");
    const small = await boxwright(["prune", "--all", "--keep-storage", "10GB"], { home });
    assert.equal(small.stdout, "Total reclaimed space: 0B (0 blobs)\n");
    const { stdout } = await boxwright(["prune", "--all", "-f"], { home });
    assert.match(
      stdout,
      /^DIGEST +SIZE +LAST USED\n(sha256:[0-9a-f]{12} +\S+B +less than a minute ago\n)+\nTotal reclaimed space: \S+B \(\d+ blobs\)\n$/,
    );
    const layout = JSON.parse(readFileSync(path.join(cwd, "out", "oci-layout"), "utf8"));
    assert.equal(layout.imageLayoutVersion, "1.0.0");
  });

  it("refuses what is no size, no duration, or an unknown filter", async () => {
    for (const flags of [
      ["--keep-storage", "much"],
      ["--max-used-space", "-1"],
      ["--filter", "until=yesterday"],
      ["--filter", "until=-1h"],
      ["--filter", "type=regular"],
    ]) {
      const { exitCode, stderr } = await boxwright(["prune", ...flags], { home: makeDirectory() });
      assert.equal(exitCode, 2, stderr);
    }
  });
});
