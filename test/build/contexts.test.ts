import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { BuildOptions } from "../../src/build/index.ts";
import { createRepository, startGitServer } from "../sources/support/git.ts";
import { serve } from "../sources/support/http.ts";
import { buildDirectory, buildImage, failsWith, makeContext, temporaryDirectory } from "./support.ts";
import { create } from "./tar.ts";

const dockerfile = "FROM scratch\nCOPY . /\n";

const remote = (address: string, options: Partial<BuildOptions> = {}) =>
  buildDirectory("", { context: { kind: "remote", address }, home: temporaryDirectory(), ...options });

async function serveBytes(bytes: Buffer | string) {
  return serve((request, response) => {
    if (request.headers["if-none-match"] === '"1"') response.writeHead(304, { etag: '"1"' }).end();
    else if (request.url === "/missing") response.writeHead(404).end();
    else response.writeHead(200, { etag: '"1"' }).end(bytes);
  });
}

describe("a git repository as the build context", () => {
  it("by ref and directory, as it is in spite of its .dockerignore", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "r.git");
    repository.commit({ "app/Dockerfile": dockerfile, "app/a.txt": "one", "app/.dockerignore": "a.txt" });
    repository.git("tag", "v1");
    repository.commit({ "app/a.txt": "two", Dockerfile: "FROM scratch\nCOPY app/a.txt /top\n" });
    const address = `${server.origin}/r.git`;
    const tagged = await remote(`${address}#v1:app`);
    assert.deepEqual(Object.keys(tagged.tree).sort(), [".dockerignore", "Dockerfile", "a.txt"]);
    assert.equal(tagged.tree["a.txt"], "file 644 0:0 one");
    assert.deepEqual((await remote(address)).tree, { top: "file 644 0:0 two" });
    const named = await remote(`${address}#:app`, { dockerfile: { kind: "context", path: "Dockerfile" } });
    assert.equal(named.tree["a.txt"], "file 644 0:0 two");
  });

  it("is fetched once for a commit; then a build needs no server", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "r.git");
    const commit = repository.commit({ Dockerfile: dockerfile });
    const home = temporaryDirectory();
    const first = await remote(`${server.origin}/r.git#${commit}`, { home });
    const asked = server.requests.length;
    const second = await remote(`${server.origin}/r.git#${commit}`, { home });
    assert.equal(second.digest, first.digest);
    assert.equal(server.requests.length, asked);
    assert.deepEqual(second.executed, []);
    assert.ok(second.events.some((event) => event.kind === "cached" && event.step.id === "context"));
  });

  it("comes without .git, unless it is asked for", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "r.git").commit({ Dockerfile: dockerfile });
    const home = temporaryDirectory();
    const has = async (address: string, buildArguments = {}) =>
      ".git/HEAD" in (await remote(address, { home, buildArguments })).tree;
    const address = `${server.origin}/r.git`;
    assert.equal(await has(address), false);
    assert.equal(await has(`${address}?keep-git-dir=1`), true);
    assert.equal(await has(address, { BUILDKIT_CONTEXT_KEEP_GIT_DIR: "1" }), true);
    assert.equal(await has(address, { BUILDKIT_CONTEXT_KEEP_GIT_DIR: "0" }), false);
  });

  it("a repository of this machine, where its user names it", async () => {
    const parent = temporaryDirectory();
    const repository = createRepository(parent, "r.git");
    repository.commit({ Dockerfile: dockerfile, f: "F" });
    const { tree } = await remote(`file://${repository.directory}`);
    assert.equal(tree["f"], "file 644 0:0 F");
  });

  it("failures are coded", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "r.git").commit({ "f.txt": "F" });
    const address = `${server.origin}/r.git`;
    await assert.rejects(remote(`${address}#none`), failsWith("GIT_REF_NOT_FOUND"));
    await assert.rejects(remote(`${address}#:none`), failsWith("GIT_SUBDIR_NOT_FOUND"));
    await assert.rejects(remote(address), failsWith("DOCKERFILE_NOT_FOUND"));
    await assert.rejects(remote("nothing-of-the-kind"), failsWith("CONTEXT_NOT_FOUND"));
  });
});

