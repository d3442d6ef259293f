import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { treeDigest } from "../../src/filesystem/index.ts";
import { encodeImageConfig, importImage, readOciLayout, writeOciLayout } from "../../src/image/index.ts";
import { digestOf } from "../../src/store/index.ts";
import { bytes, imageOf, newStore, richImage, temporaryDirectory, treeOf } from "./support.ts";

const store = await newStore();

const blobIn = (directory: string, digest: string) => join(directory, "blobs/sha256", digest.slice(7));

/** Puts a document among a layout's blobs and returns its descriptor. */
async function put(directory: string, mediaType: string, document: unknown) {
  const content = bytes(typeof document === "string" ? document : JSON.stringify(document));
  const digest = digestOf(content);
  await mkdir(join(directory, "blobs/sha256"), { recursive: true });
  await writeFile(blobIn(directory, digest), content);
  return { mediaType, digest, size: content.length };
}

async function layoutWith(manifests: readonly unknown[], directory?: string): Promise<string> {
  const at = directory ?? (await temporaryDirectory());
  await writeFile(join(at, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(at, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  return at;
}

const index = "application/vnd.oci.image.index.v1+json";
const manifest = "application/vnd.oci.image.manifest.v1+json";

for (const compression of ["gzip", "zstd", "none"] as const) {
  test(`an image survives the way through a layout, with ${compression}`, async () => {
    const image = await richImage(store);
    const [first, second] = [await temporaryDirectory(), join(await temporaryDirectory(), "new")];
    const { digest } = await writeOciLayout(image, first, { store, refName: "1.0", compression });
    await writeOciLayout(image, second, { store, refName: "1.0", compression });
    const files = await readdir(first, { recursive: true });
    assert.deepEqual(files.sort(), (await readdir(second, { recursive: true })).sort());
    assert.deepEqual(await readFile(join(first, "index.json")), await readFile(join(second, "index.json")));

    const other = await newStore();
    const read = await readOciLayout(first, { store: other, reference: "1.0" });
    assert.equal(read.digest, digest);
    assert.deepEqual(encodeImageConfig(read.image.config), encodeImageConfig(image.config));
    assert.equal(treeDigest(treeOf(read.image.layers)), treeDigest(treeOf(image.layers)));
    // A second time nothing needs to be unpacked, and the result is the same.
    assert.deepEqual((await readOciLayout(first, { store: other })).image, read.image);
  });
}

test("a layout takes several images, and a name that is there is replaced", async () => {
  const directory = await temporaryDirectory();
  const one = await imageOf(store, (tree) => tree.writeFile("/one", bytes("1")));
  const two = await imageOf(store, (tree) => tree.writeFile("/two", bytes("2")));
  await writeOciLayout(one, directory, { store, refName: "a" });
  await writeOciLayout(one, directory, { store, refName: "b" });
  await writeOciLayout(two, directory, { store, refName: "a" });
  const read = async (reference: string) =>
    (await readOciLayout(directory, { store, reference })).image.layers;
  assert.deepEqual([await read("a"), await read("b")], [two.layers, one.layers]);
  await assert.rejects(readOciLayout(directory, { store, reference: "c" }), {
    code: "IMAGE_REFERENCE_NOT_FOUND",
  });
  await assert.rejects(readOciLayout(directory, { store }), { code: "IMAGE_AMBIGUOUS" });
});

test("a layer that lies in the layout already is not compressed again, one that is gone or cut is", async () => {
  const own = await newStore();
  const directory = await temporaryDirectory();
  const image = await imageOf(own, (tree) => tree.writeFile("/file", bytes("content".repeat(1000))));
  const write = () => writeOciLayout(image, directory, { store: own, refName: "a" });
  const { digest } = await write();
  const whole = new Map<string, Buffer>();
  const blobs = join(directory, "blobs/sha256");
  for (const name of await readdir(blobs)) whole.set(name, await readFile(join(blobs, name)));
  for (const change of ["cut", "gone"] as const) {
    for (const name of whole.keys()) {
      if (change === "cut") await writeFile(join(blobs, name), "x");
      else await rm(join(blobs, name));
    }
    assert.equal((await write()).digest, digest);
    for (const [name, content] of whole) assert.deepEqual(await readFile(join(blobs, name)), content);
  }
  // Without its tar, a layer can only be what it was compressed to before.
  for (const layer of image.layers) await own.deleteBlob(layer.diffId);
  assert.equal((await write()).digest, digest);
});

test("a directory with other things in it is left alone", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "precious"), "");
  const image = await imageOf(store);
  await assert.rejects(writeOciLayout(image, directory, { store, refName: "x" }), {
    code: "IMAGE_LAYOUT_OCCUPIED",
  });
  assert.deepEqual(await readdir(directory), ["precious"]);
});

