import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import type { BuildOptions, CacheTarget } from "../../src/build/index.ts";
import { digestOf } from "../../src/store/index.ts";
import { type Built, buildDirectory, failsWith, makeContext, temporaryDirectory } from "./support.ts";

const files = {
  Dockerfile: [
    "FROM scratch AS made",
    "COPY a dir/ /made/",
    "WORKDIR /made/empty",
    "FROM scratch",
    "COPY --from=made /made/a /a",
    "COPY b /b",
  ].join("\n"),
  a: "a",
  "dir/c": "c".repeat(10_000),
  b: "b",
};

const local = (directory: string, mode: "min" | "max" = "max"): CacheTarget => ({
  kind: "local",
  directory,
  mode,
});

/** A cache of the context above in a directory, and what the build that made it gave. */
async function exported(mode: "min" | "max" = "max") {
  const context = makeContext(files);
  const directory = path.join(temporaryDirectory(), "cache");
  const built = await buildDirectory(context, {
    home: temporaryDirectory(),
    cacheTo: [local(directory, mode)],
  });
  const fresh = (options: Partial<BuildOptions> = {}) =>
    buildDirectory(context, {
      home: temporaryDirectory(),
      cacheFrom: [{ kind: "local", directory }],
      ...options,
    });
  return { context, directory, built, fresh };
}

const warnings = ({ events }: Built) =>
  events.flatMap((event) => (event.kind === "warning" ? [event.warning.code] : []));

interface Descriptor {
  digest: string;
  size: number;
}

const blobFile = (directory: string, digest: string) =>
  path.join(directory, "blobs", "sha256", digest.slice("sha256:".length));

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** Writes the cache anew with another document or other layers, all digests right. */
function forge(
  directory: string,
  change: (cache: {
    document: { layers: { diffId: string; size: number }[]; records: { key: string; layer: unknown }[] };
    layers: Descriptor[];
  }) => void,
): void {
  const index = readJson(path.join(directory, "index.json"));
  const manifest = readJson(blobFile(directory, index.manifests[0].digest));
  const document = readJson(blobFile(directory, manifest.config.digest));
  change({ document, layers: manifest.layers });
  Object.assign(manifest.config, put(directory, JSON.stringify(document)));
  Object.assign(index.manifests[0], put(directory, JSON.stringify(manifest)));
  writeFileSync(path.join(directory, "index.json"), JSON.stringify(index));
}

function put(directory: string, content: string | Uint8Array): Descriptor {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  writeFileSync(blobFile(directory, digest), bytes);
  return { digest, size: bytes.length };
}

