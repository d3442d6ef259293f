import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import { classifyAddSource, classifyContext, parseGitSource } from "../../src/sources/index.ts";
import { codeOf, failureOf } from "./support/index.ts";

const noDirectory = () => false;

function essence(text: string) {
  const source = parseGitSource(text);
  if (source === undefined) return undefined;
  const { remote, ref, subdir } = source;
  return [remote, ref, subdir];
}

const id = "0123456789abcdef0123456789abcdef01234567";

describe("a text that is a git source", () => {
  const cases: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
    ["https://example.com/foo.git", "https://example.com/foo.git", undefined, undefined],
    ["http://example.com/foo.git", "http://example.com/foo.git", undefined, undefined],
    ["HTTPS://example.com/foo.git", "https://example.com/foo.git", undefined, undefined],
    ["https://example.com/foo.git#release/1.2", "https://example.com/foo.git", "release/1.2", undefined],
    ["https://example.com/foo.git#a/b:c/d", "https://example.com/foo.git", "a/b", "c/d"],
    ["https://example.com/foo.git#:c", "https://example.com/foo.git", undefined, "c"],
    ["https://example.com/foo.git#v%31", "https://example.com/foo.git", "v1", undefined],
    ["https://example.com/foo.git?ref=v1&subdir=/s/./t/", "https://example.com/foo.git", "v1", "s/t"],
    ["https://example.com/foo.git?subdir=s#v1", "https://example.com/foo.git", "v1", "s"],
    ["https://example.com/foo.git?tag=v1", "https://example.com/foo.git", "refs/tags/v1", undefined],
    [
      "https://example.com/foo.git?tag=refs/tags/v1",
      "https://example.com/foo.git",
      "refs/tags/v1",
      undefined,
    ],
    ["https://example.com/foo.git?branch=v1", "https://example.com/foo.git", "refs/heads/v1", undefined],
    ["https://example.com/foo.git?ref=v1#v1", "https://example.com/foo.git", "v1", undefined],
    ["git://example.com/foo", "git://example.com/foo", undefined, undefined],
    ["ssh://git@example.com:2222/~/foo.git", "ssh://git@example.com:2222/~/foo.git", undefined, undefined],
    ["git@example.com:me/foo", "git@example.com:me/foo", undefined, undefined],
    ["someone@example.com:/srv/foo.git#v1:d", "someone@example.com:/srv/foo.git", "v1", "d"],
    ["git@example.com:me/foo.git?subdir=/s#v1", "git@example.com:me/foo.git", "v1", "s"],
    ["github.com/me/foo#main", "https://github.com/me/foo", "main", undefined],
    ["github.com/me/foo?tag=v1", "https://github.com/me/foo", "refs/tags/v1", undefined],
    [`https://example.com/foo.git?checksum=${id}`, "https://example.com/foo.git", id, undefined],
  ];
  for (const [text, ...expected] of cases) {
    it(`is ${text}`, () => assert.deepEqual(essence(text), expected));
  }

  it("says which protocol it has, and whether that protects it", () => {
    const facts = (text: string) => {
      const source = parseGitSource(text);
      return [source?.protocol, source?.unencrypted, source?.shorthand, source?.name];
    };
    assert.deepEqual(facts("git@example.com:me/foo.git"), ["ssh", false, false, "foo"]);
    assert.deepEqual(facts("http://example.com/foo.git"), ["http", true, false, "foo"]);
    assert.deepEqual(facts("git://example.com/foo"), ["git", true, false, "foo"]);
    assert.deepEqual(facts("github.com/me/foo"), ["https", false, true, "foo"]);
  });

  it("reads switches as Go does, and takes a bare one as true", () => {
    const read = (query: string) => parseGitSource(`https://example.com/foo.git?${query}`);
    assert.equal(read("keep-git-dir")?.keepGitDir, true);
    assert.equal(read("keep-git-dir=F")?.keepGitDir, false);
    assert.equal(read("submodules=false")?.submodules, false);
    assert.equal(read("submodules=1&mtime=commit&fetch-by-commit=true")?.submodules, true);
    assert.equal(read("mtime=checkout")?.mtime, "checkout");
    assert.equal(read("commit=ABC&ref=x")?.checksum, "abc");
  });

  it("keeps the user name and password out of the address", () => {
    const source = parseGitSource("https://me:p%40ss@example.com/foo.git");
    assert.equal(source?.remote, "https://example.com/foo.git");
    assert.equal(source?.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  });
});

