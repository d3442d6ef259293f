import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { treeDigest } from "../../src/filesystem/index.ts";
import { fetchGit, parseGitSource, resolveGit } from "../../src/sources/index.ts";
import {
  commitSeconds,
  createRepository,
  fetchTree,
  git,
  resolveText,
  startGitServer,
} from "./support/git.ts";
import { codeOf, failureOf, never, temporaryDirectory, temporaryStore, treeOf } from "./support/index.ts";

const server = await startGitServer();
const repository = createRepository(server.directory, "app.git");
const address = `${server.origin}/app.git`;
const commits: Record<string, string> = {};
commits["old"] = repository.commit({ "a.txt": "old", "dir/b.txt": "b" });
repository.git("tag", "light");
commits["annotated"] = repository.commit({ "a.txt": "tagged" });
repository.git("tag", "--annotate", "--message", "m", "v1");
repository.git("checkout", "--quiet", "-b", "side");
commits["side"] = repository.commit({ "a.txt": "side" });
repository.git("update-ref", "refs/pull/7/head", "HEAD");
repository.git("checkout", "--quiet", "main");
repository.git("branch", "v1");
commits["main"] = repository.commit({
  "a.txt": "main",
  "run.sh": "+#!/bin/sh\n",
  "dir/deep/c.txt": "c",
  link: "-> dir/b.txt",
  out: "-> ../../etc/passwd",
  absolute: "-> /etc/passwd",
  "sub dir/ümläut\n.txt": "u",
});

