import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildImage, type Files, failsWith } from "./support.ts";

const files: Files = {
  "a.txt": "a",
  "b.txt": "b",
  "c.md": "c",
  "bin/tool": { mode: 0o755, text: "tool" },
  "dir/x.txt": "x",
  "dir/sub/y.txt": "y",
  "dir/link": { link: "x.txt" },
  "top-link": { link: "dir/x.txt" },
  "dir-link": { link: "dir" },
};

const d = "dir 755 0:0";
const f = (text: string) => `file 644 0:0 ${text}`;

const cases: readonly (readonly [name: string, copies: string, tree: Record<string, string>])[] = [
  ["a file to a file", "COPY a.txt /x", { x: f("a") }],
  ["a file to a directory that is made", "COPY a.txt /x/", { x: d, "x/a.txt": f("a") }],
  ["a file below directories that are made", "COPY a.txt /x/y/z", { x: d, "x/y": d, "x/y/z": f("a") }],
  ["a file into WORKDIR", "WORKDIR /w\nCOPY a.txt .", { w: d, "w/a.txt": f("a") }],
  ["a file to a relative name", "WORKDIR /w\nCOPY a.txt sub/n", { w: d, "w/sub": d, "w/sub/n": f("a") }],
  ["several files to a directory", "COPY a.txt b.txt /x/", { x: d, "x/a.txt": f("a"), "x/b.txt": f("b") }],
  ["a wildcard", "COPY *.txt /x/", { x: d, "x/a.txt": f("a"), "x/b.txt": f("b") }],
  ["a wildcard in a directory's name", "COPY d?r/*.txt /x/", { x: d, "x/x.txt": f("x") }],
  ["a wildcard that matches nothing", "COPY *.nope c.md /x/", { x: d, "x/c.md": f("c") }],
  [
    "a directory's contents, links kept",
    "COPY dir /x",
    { x: d, "x/link": "link x.txt", "x/sub": d, "x/sub/y.txt": f("y"), "x/x.txt": f("x") },
  ],
  ["a link at the top is followed", "COPY top-link /x", { x: f("x") }],
  ["a link to a directory at the top is followed", "COPY dir-link/sub /x", { x: d, "x/y.txt": f("y") }],
  ["dots do not leave the context", "COPY ../../a.txt /x", { x: f("a") }],
  ["the mode is kept", "COPY bin/tool /x", { x: "file 755 0:0 tool" }],
  ["--chmod octal", "COPY --chmod=0600 a.txt /x", { x: "file 600 0:0 a" }],
  ["--chmod symbolic", "COPY --chmod=u+x,go= a.txt /x", { x: "file 700 0:0 a" }],
  ["--chown by number", "COPY --chown=5:6 dir/sub /x", { x: "dir 755 5:6", "x/y.txt": "file 644 5:6 y" }],
  ["--chown with one number sets both", "COPY --chown=5 a.txt /x", { x: "file 644 5:5 a" }],
  ["USER does not own what is copied", "USER 7\nCOPY a.txt /x", { x: f("a") }],
  ["WORKDIR belongs to USER", "USER 7:8\nWORKDIR /w", { w: "dir 755 7:8" }],
  ["--exclude", "COPY --exclude=sub --exclude=link dir /x/", { x: d, "x/x.txt": f("x") }],
  [
    "--parents",
    "COPY --parents dir/sub/y.txt /x/",
    { x: d, "x/dir": d, "x/dir/sub": d, "x/dir/sub/y.txt": f("y") },
  ],
  [
    "--parents with a pivot",
    "COPY --parents dir/./sub/y.txt /x/",
    { x: d, "x/sub": d, "x/sub/y.txt": f("y") },
  ],
  ["a heredoc, expanded", `ENV A=1\nCOPY <<E /x\nis $A "q"\nE`, { x: f('is 1 "q"\n') }],
  ["a quoted heredoc", `ENV A=1\nCOPY <<"E" /x/\nis $A\nE`, { x: d, "x/E": f("is $A\n") }],
  ["two heredocs", "COPY <<A <<B /x/\na\nA\nb\nB", { x: d, "x/A": f("a\n"), "x/B": f("b\n") }],
  ["JSON form with blanks", `COPY ["a.txt", "/x y"]`, { "x y": f("a") }],
  ["a later copy replaces", "COPY a.txt /x\nCOPY b.txt /x", { x: f("b") }],
  [
    "directories merge",
    "COPY dir/sub /x\nCOPY bin /x",
    { x: d, "x/tool": "file 755 0:0 tool", "x/y.txt": f("y") },
  ],
  [
    "a link at the destination stays, what it leads to is replaced",
    "COPY dir /d\nCOPY a.txt /d/link",
    { d, "d/link": "link x.txt", "d/sub": d, "d/sub/y.txt": f("y"), "d/x.txt": f("a") },
  ],
  [
    "a link that leads nowhere yet makes its target",
    "COPY --exclude=*.txt --exclude=sub dir /d\nCOPY a.txt /d/link",
    { d, "d/link": "link x.txt", "d/x.txt": f("a") },
  ],
  ["--link is accepted", "COPY --link a.txt /x", { x: f("a") }],
  ["ADD of a plain file", "ADD a.txt /x/", { x: d, "x/a.txt": f("a") }],
];