describe("a cache in a directory", () => {
  it("spares a build in an empty store every step, and gives the same", async () => {
    const { built, fresh } = await exported();
    const again = await fresh();
    assert.equal(built.executed.length, 4);
    assert.deepEqual(again.executed, []);
    assert.deepEqual(warnings(again), []);
    assert.equal(again.digest, built.digest);
  });

  it("is an OCI layout of one artifact, and the same for the same build", async () => {
    const { directory, context, fresh } = await exported();
    assert.deepEqual(readJson(path.join(directory, "oci-layout")), { imageLayoutVersion: "1.0.0" });
    const [entry] = readJson(path.join(directory, "index.json")).manifests;
    assert.equal(entry.artifactType, "application/vnd.boxwright.cache.v1");
    const manifest = readJson(blobFile(directory, entry.digest));
    assert.equal(manifest.config.mediaType, "application/vnd.boxwright.cache.config.v1+json");
    for (const blob of [entry, manifest.config, ...manifest.layers] as Descriptor[]) {
      const bytes = readFileSync(blobFile(directory, blob.digest));
      assert.deepEqual([digestOf(bytes), bytes.length], [blob.digest, blob.size]);
    }
    // Cold, from a cache, and from a warm store.
    const home = temporaryDirectory();
    const others = [temporaryDirectory(), temporaryDirectory()];
    await fresh({ home, cacheTo: [local(others[0] ?? "")] });
    await buildDirectory(context, { home, cacheTo: [local(others[1] ?? "")] });
    for (const other of others)
      assert.equal(readJson(path.join(other, "index.json")).manifests[0].digest, entry.digest);
  });

  it("what was taken from it is in the store from then on", async () => {
    const { directory, context, fresh } = await exported();
    const home = temporaryDirectory();
    await fresh({ home });
    rmSync(directory, { recursive: true });
    const { executed } = await buildDirectory(context, { home });
    // Only what the result needs has been fetched.
    assert.deepEqual(executed, ["[made 2/3] COPY a dir/ /made/", "[made 3/3] WORKDIR /made/empty"]);
  });

  it("fetches only the layers that are needed", async () => {
    const { directory, built, fresh } = await exported();
    const cut: string[] = [];
    forge(directory, ({ document, layers }) => {
      const inResult = new Set(built.config.rootfs.diff_ids as readonly string[]);
      for (const [i, { diffId }] of document.layers.entries()) {
        if (inResult.has(diffId)) continue;
        cut.push(diffId);
        rmSync(blobFile(directory, layers[i]?.digest ?? ""));
      }
    });
    const again = await fresh();
    assert.equal(cut.length, 2);
    assert.deepEqual([again.executed, warnings(again)], [[], []]);
  });

  it("mode=min carries the result's layers only, which is enough as long as nothing changed", async () => {
    const { directory, context, built, fresh } = await exported("min");
    const [entry] = readJson(path.join(directory, "index.json")).manifests;
    assert.equal(readJson(blobFile(directory, entry.digest)).layers.length, 2);
    const again = await fresh();
    assert.deepEqual([again.executed, again.digest], [[], built.digest]);

    writeFileSync(path.join(context, "Dockerfile"), files.Dockerfile.replace("/made/a /a", "/made/c /c"));
    const changed = await fresh();
    assert.deepEqual(changed.executed, [
      "[made 2/3] COPY a dir/ /made/",
      "[made 3/3] WORKDIR /made/empty",
      "[stage-1 2/3] COPY --from=made /made/c /c",
      "[stage-1 3/3] COPY b /b",
    ]);
    assert.deepEqual(warnings(changed), []);
    assert.equal(changed.tree["c"], `file 644 0:0 ${files["dir/c"]}`);
  });

  it("mode=max also serves a build that goes another way from the middle on", async () => {
    const { context, fresh } = await exported();
    writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nCOPY a dir/ /made/\nCOPY b /made/a");
    const { executed, tree } = await fresh();
    assert.deepEqual(executed, ["[3/3] COPY b /made/a"]);
    assert.equal(tree["made/a"], "file 644 0:0 b");
  });

  it("--no-cache takes nothing from it", async () => {
    const { fresh } = await exported();
    assert.equal((await fresh({ noCache: true })).executed.length, 4);
  });

  it("the next export removes what is not needed any more, and keeps other tags", async () => {
    const { directory, context } = await exported();
    const blobs = () => readdirSync(path.join(directory, "blobs", "sha256"));
    const before = blobs();
    const to: CacheTarget = { kind: "local", directory, mode: "max", tag: "other" };
    writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nCOPY b /b");
    await buildDirectory(context, { cacheTo: [to] });
    assert.equal(readJson(path.join(directory, "index.json")).manifests.length, 2);
    for (const name of before) assert.ok(blobs().includes(name));
    await buildDirectory(context, { cacheTo: [local(directory)] });
    assert.ok(blobs().length < before.length);
  });

  it("several caches are asked in their order, and each that is missing is a warning", async () => {
    const { directory, fresh } = await exported();
    const missing = path.join(temporaryDirectory(), "none");
    const { executed, events } = await fresh({
      cacheFrom: [
        { kind: "local", directory: missing },
        { kind: "local", directory },
      ],
    });
    assert.deepEqual(executed, []);
    const codes = events.flatMap((event) => (event.kind === "warning" ? [event.warning.code] : []));
    assert.deepEqual(codes, ["CACHE_NOT_FOUND"]);
  });

  it("is not written over other files", async () => {
    const directory = makeContext({ mine: "mine" });
    await assert.rejects(
      buildDirectory(makeContext(files), { cacheTo: [local(directory)] }),
      failsWith("CACHE_DIRECTORY_OCCUPIED"),
    );
    assert.deepEqual(readdirSync(directory), ["mine"]);
    const built = await buildDirectory(makeContext(files), {
      cacheTo: [{ kind: "local", directory, mode: "min", ignoreError: true }],
    });
    assert.deepEqual(warnings(built), ["CACHE_DIRECTORY_OCCUPIED"]);
  });
});

