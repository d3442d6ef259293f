import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { describe, it } from "node:test";
import { type BuildOptions, type BuildResult, build, type Output } from "../../src/build/index.ts";
import { readMetadata } from "../../src/component/inspect.ts";
import { applyLayer, emptySnapshot, lookup, readLayer, walk } from "../../src/filesystem/index.ts";
import { readOciLayout } from "../../src/image/index.ts";
import { openStore } from "../../src/store/index.ts";
import { failsWith, home, makeContext, temporaryDirectory } from "./support.ts";
import { create } from "./tar.ts";

const dockerfile = `FROM scratch
COPY . /x
COPY --chmod=4755 --chown=3:4 a /s
COPY --chmod=0500 d /ro
LABEL a=b
`;

function context(): string {
  const directory = makeContext({ a: "text", "d/link": { link: "../a" } });
  linkSync(path.join(directory, "a"), path.join(directory, "d/same"));
  return directory;
}

async function buildTo(
  outputs: readonly Output[],
  options: Partial<BuildOptions> = {},
  text = dockerfile,
): Promise<BuildResult> {
  return build({
    context: { kind: "directory", path: context() },
    dockerfile: { kind: "text", text },
    home,
    outputs,
    ...options,
  });
}

async function treeOfTar(tar: Uint8Array): Promise<Readonly<Record<string, string>>> {
  const store = await openStore(temporaryDirectory());
  try {
    const layer = await readLayer(Readable.from([tar]), store, { kind: "archive" });
    const found: Record<string, string> = {};
    for (const { path: name, inode } of walk(applyLayer(emptySnapshot(), layer.changes))) {
      const { mode, uid, gid, mtime } = inode.attributes;
      if (name !== "") found[name] = `${inode.kind} ${mode.toString(8)} ${uid}:${gid} ${mtime.seconds}`;
    }
    return found;
  } finally {
    await store.close();
  }
}

const isRoot = process.getuid?.() === 0;

describe("type=local", () => {
  it("writes files, links, modes and times on top of what is there", async () => {
    const directory = temporaryDirectory();
    writeFileSync(path.join(directory, "stays"), "own");
    writeFileSync(path.join(directory, "s"), "is replaced");
    const { file, size, format } = await buildTo([
      { kind: "local", destination: { kind: "directory", path: directory } },
    ]);
    assert.deepEqual([file, size, format], [directory, 12, "local"]);
    const at = (name: string) => path.join(directory, name);
    assert.equal(readFileSync(at("stays"), "utf8"), "own");
    assert.equal(readFileSync(at("x/a"), "utf8"), "text");
    assert.equal(readlinkSync(at("x/d/link")), "../a");
    assert.equal(statSync(at("x/a")).ino, statSync(at("x/d/same")).ino);
    assert.equal(statSync(at("x/a")).mtimeMs, 946_684_800_000);
    assert.equal(lstatSync(at("x/d/link")).mtimeMs, 946_684_800_000);
    assert.equal(statSync(at("x/d")).mtimeMs, 946_684_800_000);
    // A set-id program is one of its owner's, who is not set without the right to.
    const { mode, uid } = statSync(at("s"));
    assert.deepEqual([mode & 0o7777, uid], isRoot ? [0o4755, 3] : [0o755, process.getuid?.()]);
    assert.equal(statSync(at("ro/same")).mode & 0o7777, 0o500);
  });

  it("never writes through links that are there", async () => {
    const [directory, outside] = [temporaryDirectory(), temporaryDirectory()];
    writeFileSync(path.join(outside, "s"), "untouched");
    symlinkSync(outside, path.join(directory, "x"));
    symlinkSync(path.join(outside, "s"), path.join(directory, "s"));
    await buildTo([{ kind: "local", destination: { kind: "directory", path: directory } }]);
    assert.deepEqual(readdirSync(outside), ["s"]);
    assert.equal(readFileSync(path.join(outside, "s"), "utf8"), "untouched");
    assert.ok(lstatSync(path.join(directory, "x")).isDirectory());
  });

  it("writes an image's own links, and nothing through them", async () => {
    const directory = temporaryDirectory();
    const archive = await create([
      { name: "out", link: "../../../../../../../../tmp" },
      { name: "out/evil", text: "x" },
    ]);
    const text = "FROM scratch\nADD t.tar /\n";
    const outputs: readonly Output[] = [
      { kind: "local", destination: { kind: "directory", path: directory } },
    ];
    const files = makeContext({ "t.tar": archive.toString("latin1") });
    await build({
      context: { kind: "directory", path: files },
      dockerfile: { kind: "text", text },
      home,
      outputs,
    });
    assert.equal(existsSync("/tmp/evil"), false);
    assert.equal(readFileSync(path.join(directory, "tmp/evil"), "utf8"), "x");
  });

  it("is refused where a directory is in a file's way, or a file in the directory's", async () => {
    const directory = temporaryDirectory();
    mkdirSync(path.join(directory, "s/own"), { recursive: true });
    const to = (place: string) =>
      buildTo([{ kind: "local", destination: { kind: "directory", path: place } }]);
    await assert.rejects(to(directory), failsWith("OUTPUT_OCCUPIED"));
    writeFileSync(path.join(directory, "file"), "");
    await assert.rejects(to(path.join(directory, "file")), failsWith("OUTPUT_NOT_DIRECTORY"));
    await assert.rejects(to(path.join(directory, "file/below")), failsWith("OUTPUT_NOT_DIRECTORY"));
  });
});

