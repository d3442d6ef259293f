import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { BuildOptions } from "../../src/build/index.ts";
import { addSubmodule, createRepository, startGitServer } from "../sources/support/git.ts";
import { serve } from "../sources/support/http.ts";
import { buildImage, failsWith, temporaryDirectory } from "./support.ts";
import { create } from "./tar.ts";

const sha256 = (bytes: string | Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const add = (text: string, options: Partial<BuildOptions> = {}) =>
  buildImage(`FROM scratch\n${text}`, { "local.txt": "local" }, { home: temporaryDirectory(), ...options });

/** Serves texts by path with an ETag each; `stop` closes it like a machine that is gone. */
async function files(contents: Record<string, string | Buffer>) {
  const server = await serve((request, response) => {
    const found = contents[(request.url ?? "").replace(/\?.*$/, "")];
    if (found === undefined) {
      response.writeHead(404).end("no such file");
      return;
    }
    const etag = `"${sha256(found)}"`;
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const headers = { etag, "last-modified": "Tue, 02 Jan 2024 03:04:05 GMT" };
    response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : found);
  });
  return { ...server, contents };
}

describe("ADD of a file over HTTP", () => {
  it("is named by its address in a directory, and is the destination otherwise", async () => {
    const { origin } = await files({ "/d/a.txt": "A", "/d/b%20c.txt": "B", "/": "C" });
    const { tree } = await add(
      `ADD ${origin}/d/a.txt /named\nADD ${origin}/d/a.txt?x=1#y ${origin}/d/b%20c.txt local.txt /in/\nADD ${origin}/ /in/`,
    );
    assert.deepEqual(tree, {
      named: "file 600 0:0 A",
      in: "dir 755 0:0",
      "in/a.txt": "file 600 0:0 A",
      "in/b c.txt": "file 600 0:0 B",
      "in/local.txt": "file 644 0:0 local",
      "in/__unnamed__": "file 600 0:0 C",
    });
  });

  it("--chown and --chmod, and variables in address and checksum", async () => {
    const { origin } = await files({ "/a": "A" });
    const { tree, config } = await add(
      `ARG NAME=a SUM=${sha256("A")}\nADD --chown=7:8 --chmod=755 --checksum=$SUM ${origin}/$NAME /x`,
    );
    assert.deepEqual(tree, { x: "file 755 7:8 A" });
    assert.match(config.history.at(-1)?.created_by ?? "", /^ADD --chown=7:8 --chmod=755 http:/);
  });

  it("an archive is a file, unless --unpack", async () => {
    const archive = await create([{ name: "in/side", text: "T" }]);
    const { origin } = await files({ "/a.tar": archive, "/plain": "P" });
    const { tree } = await add(
      `ADD ${origin}/a.tar /kept/\nADD --unpack ${origin}/a.tar /open/\nADD --unpack=true ${origin}/plain /open/`,
    );
    assert.deepEqual(Object.keys(tree).sort(), [
      "kept",
      "kept/a.tar",
      "open",
      "open/in",
      "open/in/side",
      "open/plain",
    ]);
  });

  it("is asked for again, and the step is cached while it is the same", async () => {
    const server = await files({ "/a": "one" });
    const home = temporaryDirectory();
    const text = `ADD ${server.origin}/a /x`;
    const first = await add(text, { home });
    const same = await add(text, { home });
    assert.deepEqual([first.executed.length, same.executed.length], [1, 0]);
    assert.equal(same.digest, first.digest);
    assert.deepEqual(
      server.seen.map(({ headers }) => headers["if-none-match"] !== undefined),
      [false, true],
    );
    server.contents["/a"] = "two";
    const changed = await add(text, { home });
    assert.equal(changed.tree["x"], "file 600 0:0 two");
    assert.equal(changed.executed.length, 1);
  });

  it("with a checksum, nobody is asked once the file is there", async () => {
    const server = await files({ "/a": "one" });
    const home = temporaryDirectory();
    const text = `ADD --checksum=${sha256("one")} ${server.origin}/a /x`;
    const first = await add(text, { home });
    const offline = await add(text, { home });
    assert.equal(offline.digest, first.digest);
    assert.equal(server.seen.length, 1);
    // --no-cache fetches again.
    assert.equal((await add(text, { home, noCache: true })).digest, first.digest);
    assert.equal(server.seen.length, 2);
  });

  it("its time is the build's, with --timestamps keep its own", async () => {
    const { origin } = await files({ "/a": "A" });
    const fixed = await add(`ADD ${origin}/a /x`);
    const kept = await add(`ADD ${origin}/a /x`, { timestamps: "keep" });
    assert.notEqual(kept.config.rootfs.diff_ids[0], fixed.config.rootfs.diff_ids[0]);
  });

  it("keeps passwords of addresses out of the image", async () => {
    const server = await files({ "/a": "A" });
    const address = server.origin.replace("http://", "http://user:secret@");
    const { config } = await add(`ADD ${address}/a /x`);
    assert.doesNotMatch(JSON.stringify(config), /secret/);
    assert.equal(server.seen[0]?.headers.authorization, `Basic ${btoa("user:secret")}`);
  });

  it("takes an authorization header from a secret", async () => {
    const server = await files({ "/a": "A" });
    const id = `HTTP_AUTH_TOKEN_${new URL(server.origin).host}`;
    await add(`ADD ${server.origin}/a /x`, { secrets: [{ id, kind: "bytes", bytes: Buffer.from("T\n") }] });
    assert.equal(server.seen[0]?.headers.authorization, "Bearer T");
  });

  it("failures have the line of the instruction", async () => {
    const { origin } = await files({ "/a": "A" });
    const leads = await serve((_, response) =>
      response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    );
    const cases: readonly (readonly [string, string])[] = [
      [`ADD ${origin}/missing /x`, "HTTP_NOT_FOUND"],
      [`ADD --checksum=${sha256("other")} ${origin}/a /x`, "HTTP_CHECKSUM_MISMATCH"],
      [`ADD --checksum=md5:1 ${origin}/a /x`, "HTTP_CHECKSUM_INVALID"],
      [`ADD ${leads.origin}/a /x`, "HTTP_REDIRECT_REFUSED"],
      ["ADD http://127.0.0.1:1/a /x", "HTTP_UNREACHABLE"],
      [`ADD --checksum=${sha256("A")} ${origin}/a ${origin}/b /x/`, "CHECKSUM_MISPLACED"],
      [`ADD --checksum=${sha256("local")} local.txt /x`, "CHECKSUM_MISPLACED"],
      [`COPY ${origin}/a /x`, "COPY_REMOTE"],
      [`COPY ${origin}/a.git /x`, "COPY_REMOTE"],
    ];
    for (const [text, code] of cases) {
      await assert.rejects(add(`LABEL a=1\n${text}`), failsWith(code, 3), text);
    }
  });
});