describe("a cache that is damaged or forged", () => {
  const damages: Readonly<Record<string, (directory: string) => void>> = {
    "index.json is no JSON": (directory) => writeFileSync(path.join(directory, "index.json"), "{"),
    "the manifest has another digest": (directory) => {
      const [{ digest }] = readJson(path.join(directory, "index.json")).manifests;
      writeFileSync(blobFile(directory, digest), "{}");
    },
    "records of another version": (directory) =>
      forge(directory, ({ document }) => Object.assign(document, { version: 2 })),
    "a key that is none": (directory) =>
      forge(directory, ({ document }) => Object.assign(document.records[0] ?? {}, { key: "../../x" })),
    "a digest that is none": (directory) =>
      forge(directory, ({ document }) => Object.assign(document.layers[0] ?? {}, { diffId: "sha256:../x" })),
    "more layers than the manifest has": (directory) => forge(directory, ({ layers }) => layers.splice(0)),
    "an index that is huge": (directory) =>
      writeFileSync(path.join(directory, "index.json"), Buffer.alloc(5 << 20, 32)),
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`is a warning, and every step is executed: ${name}`, async () => {
      const { directory, built, fresh } = await exported();
      damage(directory);
      const again = await fresh();
      assert.deepEqual(warnings(again), ["CACHE_INVALID"]);
      assert.equal(again.executed.length, 4);
      assert.equal(again.digest, built.digest);
    });
  }

  const lies: Readonly<Record<string, readonly [code: string, lie: (directory: string) => void]>> = {
    "blobs are gone": [
      "CACHE_INVALID",
      (directory) =>
        forge(directory, ({ layers }) => {
          for (const { digest } of layers) rmSync(blobFile(directory, digest));
        }),
    ],
    "blobs have other bytes": [
      "CACHE_INVALID",
      (directory) =>
        forge(directory, ({ layers }) => {
          for (const { digest, size } of layers)
            writeFileSync(blobFile(directory, digest), Buffer.alloc(size));
        }),
    ],
    "layers are exchanged, so that each unpacks to another digest than its record says": [
      "CACHE_LAYER_MISMATCH",
      (directory) =>
        forge(directory, ({ layers, document }) => {
          layers.reverse();
          for (const layer of document.layers) layer.size = 1 << 20;
          for (const record of document.records) Object.assign(record.layer ?? {}, { size: 1 << 20 });
        }),
    ],
    "layers are larger than their records say": [
      "TAR_TOO_LARGE",
      (directory) =>
        forge(directory, ({ document }) => {
          for (const record of document.records) Object.assign(record.layer ?? {}, { size: 1024 });
        }),
    ],
    "layers are no archives": [
      "TAR_CHECKSUM",
      (directory) =>
        forge(directory, ({ layers }) => {
          for (const layer of layers) Object.assign(layer, put(directory, Buffer.alloc(2048, "x")));
        }),
    ],
  };
  for (const [name, [code, lie]] of Object.entries(lies)) {
    it(`gets no content into the build under a wrong digest: ${name}`, async () => {
      const { directory, built, context, fresh } = await exported();
      lie(directory);
      const home = temporaryDirectory();
      const again = await fresh({ home });
      assert.deepEqual(warnings(again), [code]);
      assert.equal(again.digest, built.digest);
      assert.deepEqual(again.tree, built.tree);
      // Nothing of it stays behind, either.
      const next = await buildDirectory(context, { home });
      assert.deepEqual([next.executed, next.digest], [[], built.digest]);
    });
  }

  it("cannot pass off another content of the store as a layer", async () => {
    const { directory, built, context, fresh } = await exported();
    const home = temporaryDirectory();
    const { openStore } = await import("../../src/store/index.ts");
    const store = await openStore(home);
    const { digest, size } = await store.writeBlob([Buffer.alloc(1024, "not a tar ")]);
    await store.close();
    forge(directory, ({ document }) => {
      for (const record of document.records) Object.assign(record.layer ?? {}, { diffId: digest, size });
    });
    const again = await fresh({ home });
    assert.equal(again.digest, built.digest);
    assert.equal(warnings(again).length, 1);
    assert.equal((await buildDirectory(context, { home })).digest, built.digest);
  });
});