describe("type=tar", () => {
  it("is the whole tree with its owners, the same bytes each time", async () => {
    const file = path.join(temporaryDirectory(), "deep", "out.tar");
    const { digest, size } = await buildTo([{ kind: "tar", destination: { kind: "file", path: file } }]);
    const tar = readFileSync(file);
    assert.equal(tar.length, size);
    const expected = "946684800";
    assert.deepEqual(await treeOfTar(tar), {
      ro: `directory 755 0:0 ${expected}`,
      "ro/link": `symlink 777 0:0 ${expected}`,
      "ro/same": `file 500 0:0 ${expected}`,
      s: `file 4755 3:4 ${expected}`,
      x: `directory 755 0:0 ${expected}`,
      "x/a": `file 644 0:0 ${expected}`,
      "x/d": `directory 755 0:0 ${expected}`,
      "x/d/link": `symlink 777 0:0 ${expected}`,
      "x/d/same": `file 644 0:0 ${expected}`,
    });
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        chunks.push(Buffer.from(chunk));
        done();
      },
    });
    const again = await buildTo([{ kind: "tar", destination: { kind: "stream", stream } }]);
    assert.deepEqual([again.digest, again.file], [digest, undefined]);
    assert.ok(Buffer.concat(chunks).equals(tar));
  });

  it("leaves nothing half-written, and says when nobody reads it", async () => {
    const directory = temporaryDirectory();
    mkdirSync(path.join(directory, "out.tar"));
    const sink = { kind: "file", path: path.join(directory, "out.tar") } as const;
    await assert.rejects(buildTo([{ kind: "tar", destination: sink }]), failsWith("OUTPUT_UNWRITABLE"));
    assert.deepEqual(readdirSync(directory), ["out.tar"]);
    const stream = new Writable({ write: (_, __, done) => done(new Error("EPIPE")) });
    await assert.rejects(
      buildTo([{ kind: "tar", destination: { kind: "stream", stream } }]),
      failsWith("OUTPUT_FAILED", undefined, /standard output: EPIPE/),
    );
  });
});