describe("ADD of a git repository", () => {
  it("puts the tree of the ref, or a directory of it, at the destination", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "r.git");
    repository.commit({ "a.txt": "one", "sub/b.txt": "B" });
    repository.git("tag", "v1");
    repository.commit({ "a.txt": "two" });
    const address = `${server.origin}/r.git`;
    const { tree } = await add(
      `ADD ${address} /main\nADD --chown=5:6 ${address}#v1 /old/\nADD ${address}#main:sub /\nADD --exclude=sub ${address}#v1 /part`,
    );
    assert.deepEqual(tree, {
      main: "dir 755 0:0",
      "main/a.txt": "file 644 0:0 two",
      "main/sub": "dir 755 0:0",
      "main/sub/b.txt": "file 644 0:0 B",
      old: "dir 755 5:6",
      "old/a.txt": "file 644 5:6 one",
      "old/sub": "dir 755 5:6",
      "old/sub/b.txt": "file 644 5:6 B",
      "b.txt": "file 644 0:0 B",
      part: "dir 755 0:0",
      "part/a.txt": "file 644 0:0 one",
    });
  });

  it("is fetched once for a commit, and not asked for where the commit is named", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "r.git");
    const commit = repository.commit({ "a.txt": "one" });
    const home = temporaryDirectory();
    const fetches = () => server.requests.filter(({ url }) => url.includes("git-upload-pack")).length;
    const moving = `ADD ${server.origin}/r.git /x`;
    const first = await add(moving, { home });
    const before = fetches();
    const again = await add(moving, { home });
    assert.deepEqual([again.digest, again.executed], [first.digest, []]);
    assert.ok(fetches() > before, "the ref is asked for");
    const pinned = `ADD ${server.origin}/r.git#${commit} /x`;
    const named = await add(pinned, { home });
    const asked = server.requests.length;
    assert.equal(named.tree["x/a.txt"], "file 644 0:0 one");
    // Another destination needs the tree, which is there.
    const elsewhere = await add(`ADD ${server.origin}/r.git#${commit} /y`, { home });
    assert.equal(elsewhere.tree["y/a.txt"], "file 644 0:0 one");
    assert.equal(server.requests.length, asked);
    repository.commit({ "a.txt": "two" });
    assert.equal((await add(moving, { home })).tree["x/a.txt"], "file 644 0:0 two");
  });

  it("--keep-git-dir and --checksum", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "r.git");
    const commit = repository.commit({ "a.txt": "one" });
    const address = `${server.origin}/r.git`;
    const { tree } = await add(
      `ADD --checksum=${commit} ${address} /x\nADD --keep-git-dir ${address} /y\nADD ${address} /z`,
    );
    assert.equal(tree["y/.git/HEAD"], `file 644 0:0 ${commit}\n`);
    assert.ok(!("x/.git" in tree) && !("z/.git" in tree));
  });

  it("one build sees one state of a repository and of a file", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "r.git");
    repository.commit({ "a.txt": "one" });
    const file = await serve((_, response, count) => response.writeHead(200).end(`${count}`));
    // Whoever asks for the file moves the branch.
    const moving = await serve((_, response) => {
      repository.commit({ "a.txt": "two" });
      response.writeHead(200).end();
    });
    const address = `${server.origin}/r.git`;
    const { tree } = await add(
      `ADD ${address} /x\nADD ${file.origin}/f /1\nADD ${moving.origin}/m /\nADD ${address} /y\nADD ${file.origin}/f /2`,
    );
    assert.equal(tree["x/a.txt"], tree["y/a.txt"]);
    assert.equal(tree["1"], tree["2"]);
    assert.equal(file.seen.length, 1);
  });

  it("?mtime=commit keeps the commit's time", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "r.git").commit({ "a.txt": "one" });
    const address = `${server.origin}/r.git`;
    const home = temporaryDirectory();
    const fixed = await add(`ADD ${address} /x`, { home });
    const commit = await add(`ADD ${address}?mtime=commit /x`, { home });
    assert.notEqual(commit.config.rootfs.diff_ids[0], fixed.config.rootfs.diff_ids[0]);
  });

  it("brings submodules", async () => {
    const server = await startGitServer();
    const inner = createRepository(server.directory, "inner.git").commit({ "i.txt": "I" });
    const outer = createRepository(server.directory, "outer.git");
    addSubmodule(outer, "lib", `${server.origin}/inner.git`, inner);
    const { tree } = await add(
      `ADD ${server.origin}/outer.git /x\nADD ${server.origin}/outer.git?submodules=0 /y`,
    );
    assert.equal(tree["x/lib/i.txt"], "file 644 0:0 I");
    assert.ok(!("y/lib/i.txt" in tree));
  });

  it("sends a token from a secret", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "r.git").commit({ "a.txt": "one" });
    const secrets = [{ id: "GIT_AUTH_TOKEN", kind: "bytes", bytes: Buffer.from("T") } as const];
    await add(`ADD ${server.origin}/r.git /x`, { secrets });
    assert.equal(server.requests[0]?.authorization, `Basic ${btoa("x-access-token:T")}`);
  });

  it("failures have the line of the instruction", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "r.git").commit({ "a.txt": "one" });
    const address = `${server.origin}/r.git`;
    const cases: readonly (readonly [string, string])[] = [
      [`ADD ${address}#nowhere /x`, "GIT_REF_NOT_FOUND"],
      [`ADD ${address}#main:nowhere /x`, "GIT_SUBDIR_NOT_FOUND"],
      [`ADD ${address}#main:../.. /x`, "GIT_SUBDIR_OUTSIDE"],
      [`ADD --checksum=${"0".repeat(40)} ${address} /x`, "GIT_CHECKSUM_MISMATCH"],
      [`ADD --checksum=${sha256("")} ${address} /x`, "GIT_CHECKSUM_INVALID"],
      [`ADD ${server.origin}/none.git /x`, "GIT_REPOSITORY_NOT_FOUND"],
      ["ADD git@127.0.0.1:-x/r.git /x", "GIT_SOURCE_INVALID"],
      ["ADD file:///etc/r.git /x", "SOURCE_NOT_FOUND"],
    ];
    for (const [text, code] of cases) {
      await assert.rejects(add(`LABEL a=1\n${text}`), failsWith(code, 3), text);
    }
  });
});
