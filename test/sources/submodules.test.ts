import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { addSubmodule, createRepository, fetchTree, startGitServer } from "./support/git.ts";
import { failureOf, temporaryDirectory } from "./support/index.ts";

const server = await startGitServer();
const innerCommit = createRepository(server.directory, "inner.git").commit({
  "i.txt": "inner",
  l: "-> ../../../x",
});
const lib = createRepository(server.directory, "lib.git");
lib.commit({ "l.txt": "lib" });
addSubmodule(lib, "deep/inner", "./../inner.git", innerCommit);
const libCommit = lib.git("rev-parse", "HEAD");
// The submodule's commit need not be the tip of a branch.
lib.commit({ "l.txt": "newer" });

let names = 0;

/** A repository with a file and one submodule entry; returns its address. */
function withSubmodule(url: string, commit: string, path = "lib", update = ""): string {
  const name = `super${names++}.git`;
  const repository = createRepository(server.directory, name);
  repository.commit({ "a.txt": "a" });
  addSubmodule(repository, path, url, commit, update);
  return `${server.origin}/${name}`;
}

async function refusalOf(url: string): Promise<string> {
  const error = await failureOf(fetchTree(withSubmodule(url, libCommit)));
  return error.code;
}

describe("submodules", () => {
  it("are fetched recursively, at the commits that the tree names", async () => {
    const address = withSubmodule("../lib.git", libCommit, "vendor/lib");
    const { tree } = await fetchTree(address);
    assert.equal(tree["vendor/lib/l.txt"], "644:lib");
    assert.equal(tree["vendor/lib/deep/inner/i.txt"], "644:inner");
    assert.equal(tree["vendor/lib/deep/inner/l"], "-> ../../../x");
    assert.equal(tree[".gitmodules"]?.startsWith("644:"), true);
    assert.ok(!Object.keys(tree).some((path) => path.split("/").includes(".git")));
  });

  it("may be named by a whole address", async () => {
    const { tree } = await fetchTree(withSubmodule(`${server.origin}/inner.git`, innerCommit));
    assert.equal(tree["lib/i.txt"], "644:inner");
  });

  it("are left out on request, and where they say so themselves", async () => {
    const out = { lib: "dir", "a.txt": "644:a" };
    const essential = ({ tree }: { tree: Record<string, string> }) => {
      const { ".gitmodules": _, ...others } = tree;
      return others;
    };
    const address = withSubmodule("../lib.git", libCommit);
    assert.deepEqual(essential(await fetchTree(`${address}?submodules=false`)), out);
    assert.deepEqual(essential(await fetchTree(withSubmodule("../lib.git", libCommit, "lib", "none"))), out);
  });

  it("can hold the wanted subdirectory", async () => {
    const address = withSubmodule("../lib.git", libCommit);
    assert.deepEqual((await fetchTree(`${address}#:lib/deep/inner`)).tree, {
      "i.txt": "644:inner",
      l: "-> ../../../x",
    });
  });

  it("may not choose addresses that run programs, read this machine, or look like options", async () => {
    const mark = join(await temporaryDirectory(), "mark");
    for (const url of [
      `ext::sh -c "touch ${mark}"`,
      `--upload-pack=touch ${mark}`,
      `-u${mark}`,
      `ssh://-oProxyCommand=touch ${mark}/x`,
      `ssh://-oProxyCommand=touch%20${mark}/x`,
      `-oProxyCommand=touch@example.invalid:x`,
      `git@-oProxyCommand:x`,
      "file:///etc",
      join(server.directory, "lib.git"),
      "../../../../lib.git",
      "https://example.invalid/x.git?a=b",
      "https://example.invalid/x.git\n",
      "fd::17",
      "",
    ]) {
      assert.equal(await refusalOf(url), "GIT_SUBMODULE_REFUSED", url);
    }
    assert.equal(existsSync(mark), false);
  });

  it("may not have commands run", async () => {
    const mark = join(await temporaryDirectory(), "mark");
    const error = await failureOf(fetchTree(withSubmodule("../lib.git", libCommit, "lib", `!touch ${mark}`)));
    assert.equal(error.code, "GIT_SUBMODULE_REFUSED");
    assert.equal(existsSync(mark), false);
  });

  it("need an entry in .gitmodules", async () => {
    const repository = createRepository(server.directory, "unmapped.git");
    repository.commit({ a: "a" });
    repository.git("update-index", "--add", "--cacheinfo", `160000,${libCommit},lib`);
    repository.git("commit", "--quiet", "--message", "m");
    const error = await failureOf(fetchTree(`${server.origin}/unmapped.git`));
    assert.equal(error.code, "GIT_SUBMODULE_REFUSED");
  });

  it("end where they go round in a circle of ever new commits or lead to nothing", async () => {
    const missing = await failureOf(fetchTree(withSubmodule("../none.git", libCommit)));
    assert.equal(missing.code, "GIT_REPOSITORY_NOT_FOUND");
    const gone = await failureOf(fetchTree(withSubmodule("../lib.git", `${"0".repeat(39)}1`)));
    assert.equal(gone.code, "GIT_COMMIT_NOT_FOUND");
    let commit = innerCommit;
    let name = "inner.git";
    for (let depth = 0; depth < 18; depth += 1) {
      const repository = createRepository(server.directory, `level${depth}.git`);
      repository.commit({ a: "a" });
      addSubmodule(repository, "x", `../${name}`, commit);
      commit = repository.git("rev-parse", "HEAD");
      name = `level${depth}.git`;
    }
    assert.equal((await failureOf(fetchTree(`${server.origin}/${name}`))).code, "GIT_SUBMODULE_REFUSED");
  });
});

