import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { build } from "../../src/build/index.ts";
import { applyLayer, emptySnapshot, lookup, type Snapshot } from "../../src/filesystem/index.ts";
import { readOciLayout } from "../../src/image/index.ts";
import { openStore } from "../../src/store/index.ts";
import {
  buildDirectory,
  buildImage,
  type Files,
  failsWith,
  home,
  makeContext,
  temporaryDirectory,
} from "./support.ts";

const files: Files = {
  "a.txt": "a",
  "b.txt": "b",
  "d/n.txt": "n",
  "d/x/w.md": "w",
  "d/x/y/z.txt": "z",
  "bin/tool": { mode: 0o755, text: "tool" },
  "link-dir": { link: "d/x" },
  absolute: { link: "/a.txt" },
};
const d = "dir 755 0:0";
const f = (text: string) => `file 644 0:0 ${text}`;

const cases: readonly (readonly [name: string, copies: string, tree: Record<string, string>])[] = [
  [
    "** in a wildcard",
    "COPY **/*.txt /o/",
    { o: d, "o/a.txt": f("a"), "o/b.txt": f("b"), "o/n.txt": f("n"), "o/z.txt": f("z") },
  ],
  ["a class in a wildcard", "COPY [ab].txt /o/", { o: d, "o/a.txt": f("a"), "o/b.txt": f("b") }],
  [
    "--parents with **",
    "COPY --parents d/**/*.txt /o/",
    { o: d, "o/d": d, "o/d/n.txt": f("n"), "o/d/x": d, "o/d/x/y": d, "o/d/x/y/z.txt": f("z") },
  ],
  [
    "--parents with a pivot after a leading ./",
    "COPY --parents ./d/./x/w.md /o/",
    { o: d, "o/x": d, "o/x/w.md": f("w") },
  ],
  [
    "--parents with a wildcard after the pivot",
    "COPY --parents d/./*/y /o/",
    { o: d, "o/x": d, "o/x/y": d, "o/x/y/z.txt": f("z") },
  ],
  [
    "--parents keeps a directory's own name",
    "COPY --parents d/x/y /o",
    { o: d, "o/d": d, "o/d/x": d, "o/d/x/y": d, "o/d/x/y/z.txt": f("z") },
  ],
  [
    "--parents with an absolute source",
    "COPY --parents /d/x/./y/z.txt /o/",
    { o: d, "o/y": d, "o/y/z.txt": f("z") },
  ],
  ["--exclude with **", "COPY --exclude=**/*.txt d /o/", { o: d, "o/x": d, "o/x/w.md": f("w"), "o/x/y": d }],
  [
    "--exclude reaches one level without **",
    "COPY --exclude=*.txt d /o/",
    { o: d, "o/x": d, "o/x/w.md": f("w"), "o/x/y": d, "o/x/y/z.txt": f("z") },
  ],
  [
    "--exclude several times, on wildcards",
    "COPY --exclude=a* --exclude=n* *.txt d /o/",
    { o: d, "o/b.txt": f("b"), "o/x": d, "o/x/w.md": f("w"), "o/x/y": d, "o/x/y/z.txt": f("z") },
  ],
  [
    "--chmod with X, which means directories and programs",
    "COPY --chmod=go=,a+X bin /o/",
    { o: d, "o/tool": "file 711 0:0 tool" },
  ],
  [
    "--chmod of what is below, not of the destination",
    "COPY --chmod=700 d/x /o/",
    { o: d, "o/w.md": "file 700 0:0 w", "o/y": "dir 700 0:0", "o/y/z.txt": "file 700 0:0 z" },
  ],
  ["--chmod from a variable", "ARG M=u+x\nCOPY --chmod=$M a.txt /o", { o: "file 744 0:0 a" }],
  [
    "--chown of directories that are made",
    "COPY --chown=7:8 a.txt /p/q/a",
    { p: "dir 755 7:8", "p/q": "dir 755 7:8", "p/q/a": "file 644 7:8 a" },
  ],
  [
    "--link with all else",
    "COPY --link --chmod=600 --chown=5 a.txt /p/a",
    { p: "dir 755 5:5", "p/a": "file 600 5:5 a" },
  ],
  [
    "a link to a directory as the source",
    "COPY link-dir /o",
    { o: d, "o/w.md": f("w"), "o/y": d, "o/y/z.txt": f("z") },
  ],
  ["an absolute link, inside the context", "COPY absolute /o", { o: f("a") }],
];