describe("COPY and ADD from the build context", () => {
  for (const [name, copies, tree] of cases) {
    it(name, async () => {
      const built = await buildImage(`FROM scratch\n${copies}`, files);
      assert.deepEqual(built.tree, tree);
    });
  }

  it("--chown takes names of the image's own files", async () => {
    const passwd = "root:x:0:0::/root:/bin/sh\napp:x:100:101::/home/app:/bin/sh\n";
    const group = "root:x:0:\nweb:x:33:\n";
    const { tree } = await buildImage(
      "FROM scratch\nCOPY passwd group /etc/\nCOPY --chown=app f /a\nCOPY --chown=app:web f /b\nCOPY --chown=:web f /c",
      { passwd, group, f: "" },
    );
    assert.deepEqual(
      [tree["a"], tree["b"], tree["c"]],
      ["file 644 100:101 ", "file 644 100:33 ", "file 644 0:33 "],
    );
  });

  it("copies a file over a directory nowhere", async () => {
    const dockerfile = "FROM scratch\nCOPY a /x/name/\nCOPY d /x";
    await assert.rejects(buildImage(dockerfile, { a: "", "d/name": "" }), failsWith("COPY_CONFLICT", 3));
  });

  it("keeps the names of one file one file", async () => {
    const dockerfile = "FROM scratch AS a\nCOPY f /d/f\nFROM scratch\nCOPY --from=a /d /d";
    const { tree } = await buildImage(dockerfile, { f: "text" });
    assert.deepEqual(tree, { d, "d/f": f("text") });
  });
});

describe(".dockerignore", () => {
  it("leaves out, and takes in again", async () => {
    const { tree } = await buildImage("FROM scratch\nCOPY . /", {
      ".dockerignore": "# comment\n*.log\nout\n!out/keep\n.dockerignore\n**/cache\n",
      "a.log": "",
      "a.txt": "a",
      "out/drop": "",
      "out/keep": "k",
      "deep/cache/x": "",
      "deep/y": "y",
    });
    assert.deepEqual(tree, { "a.txt": f("a"), deep: d, "deep/y": f("y"), out: d, "out/keep": f("k") });
  });

  it("is named by the error for a source that it hides", async () => {
    const files: Files = { ".dockerignore": "secret", secret: "" };
    await assert.rejects(
      buildImage("FROM scratch\nCOPY secret /", files),
      (error: Error & { hint?: string }) => {
        assert.match(error.hint ?? "", /\.dockerignore/);
        return true;
      },
    );
  });

  it("does not apply to other stages", async () => {
    const dockerfile = "FROM scratch AS a\nCOPY keep /hidden\nFROM scratch\nCOPY --from=a /hidden /";
    const { tree } = await buildImage(dockerfile, { ".dockerignore": "hidden", keep: "k" });
    assert.deepEqual(tree, { hidden: f("k") });
  });
});