describe("a git source over HTTP", () => {
  it("is the default branch, files with modes of their own, links as they are", async () => {
    const { tree, commit, ref, layer, time } = await fetchTree(address);
    assert.equal(commit, commits["main"]);
    assert.equal(ref, "refs/heads/main");
    assert.deepEqual(time, { seconds: commitSeconds, nanos: 0 });
    assert.equal(layer.changes.length, Object.keys(tree).length);
    assert.deepEqual(tree, {
      "a.txt": "644:main",
      absolute: "-> /etc/passwd",
      dir: "dir",
      "dir/b.txt": "644:b",
      "dir/deep": "dir",
      "dir/deep/c.txt": "644:c",
      link: "-> dir/b.txt",
      out: "-> ../../etc/passwd",
      "run.sh": "755:#!/bin/sh\n",
      "sub dir": "dir",
      "sub dir/ümläut\n.txt": "644:u",
    });
  });

  it("gives the same bytes each time, whatever the umask", async () => {
    const first = await fetchTree(address);
    const mask = process.umask(0o077);
    try {
      const second = await fetchTree(address);
      assert.equal(second.layer.diffId, first.layer.diffId);
      assert.equal(treeDigest(second.snapshot), treeDigest(first.snapshot));
    } finally {
      process.umask(mask);
    }
  });

  const refs: readonly (readonly [string, string, string | undefined])[] = [
    ["#side", "side", "refs/heads/side"],
    ["#refs/heads/side", "side", "refs/heads/side"],
    ["#heads/side", "side", "refs/heads/side"],
    ["#light", "old", "refs/tags/light"],
    ["?tag=v1", "annotated", "refs/tags/v1"],
    ["#refs/pull/7/head", "side", "refs/pull/7/head"],
    ["#pull/7/head", "side", "refs/pull/7/head"],
    ["#HEAD", "main", "refs/heads/main"],
  ];
  for (const [suffix, name, ref] of refs) {
    it(`resolves ${suffix}`, async () => {
      const resolved = await resolveText(address + suffix);
      assert.equal(resolved.commit, commits[name]);
      assert.equal(resolved.ref, ref);
    });
  }

  it("prefers a branch to a tag of the same name", async () => {
    assert.equal((await resolveText(`${address}#v1`)).ref, "refs/heads/v1");
  });

  it("fetches an annotated tag's commit", async () => {
    const { tree, commit, object } = await fetchTree(`${address}?tag=v1`);
    assert.equal(tree["a.txt"], "644:tagged");
    assert.equal(commit, commits["annotated"]);
    assert.notEqual(object, commit);
  });

  it("fetches a commit by its id, also that of a tag, and asks nobody what it is", async () => {
    const before = server.requests.length;
    const resolved = await resolveText(`${address}#${commits["old"]}`);
    assert.equal(server.requests.length, before);
    assert.equal(resolved.commit, commits["old"]);
    assert.equal((await fetchTree(`${address}#${commits["old"]}`)).tree["a.txt"], "644:old");
    const tag = repository.git("rev-parse", "refs/tags/v1");
    const tagged = await fetchTree(`${address}#${tag}`);
    assert.equal(tagged.commit, commits["annotated"]);
  });

  it("fetches what was resolved even if the branch has moved since", async () => {
    const resolved = await resolveText(`${address}#side`);
    repository.git("branch", "--force", "side", "main");
    try {
      const { tree, commit } = await fetchTree(`${address}#side`, { resolved });
      assert.equal(commit, commits["side"]);
      assert.equal(tree["a.txt"], "644:side");
    } finally {
      repository.git("branch", "--force", "side", `${commits["side"]}`);
    }
  });

  it("fetches a subdirectory as the root", async () => {
    const { tree } = await fetchTree(`${address}#main:dir`);
    assert.deepEqual(tree, { "b.txt": "644:b", deep: "dir", "deep/c.txt": "644:c" });
  });

  it("refuses subdirectories that are missing, files, or behind links", async () => {
    for (const subdir of ["nothing", "a.txt", "link", "out", "absolute"]) {
      assert.equal(await codeOf(fetchTree(`${address}#:${subdir}`)), "GIT_SUBDIR_NOT_FOUND", subdir);
    }
  });

  it("takes a checksum of the commit or of its tag, whole or in part", async () => {
    const commit = `${commits["annotated"]}`;
    const tag = repository.git("rev-parse", "refs/tags/v1");
    for (const checksum of [commit, commit.slice(0, 10), tag, commit.toUpperCase()]) {
      assert.equal((await resolveText(`${address}?tag=v1`, { checksum })).commit, commit);
    }
    assert.equal((await fetchTree(`${address}?checksum=${commit}`)).commit, commit);
  });

  it("refuses another checksum", async () => {
    const other = { checksum: "abcdef0123456789" };
    assert.equal(await codeOf(resolveText(`${address}#side`, other)), "GIT_CHECKSUM_MISMATCH");
    assert.equal(await codeOf(fetchTree(`${address}#${commits["old"]}`, other)), "GIT_CHECKSUM_MISMATCH");
    assert.equal(await codeOf(resolveText(address, { checksum: "sha256:00" })), "GIT_CHECKSUM_INVALID");
    assert.equal(
      await codeOf(resolveText(`${address}?checksum=12`, { checksum: "34" })),
      "GIT_SOURCE_INVALID",
    );
  });

  it("says that a ref is missing, and that commits need their whole id", async () => {
    assert.equal(await codeOf(resolveText(`${address}#nothing`)), "GIT_REF_NOT_FOUND");
    const short = await failureOf(resolveText(`${address}#${commits["old"]?.slice(0, 8)}`));
    assert.match(short.hint ?? "", /whole id/);
    const missing = fetchTree(`${address}#${"0".repeat(39)}1`);
    assert.equal(await codeOf(missing), "GIT_COMMIT_NOT_FOUND");
  });

  it("says that a repository is missing or out of reach", async () => {
    const missing = await failureOf(resolveText(`${server.origin}/none.git`));
    assert.equal(missing.code, "GIT_REPOSITORY_NOT_FOUND");
    assert.equal(missing.exitCode, 3);
    assert.equal(await codeOf(resolveText("http://127.0.0.1:1/x.git")), "GIT_UNREACHABLE");
  });

  it("leaves nothing behind, also when it fails", async () => {
    const home = await temporaryDirectory();
    await fetchTree(address, { home });
    await codeOf(fetchTree(`${address}#nothing`, { home }));
    assert.deepEqual(readdirSync(join(home, "tmp")), []);
  });

  it("reports what it does", async () => {
    const seen: string[] = [];
    await fetchTree(address, { onProgress: ({ kind }) => seen.push(kind) });
    assert.deepEqual(seen, ["resolve", "fetch", "files"]);
  });

  it("converts line ends as .gitattributes asks, and runs no filters", async () => {
    const converting = createRepository(server.directory, "converting.git");
    converting.commit({
      ".gitattributes": "*.bat eol=crlf\n*.x filter=evil\n",
      "a.bat": "1\n2\n",
      "b.x": "x",
    });
    converting.git("config", "filter.evil.smudge", "touch evil");
    const { tree } = await fetchTree(`${server.origin}/converting.git`);
    assert.equal(tree["a.bat"], "644:1\r\n2\r\n");
    assert.equal(tree["b.x"], "644:x");
  });

  it("fetches a repository of SHA-256 objects", async () => {
    const wide = createRepository(server.directory, "wide.git", "--object-format=sha256");
    const commit = wide.commit({ a: "a" });
    const { tree } = await fetchTree(`${server.origin}/wide.git#main`);
    assert.deepEqual(tree, { a: "644:a" });
    assert.equal((await resolveText(`${server.origin}/wide.git`)).commit, commit);
  });

  it("fetches from servers that know nothing of depth (the dumb protocol)", async () => {
    const plain = createRepository(server.directory, "plain.git");
    plain.commit({ a: "1" });
    plain.commit({ a: "2" });
    plain.git("update-server-info");
    server.intercept = (request, response) => {
      if (!request.url?.startsWith("/plain.git/")) return false;
      const file = request.url.replace(/^\/plain\.git/, "").replace(/\?.*/, "");
      import("node:fs/promises")
        .then(({ readFile }) => readFile(join(plain.directory, ".git", file)))
        .then((bytes) => response.end(bytes))
        .catch(() => response.writeHead(404).end());
      return true;
    };
    assert.deepEqual((await fetchTree(`${server.origin}/plain.git`)).tree, { a: "644:2" });
  });
});