describe("type=oci and type=docker", () => {
  it("hold the same image in a directory, a tar, and a tar for docker load", async () => {
    const place = temporaryDirectory();
    const at = (name: string) => path.join(place, name);
    const { outputs, imageId } = await buildTo(
      [
        { kind: "oci", destination: { kind: "directory", path: at("oci") } },
        { kind: "oci", destination: { kind: "file", path: at("oci.tar") } },
        { kind: "docker", destination: { kind: "file", path: at("docker.tar") } },
      ],
      {
        tags: ["one:1", "two/x"],
        annotations: [
          { level: "manifest", key: "k", value: "v" },
          { level: "manifest-descriptor", key: "d", value: "w" },
        ],
      },
    );
    assert.equal(new Set(outputs.map(({ digest }) => digest)).size, 1);
    const digest = outputs[0]?.digest ?? "";
    assert.equal(outputs[0]?.descriptor?.digest, digest);
    const manifest = JSON.parse(readFileSync(at(`oci/blobs/${digest.replace(":", "/")}`), "utf8")) as {
      annotations: unknown;
      config: { digest: string };
      layers: { digest: string }[];
    };
    assert.deepEqual(manifest.annotations, { k: "v" });
    assert.equal(manifest.config.digest, imageId);
    const index = JSON.parse(readFileSync(at("oci/index.json"), "utf8")) as {
      manifests: { annotations: unknown }[];
    };
    assert.deepEqual(index.manifests[0]?.annotations, { d: "w", "org.opencontainers.image.ref.name": "1" });

    const store = await openStore(temporaryDirectory());
    try {
      const layer = await readLayer(Readable.from([readFileSync(at("docker.tar"))]), store, {
        kind: "archive",
      });
      const found = lookup(applyLayer(emptySnapshot(), layer.changes), "manifest.json")?.inode;
      assert.equal(found?.kind, "file");
      const bytes = new Uint8Array(found.content.size);
      store.read(found.content, 0, bytes);
      assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()), [
        {
          Config: `blobs/${imageId.replace(":", "/")}`,
          RepoTags: ["one:1", "two/x:latest"],
          Layers: manifest.layers.map((each) => `blobs/${each.digest.replace(":", "/")}`),
        },
      ]);
    } finally {
      await store.close();
    }
    const [ociTree, dockerTree] = [
      await treeOfTar(readFileSync(at("oci.tar"))),
      await treeOfTar(readFileSync(at("docker.tar"))),
    ];
    assert.deepEqual(
      Object.keys(dockerTree).filter((name) => !(name in ociTree)),
      ["manifest.json"],
    );
  });

  it("compress layers as asked", async () => {
    for (const compression of ["none", "gzip", "zstd"] as const) {
      const directory = path.join(temporaryDirectory(), "o");
      await buildTo([{ kind: "oci", destination: { kind: "directory", path: directory }, compression }]);
      const store = await openStore(temporaryDirectory());
      const { image } = await readOciLayout(directory, {
        store,
        platform: { os: "linux", architecture: "amd64" },
      });
      assert.equal(image.layers.length, 3);
      await store.close();
    }
  });

  it("leave no temporary files in the store", async () => {
    const own = temporaryDirectory();
    const file = path.join(temporaryDirectory(), "o.tar");
    await buildTo([{ kind: "oci", destination: { kind: "file", path: file } }], { home: own });
    assert.deepEqual(readdirSync(path.join(own, "tmp")), []);
  });
});

describe("outputs", () => {
  it("do not share a place", async () => {
    const destination = { kind: "file", path: path.join(temporaryDirectory(), "f") } as const;
    await assert.rejects(
      buildTo([
        { kind: "tar", destination },
        { kind: "oci", destination },
      ]),
      failsWith("OUTPUT_REPEATED"),
    );
  });

  it("need a runtime only where they are components", async () => {
    await assert.rejects(buildTo([{ kind: "component" }]), failsWith("NO_RUNTIME"));
  });

  it("may be a component and its files at once; names are the component's", async () => {
    const place = temporaryDirectory();
    const text = 'FROM python:3.12-slim\nVOLUME /data/deep /app\nCMD ["python", "-V"]\n';
    const result = await buildTo(
      [
        { kind: "oci", destination: { kind: "directory", path: path.join(place, "oci") } },
        { kind: "component", destination: { kind: "file", path: path.join(place, "a.wasm") } },
      ],
      { tags: ["both"], annotations: [{ level: "manifest", key: "k", value: "v" }] },
      text,
    );
    assert.deepEqual([result.format, result.file], ["component", path.join(place, "a.wasm")]);
    assert.deepEqual(
      result.outputs.map(({ kind }) => kind),
      ["oci", "component"],
    );
    assert.deepEqual(readMetadata(path.join(place, "a.wasm"))?.annotations, { k: "v" });
  });

  it("take an epoch of whole seconds only", async () => {
    for (const text of ["1e3", "-1", "0x10", "1.5", " 1", "now", "253402300800"]) {
      process.env["SOURCE_DATE_EPOCH"] = text;
      try {
        await assert.rejects(buildTo([{ kind: "component" }]), failsWith("INVALID_EPOCH"));
      } finally {
        delete process.env["SOURCE_DATE_EPOCH"];
      }
    }
  });
});