describe("a tree made to mislead", () => {
  /** Writes a tree object as it is, which git's own commands would refuse. */
  async function withTree(name: string, entry: string): Promise<string> {
    const repository = createRepository(server.directory, name);
    repository.commit({ a: "a" });
    const blob = repository.git("rev-parse", "HEAD:a");
    const raw = Buffer.concat([Buffer.from(`100644 ${entry}\0`), Buffer.from(blob, "hex")]);
    const tree = execFileSync("git", ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], {
      cwd: repository.directory,
      input: raw,
      encoding: "utf8",
    }).trim();
    const commit = repository.git("commit-tree", "-m", "m", tree);
    repository.git("update-ref", "refs/heads/main", commit);
    return `${server.origin}/${name}`;
  }

  it("may not have a name twice, as a link and as the directory behind it", async () => {
    const repository = createRepository(server.directory, "twice.git");
    repository.commit({ "x/a": "a", l: "-> /" });
    const link = repository.git("rev-parse", "HEAD:l");
    const tree = repository.git("rev-parse", "HEAD:x");
    const raw = Buffer.concat([
      ...[Buffer.from("120000 x\0"), Buffer.from(link, "hex")],
      ...[Buffer.from("40000 x\0"), Buffer.from(tree, "hex")],
    ]);
    const twice = execFileSync("git", ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], {
      cwd: repository.directory,
      input: raw,
      encoding: "utf8",
    }).trim();
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", "-m", "m", twice));
    const { code } = await failureOf(fetchTree(`${server.origin}/twice.git`));
    assert.match(code, /^GIT_(?:BAD_REPOSITORY|FAILED)$/);
  });

  for (const entry of [".git", ".GIT", "..", "../../evil", "."]) {
    it(`may not have an entry ${entry}`, async () => {
      const address = await withTree(`tree${names++}.git`, entry);
      assert.equal((await failureOf(fetchTree(address))).code, "GIT_PATH_INVALID");
    });
  }

  it("may not have names that are not UTF-8", async () => {
    const repository = createRepository(server.directory, "latin.git");
    repository.commit({ a: "a" });
    const blob = repository.git("rev-parse", "HEAD:a");
    const input = Buffer.concat([Buffer.from(`100644 blob ${blob}\t`), Buffer.from([0xff, 0xfe, 0])]);
    const tree = execFileSync("git", ["mktree", "-z"], {
      cwd: repository.directory,
      input,
      encoding: "utf8",
    }).trim();
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", "-m", "m", tree));
    assert.equal((await failureOf(fetchTree(`${server.origin}/latin.git`))).code, "GIT_PATH_INVALID");
  });
});