describe("--keep-git-dir", () => {
  it("keeps a repository of the one commit that git can use, and always the same bytes", async () => {
    const server = await startGitServer();
    const repository = createRepository(server.directory, "app.git");
    repository.commit({ a: "1", "d/b": "+b" });
    repository.commit({ a: "2", l: "-> a" });
    repository.git("tag", "--annotate", "--message", "m", "v1");
    const address = `${server.origin.replace("//", "//me:secret@")}/app.git?tag=v1`;
    const first = await fetchTree(address, { keepGitDir: true });
    repository.git("gc", "--quiet", "--aggressive");
    const second = await fetchTree(address, { keepGitDir: true });
    assert.equal(second.layer.diffId, first.layer.diffId);

    const copy = await temporaryDirectory();
    for (const [path, what] of Object.entries(first.tree)) {
      if (what === "dir") mkdirSync(join(copy, path), { recursive: true });
    }
    for (const change of first.layer.changes) {
      if (change.kind !== "leaf" || change.inode.kind !== "file") continue;
      const bytes = new Uint8Array(change.inode.content.size);
      first.store.read(change.inode.content, 0, bytes);
      writeFileSync(join(copy, change.path), bytes, { mode: change.inode.attributes.mode });
    }
    const { symlinkSync } = await import("node:fs");
    symlinkSync("a", join(copy, "l"));
    assert.equal(git(copy, "status", "--porcelain"), "");
    assert.equal(git(copy, "rev-parse", "HEAD"), first.commit);
    assert.equal(git(copy, "describe", "--tags"), "v1");
    assert.equal(git(copy, "log", "--format=%s").split("\n").length, 1);
    assert.equal(git(copy, "remote", "get-url", "origin"), `${server.origin}/app.git`);
    assert.equal(git(copy, "fsck", "--no-dangling"), "");
  });

  it("keeps none with a subdirectory, and none if not asked to", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "app.git").commit({ "d/a": "1" });
    const address = `${server.origin}/app.git`;
    const kept = async (suffix: string) => Object.hasOwn((await fetchTree(address + suffix)).tree, ".git");
    assert.equal(await kept(""), false);
    assert.equal(await kept("?keep-git-dir"), true);
    assert.equal(await kept("?keep-git-dir&subdir=d"), false);
  });
});