describe("a layout is refused", () => {
  const rejects = (directory: string, code: string) =>
    assert.rejects(readOciLayout(directory, { store }), { code });

  test("when it is none, or of another version", async () => {
    const directory = await temporaryDirectory();
    await rejects(directory, "IMAGE_LAYOUT_INVALID");
    await layoutWith([], directory);
    await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
    await rejects(directory, "IMAGE_LAYOUT_INVALID");
    await writeFile(join(directory, "oci-layout"), "no JSON");
    await rejects(directory, "IMAGE_LAYOUT_INVALID");
  });

  test("when a blob is missing or has another digest", async () => {
    const image = await richImage(store);
    for (const damage of ["layer", "config", "manifest"] as const) {
      const directory = await temporaryDirectory();
      const { digest } = await writeOciLayout(image, directory, { store, refName: "x" });
      const document = JSON.parse(await readFile(blobIn(directory, digest), "utf8"));
      const chosen = { layer: document.layers[0].digest, config: document.config.digest, manifest: digest }[
        damage
      ];
      const content = await readFile(blobIn(directory, chosen));
      content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
      await writeFile(blobIn(directory, chosen), content);
      await assert.rejects(
        readOciLayout(directory, { store: await newStore() }),
        (error: { code?: string }) =>
          /^(DIGEST_MISMATCH|TAR_DECOMPRESSION|IMAGE_LAYOUT_INVALID)$/.test(error.code ?? ""),
      );
    }
  });

  test("when indexes lead to each other without end", async () => {
    const directory = await temporaryDirectory();
    let descriptor = await put(directory, index, { schemaVersion: 2, manifests: [] });
    for (let i = 0; i < 5; i++) {
      descriptor = await put(directory, index, { schemaVersion: 2, manifests: [descriptor] });
    }
    await rejects(await layoutWith([descriptor], directory), "IMAGE_INDEX_TOO_DEEP");
  });

  test("when it has nothing for the platform", async () => {
    const platform = { os: "linux", architecture: "s390x" };
    const entry = { mediaType: manifest, digest: digestOf("x"), size: 1, platform };
    await rejects(await layoutWith([entry]), "IMAGE_PLATFORM_NOT_FOUND");
  });

  test("when its documents are malformed", async () => {
    const digest = digestOf("x");
    const descriptor = { mediaType: manifest, digest, size: 1 };
    for (const bad of [
      null,
      1,
      {},
      { ...descriptor, digest: "sha256:../../x" },
      { ...descriptor, size: -1 },
    ]) {
      await rejects(await layoutWith([bad]), "IMAGE_INVALID_MANIFEST");
    }
    const cases: readonly (readonly [code: string, document: unknown])[] = [
      ["IMAGE_INVALID_MANIFEST", "no JSON"],
      ["IMAGE_INVALID_MANIFEST", { schemaVersion: 1 }],
      ["IMAGE_INVALID_MANIFEST", { schemaVersion: 2, mediaType: index }],
      ["IMAGE_INVALID_MANIFEST", { schemaVersion: 2, config: 1 }],
      [
        "IMAGE_UNSUPPORTED_MEDIA_TYPE",
        { schemaVersion: 2, config: { ...descriptor, mediaType: "text/plain" } },
      ],
      [
        "IMAGE_UNSUPPORTED_MEDIA_TYPE",
        {
          schemaVersion: 2,
          config: { ...descriptor, mediaType: "application/vnd.oci.image.config.v1+json" },
          layers: [{ ...descriptor, mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted" }],
        },
      ],
    ];
    for (const [code, document] of cases) {
      const directory = await temporaryDirectory();
      await rejects(await layoutWith([await put(directory, manifest, document)], directory), code);
    }
    const directory = await temporaryDirectory();
    const other = await put(directory, "application/vnd.docker.distribution.manifest.v1+json", {
      schemaVersion: 2,
    });
    await rejects(await layoutWith([other], directory), "IMAGE_UNSUPPORTED_MEDIA_TYPE");
  });
});

test("a layer that is not what the configuration names is refused", async () => {
  const image = await richImage(store);
  const directory = await temporaryDirectory();
  const diffIds = image.config.rootfs.diff_ids.toReversed();
  const swapped = {
    ...image,
    config: { ...image.config, rootfs: { type: "layers", diff_ids: diffIds } as const },
  };
  await writeOciLayout(swapped, directory, { store, refName: "x" });
  await assert.rejects(readOciLayout(directory, { store: await newStore() }), {
    code: "IMAGE_DIFF_ID_MISMATCH",
  });
  const short = { ...image, layers: image.layers.slice(1) };
  await writeOciLayout(short, directory, { store, refName: "x" });
  await assert.rejects(readOciLayout(directory, { store: await newStore() }), {
    code: "IMAGE_INVALID_CONFIG",
  });
});

test("Docker's media types are taken, and what is fetched is bounded by what was announced", async () => {
  const target = await newStore();
  const image = await richImage(store);
  const config = encodeImageConfig(image.config);
  const blobs = new Map<string, Uint8Array>([[digestOf(config), config]]);
  for (const { diffId } of image.layers) blobs.set(diffId, await store.readBlob(diffId, 1 << 20));
  const describe = (digest: string, mediaType: string) => ({
    mediaType,
    digest,
    size: blobs.get(digest)?.length,
  });
  const document = bytes(
    JSON.stringify({
      schemaVersion: 2,
      config: describe(digestOf(config), "application/vnd.docker.container.image.v1+json"),
      layers: image.layers.map(({ diffId }) =>
        describe(diffId, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
      ),
    }),
  );
  const source = {
    digest: digestOf(document),
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    manifest: document,
    async *fetchBlob({ digest }: { digest: string }) {
      yield blobs.get(digest) ?? new Uint8Array(0);
    },
  };
  const imported = await importImage(source, { store: target });
  assert.equal(treeDigest(treeOf(imported.layers)), treeDigest(treeOf(image.layers)));

  async function* endless() {
    for (;;) yield new Uint8Array(1 << 16);
  }
  const flooding = importImage({ ...source, fetchBlob: endless }, { store: await newStore() });
  await assert.rejects(flooding, { code: "SIZE_MISMATCH" });
  await assert.rejects(importImage({ ...source, digest: digestOf("other") }, { store }), {
    code: "DIGEST_MISMATCH",
  });
});