describe("options of COPY", () => {
  for (const [name, copies, tree] of cases) {
    it(name, async () => {
      assert.deepEqual((await buildImage(`FROM scratch\n${copies}`, files)).tree, tree);
    });
  }

  it("--chown looks names up in the files of the image it copies to", async () => {
    const passwd = "app:x:100:101::/:\n";
    const dockerfile =
      "FROM scratch AS a\nCOPY f /f\nFROM scratch\nCOPY passwd /etc/\nCOPY --from=a --chown=app f /g";
    const { tree } = await buildImage(dockerfile, { passwd, f: "" });
    assert.equal(tree["g"], "file 644 100:101 ");
    for (const owner of ["nobody", "app:web", "1:2:3", ":web"]) {
      const text = `FROM scratch\nCOPY passwd /etc/\nCOPY --chown=${owner} f /g`;
      await assert.rejects(buildImage(text, { passwd, f: "" }), failsWith("OWNER_NOT_FOUND", 3));
    }
  });
});

describe("links that lead outside", () => {
  it("of the context are not followed there", async () => {
    const context: Files = {
      file: { link: "../../../../../../../../etc/passwd" },
      absolute: { link: "/etc/passwd" },
      directory: { link: "/etc" },
      loop: { link: "loop" },
    };
    for (const source of ["file", "absolute", "directory", "directory/passwd"])
      await assert.rejects(
        buildImage(`FROM scratch\nCOPY ${source} /x`, context),
        failsWith("SOURCE_LINK_BROKEN", 2),
      );
    await assert.rejects(buildImage("FROM scratch\nCOPY loop /x", context), failsWith("SYMLINK_LOOP", 2));
    const { tree } = await buildImage("FROM scratch\nCOPY . /", context);
    assert.equal(tree["directory"], "link /etc");
  });

  it("of the image stay inside it", async () => {
    const dockerfile = "FROM scratch\nCOPY l /\nCOPY f /up/etc/f\nCOPY f /abs/f";
    const { tree } = await buildImage(dockerfile, {
      f: "x",
      "l/up": { link: "../../../../../../../.." },
      "l/abs": { link: "/not/there" },
    });
    assert.equal(tree["etc/f"], f("x"));
    assert.equal(tree["not/there/f"], f("x"));
  });

  it("of a stage lead to that stage's files", async () => {
    const dockerfile =
      "FROM scratch AS a\nCOPY f /etc/hosts\nCOPY l /\nFROM scratch\nCOPY --from=a /hosts /h\nCOPY --from=0 /./hosts /i";
    const { tree } = await buildImage(dockerfile, { f: "the stage's", "l/hosts": { link: "/etc/hosts" } });
    assert.deepEqual(tree, { h: f("the stage's"), i: f("the stage's") });
  });
});

describe("names of one file", () => {
  async function snapshotOf(copies: string): Promise<Snapshot> {
    const context = makeContext({ "d/one": "x", "d/sub/other": "y" });
    linkSync(path.join(context, "d/one"), path.join(context, "d/sub/two"));
    linkSync(path.join(context, "d/one"), path.join(context, "three"));
    const output = temporaryDirectory();
    const dockerfile = { kind: "text", text: `FROM scratch\n${copies}` } as const;
    await build({ context: { kind: "directory", path: context }, dockerfile, format: "oci", output, home });
    const store = await openStore(temporaryDirectory());
    try {
      const { image } = await readOciLayout(output, {
        store,
        platform: { os: "linux", architecture: "amd64" },
      });
      return image.layers.reduce((below, layer) => applyLayer(below, layer.changes), emptySnapshot());
    } finally {
      await store.close();
    }
  }
  const number = (snapshot: Snapshot, name: string) => lookup(snapshot, name)?.number;

  it("stay one file where one source has them", async () => {
    const snapshot = await snapshotOf("COPY d /d");
    assert.notEqual(number(snapshot, "d/one"), undefined);
    assert.equal(number(snapshot, "d/one"), number(snapshot, "d/sub/two"));
    assert.notEqual(number(snapshot, "d/one"), number(snapshot, "d/sub/other"));
  });

  it("become files of their own where several sources have them", async () => {
    const snapshot = await snapshotOf("COPY d/one three /x/");
    assert.notEqual(number(snapshot, "x/one"), undefined);
    assert.notEqual(number(snapshot, "x/one"), number(snapshot, "x/three"));
  });
});

describe("what is no file", () => {
  it("is refused with its name, however it is reached, unless it is left out", async () => {
    const context = makeContext({ "s/a": "a" });
    mkdirSync(path.join(context, "deep"));
    execFileSync("mkfifo", [path.join(context, "s/pipe")]);
    for (const source of ["s/pipe", "s", "s/*", "."]) {
      const dockerfile = { kind: "text", text: `FROM scratch\nCOPY ${source} /x/` } as const;
      await assert.rejects(
        buildDirectory(context, { dockerfile }),
        failsWith("SOURCE_UNSUPPORTED", 2, /"\/s\/pipe"/),
      );
    }
    const dockerfile = { kind: "text", text: "FROM scratch\nCOPY --exclude=pipe s /x/" } as const;
    assert.deepEqual((await buildDirectory(context, { dockerfile })).tree, { x: d, "x/a": f("a") });
  });
});