describe("credentials of a git source", () => {
  it("go to its own server, and stay out of everything that is told", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "app.git").commit({ a: "1" });
    const expected = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    server.intercept = (request, response) => {
      if (request.headers.authorization === expected) return false;
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return true;
    };
    const host = server.origin.replace("http://", "");
    assert.deepEqual((await fetchTree(`http://me:secret@${host}/app.git`)).tree, { a: "644:1" });
    const given = await fetchTree(`${server.origin}/app.git`, { authorization: expected });
    assert.deepEqual(given.tree, { a: "644:1" });
    const refused = await failureOf(resolveText(`http://me:wrong@${host}/app.git`));
    assert.equal(refused.code, "GIT_AUTHENTICATION");
    assert.doesNotMatch(refused.message, /wrong/);
  });

  it("do not follow a redirect to another server", async () => {
    const [server, other] = [await startGitServer(), await startGitServer()];
    createRepository(other.directory, "app.git").commit({ a: "1" });
    server.intercept = (request, response) => {
      response.writeHead(302, { location: `${other.origin}${request.url}` }).end();
      return true;
    };
    const host = server.origin.replace("http://", "");
    const refused = await codeOf(fetchTree(`http://me:secret@${host}/app.git`));
    assert.equal(refused, "GIT_REDIRECT_REFUSED");
    assert.deepEqual(other.requests, []);
    assert.deepEqual((await fetchTree(`${server.origin}/app.git`)).tree, { a: "644:1" });
    assert.ok(other.requests.every(({ authorization }) => authorization === undefined));
  });
});

describe("git itself", () => {
  it("must be installed", async () => {
    const source = parseGitSource("https://example.invalid/x.git");
    assert.ok(source !== undefined);
    const environment = { PATH: await temporaryDirectory() };
    assert.equal(await codeOf(resolveGit({ source, signal: never(), environment })), "GIT_NOT_INSTALLED");
  });

  it("is ended, with its helpers, when the build is", async () => {
    const server = await startGitServer();
    const asked = Promise.withResolvers<void>();
    server.intercept = () => {
      asked.resolve();
      return true;
    };
    const controller = new AbortController();
    const resolving = resolveText(`${server.origin}/app.git`, { signal: controller.signal });
    const ended = assert.rejects(resolving, /no longer wanted/);
    await asked.promise;
    controller.abort(new Error("no longer wanted"));
    await ended;
  });

  it("does not see the settings of this machine", async () => {
    const server = await startGitServer();
    createRepository(server.directory, "app.git").commit({ a: "1" });
    const home = await temporaryDirectory();
    const mark = join(home, "mark");
    writeFileSync(
      join(home, ".gitconfig"),
      `[url "http://127.0.0.1:1/"]\n\tinsteadOf = ${server.origin}\n[credential]\n\thelper = !touch ${mark}\n[core]\n\thooksPath = ${home}\n`,
    );
    const environment = {
      ...process.env,
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
      GIT_DIR: home,
      GIT_EXTERNAL_DIFF: `touch ${mark}`,
    };
    assert.deepEqual((await fetchTree(`${server.origin}/app.git`, { environment })).tree, { a: "644:1" });
    assert.deepEqual(readdirSync(home), [".gitconfig"]);
  });
});

describe("a repository of this machine", () => {
  it("is fetched where its user names it by file://", async () => {
    const directory = await temporaryDirectory();
    const commit = createRepository(directory, "app").commit({ a: "1" });
    const store = await temporaryStore();
    const source = parseGitSource(`file://${directory}/app#main`, { local: true });
    assert.ok(source !== undefined);
    const fetched = await fetchGit({ source, store, signal: never() });
    assert.equal(fetched.commit, commit);
    assert.deepEqual(treeOf(store, fetched.snapshot), { a: "644:1" });
  });
});