describe("an inline cache", () => {
  it("lies in the manifest of the image layout, and serves the next build", async () => {
    const context = makeContext(files);
    const output = temporaryDirectory();
    const built = await buildDirectory(context, {
      home: temporaryDirectory(),
      output,
      cacheTo: [{ kind: "inline" }],
    });
    const plain = await buildDirectory(context, { home: temporaryDirectory() });
    assert.deepEqual(built.config, plain.config);
    const again = await buildDirectory(context, {
      home: temporaryDirectory(),
      cacheFrom: [{ kind: "local", directory: output }],
      cacheTo: [{ kind: "inline" }],
    });
    assert.deepEqual([again.executed, again.digest], [[], built.digest]);
  });

  it("is refused where the result has no layers", async () => {
    for (const format of ["component", "module"] as const) {
      await assert.rejects(
        buildDirectory(makeContext(files), { format, cacheTo: [{ kind: "inline" }] }),
        failsWith("INLINE_CACHE_UNSUPPORTED"),
      );
    }
  });

  it("an image without one is a warning", async () => {
    const output = temporaryDirectory();
    await buildDirectory(makeContext(files), { output });
    const again = await buildDirectory(makeContext(files), {
      home: temporaryDirectory(),
      cacheFrom: [{ kind: "local", directory: output }],
    });
    assert.deepEqual(warnings(again), ["CACHE_INVALID"]);
    assert.equal(again.executed.length, 4);
  });
});

describe("no-cache-filter", () => {
  const twoStages = {
    ...files,
    Dockerfile: `${files.Dockerfile}\nFROM scratch AS Last\nCOPY --from=1 /b /b`,
  };

  it("executes the steps of the stages that it names, by name or number, and no others", async () => {
    const context = makeContext(twoStages);
    const home = temporaryDirectory();
    await buildDirectory(context, { home });
    const executed = async (noCacheFilter: readonly string[]) =>
      (await buildDirectory(context, { home, noCacheFilter })).executed;
    assert.deepEqual(await executed(["LAST"]), ["[last 2/2] COPY --from=1 /b /b"]);
    assert.deepEqual(await executed(["1"]), [
      "[stage-1 2/3] COPY --from=made /made/a /a",
      "[stage-1 3/3] COPY b /b",
    ]);
    assert.equal((await executed(["made", "last"])).length, 3);
    assert.deepEqual(await executed([]), []);
  });

  it("a name that no stage has is a warning", async () => {
    const built = await buildDirectory(makeContext(files), { noCacheFilter: ["mad"] });
    assert.deepEqual(warnings(built), ["NO_CACHE_FILTER"]);
  });
});

it("nothing temporary is left in a cache's directory", async () => {
  const { directory } = await exported();
  assert.deepEqual(readdirSync(directory).sort(), ["blobs", "index.json", "oci-layout"]);
});