describe("a text that is no git source", () => {
  for (const text of [
    "https://example.com/",
    "https://example.com/foo",
    "https://example.com/foo.git/",
    "https://example.com/foo.git.bar",
    "https://example.com/foo?x=.git",
    "http://example.com/foo.git:#branch",
    "example.com/foo.git",
    "./.git",
    "../foo.git",
    ".git",
    "foo",
    "example.com:foo",
    "file:///tmp/foo.git",
    "ext::sh -c id",
    "ftp://example.com/foo.git",
    "--upload-pack=id",
  ]) {
    it(`is ${text}`, () => assert.equal(parseGitSource(text), undefined));
  }
});

describe("a git source with a fault", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["https://example.com/foo.git?ref=v1#v2", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?ref=v1&tag=v2", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?tag=v1&branch=v1", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?subdir=a#:b", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?invalid=123", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?ref=", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?ref=a&ref=b", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?commit=a&checksum=b", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?keep-git-dir=maybe", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?mtime=now", "GIT_SOURCE_INVALID"],
    ["https://example.com/foo.git?checksum=xyz", "GIT_CHECKSUM_INVALID"],
    ["https://example.com/foo.git#--upload-pack=id", "GIT_REF_INVALID"],
    ["https://example.com/foo.git#a b", "GIT_REF_INVALID"],
    ["https://example.com/foo.git#a..b", "GIT_REF_INVALID"],
    ["https://example.com/foo.git#a%0Ab", "GIT_REF_INVALID"],
    ["https://example.com/foo.git#refs/*", "GIT_REF_INVALID"],
    ["https://example.com/foo.git#+a", ""],
    ["https://example.com/foo.git#:../x", "GIT_SUBDIR_OUTSIDE"],
    ["https://example.com/foo.git#:a/../../x", "GIT_SUBDIR_OUTSIDE"],
    ["ssh://-oProxyCommand=id/foo.git", "GIT_SOURCE_INVALID"],
    ["ssh://a@-oProxyCommand=id/foo.git", "GIT_SOURCE_INVALID"],
    ["a@-oProxyCommand:foo", "GIT_SOURCE_INVALID"],
    ["git@example.com:-x", "GIT_SOURCE_INVALID"],
    ["ssh:///foo.git", "GIT_SOURCE_INVALID"],
    ["git://example.com", "GIT_SOURCE_INVALID"],
    ["git://example.com/a\nb", "GIT_SOURCE_INVALID"],
  ];
  for (const [text, code] of cases) {
    if (code === "") it(`is not ${text}`, () => assert.equal(parseGitSource(text)?.ref, "+a"));
    else
      it(`is ${JSON.stringify(text)}`, async () =>
        assert.equal(await codeOf(() => parseGitSource(text)), code));
  }

  it("is told without its password", async () => {
    const error = await failureOf(() => parseGitSource("https://me:secret@example.com/foo.git?x=1"));
    assert.doesNotMatch(error.message, /secret/);
  });

  it("is never anything but a coded error, whatever the text", () => {
    const piece = fc.constantFrom(
      "https://",
      "git@",
      "a",
      ".git",
      "#",
      "?",
      ":",
      "/",
      "..",
      "=",
      "&",
      "%",
      "ref",
      "-",
      "@",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (pieces) => {
        try {
          const source = parseGitSource(pieces.join(""));
          if (source === undefined) return;
          assert.doesNotMatch(source.remote, /[\s#?]|^-/);
          assert.ok(source.ref === undefined || !/^-|\s|:/.test(source.ref));
          assert.ok(source.subdir === undefined || !source.subdir.split("/").includes(".."));
        } catch (error) {
          if (!(error instanceof BoxwrightError)) throw error;
        }
      }),
      { numRuns: 3000, seed: 7 },
    );
  });
});

describe("a source of ADD", () => {
  it("is local, http or git", () => {
    const kind = (text: string) => classifyAddSource(text).kind;
    assert.equal(kind("src/*.txt"), "local");
    assert.equal(kind("https://example.com/a.tar.gz"), "http");
    assert.equal(kind("https://example.com/a.git#v1"), "git");
    assert.equal(kind("git@example.com:a"), "git");
    assert.equal(kind("github.com/me/foo"), "local");
    assert.equal(kind("HTTP://example.com/a"), "local");
    assert.equal(kind("file:///etc/passwd"), "local");
  });
});

describe("the build context", () => {
  it("is standard input, a directory, a repository or an address", () => {
    const kind = (text: string) => classifyContext(text, noDirectory).kind;
    assert.equal(kind("-"), "stdin");
    assert.equal(kind("."), "directory");
    assert.equal(kind("github.com/me/foo#main:sub"), "git");
    assert.equal(kind("https://example.com/context.tar.gz"), "http");
    assert.equal(kind("file:///srv/foo.git#main"), "git");
  });

  it("is the directory where one has the name of a repository", () => {
    assert.equal(classifyContext("github.com/me/foo", () => true).kind, "directory");
  });
});
