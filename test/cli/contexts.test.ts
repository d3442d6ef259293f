import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { create } from "../build/tar.ts";
import { createRepository, startGitServer } from "../sources/support/git.ts";
import { serve } from "../sources/support/http.ts";
import { boxwright, makeDirectory } from "./support.ts";

const dockerfile = "FROM scratch\nCOPY . /\n";
const archive = await create([
  { name: "Dockerfile", text: dockerfile },
  { name: "other", text: "FROM scratch\nCOPY Dockerfile /only\n" },
]);

async function server() {
  return serve((request, response) => {
    const found = { "/c.tar": archive, "/Dockerfile": "FROM scratch\nLABEL a=b\n", "/f": "F" }[
      request.url ?? ""
    ];
    response.writeHead(found === undefined ? 404 : 200).end(found);
  });
}

/** Builds into files, and lists them. */
async function build(args: readonly string[], options: Parameters<typeof boxwright>[1] = {}) {
  const target = path.join(makeDirectory(), "out");
  const outcome = await boxwright(
    ["build", "--progress=plain", "-o", `type=local,dest=${target}`, ...args],
    options,
  );
  const files = outcome.exitCode === 0 ? readdirSync(target, { recursive: true }).map(String).sort() : [];
  return { ...outcome, files, target };
}

describe("CONTEXT", () => {
  it("a git repository, with a ref and a directory", async () => {
    const git = await startGitServer();
    const repository = createRepository(git.directory, "r.git");
    repository.commit({
      "app/Dockerfile": dockerfile,
      "app/x": "X",
      "app/named": "FROM scratch\nCOPY x /y\n",
    });
    repository.git("tag", "v1");
    const address = `${git.origin}/r.git#v1:app`;
    const built = await build([address]);
    assert.deepEqual(built.files, ["Dockerfile", "named", "x"], built.stderr);
    assert.match(built.stderr, /load build context http/);
    // -f names a file of the repository.
    assert.deepEqual((await build(["-f", "named", address])).files, ["y"]);
    const missing = await build([`${git.origin}/r.git#v2`]);
    assert.equal(missing.exitCode, 1);
    assert.match(missing.stderr, /has no branch, tag or ref "v2" \[GIT_REF_NOT_FOUND\]/);
  });

  it("the address of an archive, and of a Dockerfile", async () => {
    const { origin } = await server();
    assert.deepEqual((await build([`${origin}/c.tar`])).files, ["Dockerfile", "other"]);
    assert.deepEqual((await build(["-f", "other", `${origin}/c.tar`])).files, ["only"]);
    assert.deepEqual((await build([`${origin}/Dockerfile`])).files, []);
    const text = await build(["-f", "-", `${origin}/c.tar`], { stdin: "FROM scratch\nCOPY other /o\n" });
    assert.deepEqual(text.files, ["o"]);
    const missing = await build([`${origin}/none`]);
    assert.equal(missing.exitCode, 3);
    assert.match(missing.stderr, /HTTP_NOT_FOUND/);
  });

  it("- is an archive or a Dockerfile, a file is an archive", async () => {
    assert.deepEqual((await build(["-"], { stdin: archive })).files, ["Dockerfile", "other"]);
    assert.deepEqual((await build(["-f", "other", "-"], { stdin: archive })).files, ["only"]);
    assert.deepEqual((await build(["-"], { stdin: "FROM scratch\nCOPY <<E /e\nE\n" })).files, ["e"]);
    const directory = makeDirectory();
    const file = path.join(directory, "c.tar");
    writeFileSync(file, archive);
    assert.deepEqual((await build([file])).files, ["Dockerfile", "other"]);
  });

  it("a directory whose name reads like an address wins", async () => {
    const cwd = makeDirectory();
    const directory = path.join(cwd, "github.com", "a", "b");
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, "Dockerfile"), dockerfile);
    assert.deepEqual((await build(["github.com/a/b"], { cwd })).files, ["Dockerfile"]);
  });

  it("a Dockerfile from standard input or from elsewhere", async () => {
    const context = makeDirectory({ x: "X", y: "Y", ".dockerignore": "y" });
    const text = "FROM scratch\nCOPY x* y* /\n";
    assert.deepEqual((await build(["-f", "-", context], { stdin: text })).files, ["x"]);
    const outside = makeDirectory({ D: text, "D.dockerignore": "x" });
    assert.deepEqual((await build(["-f", path.join(outside, "D"), context])).files, ["y"]);
  });

  it("--build-context: a directory, a repository, an archive", async () => {
    const git = await startGitServer();
    createRepository(git.directory, "r.git").commit({ g: "G" });
    const { origin } = await server();
    const directory = makeDirectory({ d: "D" });
    const context = makeDirectory({
      Dockerfile: "FROM scratch\nCOPY --from=a d /\nCOPY --from=b g /\nCOPY --from=c other /\n",
    });
    const contexts = [`a=${directory}`, `b=${git.origin}/r.git`, `c=${origin}/c.tar`];
    const built = await build([...contexts.flatMap((each) => ["--build-context", each]), context]);
    assert.deepEqual(built.files, ["d", "g", "other"], built.stderr);
  });
});

describe("ADD of what lies elsewhere", () => {
  it("puts it into the result", async () => {
    const { origin } = await server();
    const { target } = await build([makeDirectory({ Dockerfile: `FROM scratch\nADD ${origin}/f /in/\n` })]);
    assert.equal(readFileSync(path.join(target, "in", "f"), "utf8"), "F");
  });

  it("a failure shows the line, and ends with exit code 3 where the network failed", async () => {
    const { origin } = await server();
    const missing = await build([makeDirectory({ Dockerfile: `FROM scratch\nADD ${origin}/none /\n` })]);
    assert.equal(missing.exitCode, 3);
    assert.match(missing.stderr, /HTTP_NOT_FOUND/);
    assert.match(missing.stderr, / 2 \| >>> ADD http/);
    const sum = "0".repeat(64);
    const text = `FROM scratch\nADD --checksum=sha256:${sum} ${origin}/f /\n`;
    const wrong = await build([makeDirectory({ Dockerfile: text })]);
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stderr, /digest mismatch for http.*\[HTTP_CHECKSUM_MISMATCH\]/);
  });
});