describe("an address as the build context", () => {
  it("an archive is unpacked", async () => {
    const archive = await create([
      { name: "Dockerfile", text: dockerfile },
      { name: "other", text: "FROM scratch\nCOPY in/f /g\n" },
      { name: "in/f", text: "F" },
    ]);
    const server = await serveBytes(gzipSync(archive));
    const home = temporaryDirectory();
    const address = `${server.origin}/context.tar.gz`;
    const { tree } = await remote(address, { home });
    assert.equal(tree["in/f"], "file 644 0:0 F");
    const other = await remote(address, { home, dockerfile: { kind: "context", path: "other" } });
    assert.deepEqual(other.tree, { g: "file 644 0:0 F" });
    assert.deepEqual(
      server.seen.map(({ headers }) => headers["if-none-match"]),
      [undefined, '"1"'],
    );
    const text = await remote(address, {
      home,
      dockerfile: { kind: "text", text: "FROM scratch\nCOPY in /x\n" },
    });
    assert.equal(text.tree["x/f"], "file 644 0:0 F");
  });

  it("anything else is the Dockerfile, and then there are no files", async () => {
    const server = await serveBytes("FROM scratch\nLABEL a=b\n");
    const { config } = await remote(`${server.origin}/Dockerfile`);
    assert.deepEqual(config.config.Labels, { a: "b" });
    const copying = await serveBytes("FROM scratch\nCOPY f /\n");
    await assert.rejects(remote(copying.origin), failsWith("SOURCE_NOT_FOUND", 2));
    await assert.rejects(
      remote(server.origin, { dockerfile: { kind: "text", text: dockerfile } }),
      failsWith("CONTEXT_NOT_ARCHIVE"),
    );
    await assert.rejects(remote(`${server.origin}/missing`), failsWith("HTTP_NOT_FOUND"));
  });
});

describe("named contexts", () => {
  const build = (text: string, buildContexts: Readonly<Record<string, string>>) =>
    buildImage(`FROM scratch\n${text}`, {}, { buildContexts, home: temporaryDirectory() });

  it("a directory, through its own .dockerignore", async () => {
    const directory = makeContext({ a: "A", b: "B", ".dockerignore": "b\n" });
    const { tree } = await build("COPY --from=other . /x", { other: directory });
    assert.deepEqual(Object.keys(tree).sort(), ["x", "x/.dockerignore", "x/a"]);
  });

  it("a git repository, an archive and a file over HTTP", async () => {
    const git = await startGitServer();
    createRepository(git.directory, "r.git").commit({ "d/f": "G", ".dockerignore": "d" });
    const archive = await serveBytes(await create([{ name: "t/f", text: "T" }]));
    const file = await serveBytes("F");
    const { tree } = await build(
      "COPY --from=git d/f /g\nCOPY --from=tar t/f /t\nCOPY --from=file one.txt /f\nCOPY --from=file . /all",
      {
        git: `${git.origin}/r.git#main`,
        tar: `${archive.origin}/a.tar`,
        file: `${file.origin}/one.txt`,
      },
    );
    assert.deepEqual(tree, {
      g: "file 644 0:0 G",
      t: "file 644 0:0 T",
      f: "file 600 0:0 F",
      all: "dir 755 0:0",
      "all/one.txt": "file 600 0:0 F",
    });
    assert.equal(file.seen.length, 1);
  });

  it("an image layout, by FROM and --from", async () => {
    const layout = temporaryDirectory();
    await buildImage("FROM scratch\nENV A=1\nCOPY f /f", { f: "F" }, { output: layout });
    const from = await buildImage(
      "FROM base\nCOPY --from=base f /g",
      {},
      {
        buildContexts: { base: `oci-layout://${layout}` },
        home: temporaryDirectory(),
      },
    );
    assert.deepEqual(from.tree, { f: "file 644 0:0 F", g: "file 644 0:0 F" });
    assert.ok(from.config.config.Env?.includes("A=1"));
  });

  it("a repository as a mount of RUN", async () => {
    const git = await startGitServer();
    createRepository(git.directory, "r.git").commit({ "d/f": "G" });
    const { events } = await buildImage(
      "FROM python:3.12-slim\nRUN --mount=from=git,target=/m cat /m/d/f",
      {},
      {
        buildContexts: { git: `${git.origin}/r.git` },
        home: temporaryDirectory(),
      },
    );
    const output = events.map((event) => (event.kind === "log" ? event.text : "")).join("");
    assert.equal(output, "G");
  });

  it("one that nobody uses is not looked at", async () => {
    const { tree } = await build("COPY --from=a . /", {
      a: makeContext({ f: "F" }),
      b: "http://127.0.0.1:1/x",
    });
    assert.deepEqual(tree, { f: "file 644 0:0 F" });
  });

  it("failures have the line that uses them", async () => {
    const git = await startGitServer();
    createRepository(git.directory, "r.git").commit({ f: "F" });
    const cases: readonly (readonly [string, string])[] = [
      [`${git.origin}/r.git#none`, "GIT_REF_NOT_FOUND"],
      ["http://127.0.0.1:1/x.tar", "HTTP_UNREACHABLE"],
      [path.join(temporaryDirectory(), "none"), "BUILD_CONTEXT_UNSUPPORTED"],
      ["rsync://example.com/x", "BUILD_CONTEXT_UNSUPPORTED"],
    ];
    for (const [value, code] of cases) {
      await assert.rejects(build("COPY --from=other . /", { other: value }), failsWith(code, 2), value);
    }
    const files = `${git.origin}/r.git`;
    await assert.rejects(
      buildImage("FROM other\n", {}, { buildContexts: { other: files } }),
      failsWith("BASE_IS_DIRECTORY", 1),
    );
  });
});
