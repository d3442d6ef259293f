import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  choosePlatform,
  formatPlatform,
  type ImageIndex,
  mediaTypes,
  parsePlatform,
  parseReference,
  pullImage,
} from "../../src/registry/index.ts";
import {
  codeOf,
  type FakeRegistry,
  failureOf,
  quickly,
  sha256,
  startFakeRegistry,
  temporaryStore,
} from "./support/index.ts";

function indexOf(...platforms: readonly string[]): ImageIndex {
  return {
    kind: "index",
    mediaType: mediaTypes.ociIndex,
    annotations: {},
    manifests: platforms.map((name) => ({
      mediaType: mediaTypes.ociManifest,
      digest: sha256(name),
      size: 1,
      ...(name === "" ? {} : { platform: parsePlatform(name) }),
    })),
  };
}

describe("choosePlatform", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["linux/amd64", ["linux/arm64", "linux/amd64", "windows/amd64"], "linux/amd64"],
    ["linux/arm64", ["linux/amd64", "linux/arm64/v8"], "linux/arm64/v8"],
    ["linux/arm64/v8", ["linux/arm64"], "linux/arm64"],
    ["linux/arm", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"],
    ["linux/amd64", ["linux/amd64/v3", "linux/amd64"], "linux/amd64"],
    ["linux/amd64", ["linux/amd64/v1", "linux/amd64"], "linux/amd64"],
    ["linux/x86_64", ["linux/amd64"], "linux/amd64"],
    ["linux/aarch64", ["linux/arm64"], "linux/arm64"],
    ["linux/amd64", [""], ""],
  ];
  for (const [wanted, offered, chosen] of cases) {
    it(`takes ${chosen || "the only entry"} for ${wanted} of ${offered.join(", ") || "an unnamed one"}`, () => {
      assert.equal(choosePlatform(indexOf(...offered), parsePlatform(wanted), "x").digest, sha256(chosen));
    });
  }

  it("says what there is when nothing fits, without BuildKit's attestations", async () => {
    const choose = async () =>
      choosePlatform(indexOf("linux/arm64", "unknown/unknown"), parsePlatform("linux/amd64"), "me/app:1");
    const error = await failureOf(choose());
    assert.equal(error.code, "PLATFORM_NOT_FOUND");
    assert.equal(error.hint, "it has linux/arm64");
  });

  it("reads platforms as --platform writes them", () => {
    assert.equal(formatPlatform(parsePlatform("Linux/ARM64/v8")), "linux/arm64/v8");
    for (const text of ["", "linux", "linux/", "a/b/c/d", "linux/am d64", "linux/__proto__/é"]) {
      assert.throws(() => parsePlatform(text), { code: "PLATFORM_INVALID" });
    }
  });
});

describe("pullImage", () => {
  const layers = ["one", "two", "three", "four", "two"].map((name) => Buffer.from(name));
  const config = Buffer.from('{"architecture":"amd64"}');

  async function publish() {
    const registry = await startFakeRegistry();
    for (const bytes of [...layers, config]) registry.blobs.set(sha256(bytes), bytes);
    const describeBlob = (mediaType: string, bytes: Buffer) => ({
      mediaType,
      digest: sha256(bytes),
      size: bytes.length,
    });
    const manifest = put(registry, sha256, mediaTypes.dockerManifest, {
      config: describeBlob("application/vnd.docker.container.image.v1+json", config),
      layers: layers.map((bytes) => describeBlob("application/vnd.docker.image.rootfs.diff.tar", bytes)),
    });
    return { registry, manifest };
  }

  function put(registry: FakeRegistry, key: string | typeof sha256, mediaType: string, content: object) {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
    registry.manifests.set(typeof key === "string" ? key : key(bytes), { type: mediaType, bytes });
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  }

  const pull = async (registry: FakeRegistry) => {
    const store = await temporaryStore();
    const { options } = quickly();
    const result = await pullImage(parseReference(`${registry.host}/me/app:1.0`), {
      ...options,
      store,
      importImage: async (source) => {
        const fetched: string[] = [];
        const manifest = JSON.parse(Buffer.from(source.manifest).toString());
        for (const blob of [manifest.config, ...manifest.layers]) {
          const chunks: Uint8Array[] = [];
          for await (const chunk of source.fetchBlob(blob)) chunks.push(chunk);
          fetched.push(Buffer.concat(chunks).toString());
        }
        return { fetched, mediaType: source.mediaType };
      },
    });
    return { store, ...result };
  };

  it("follows indexes to the platform, and hands everything over verified", async () => {
    const { registry, manifest } = await publish();
    const platform = { os: "linux", architecture: "amd64" };
    const inner = put(registry, sha256, mediaTypes.ociIndex, { manifests: [{ ...manifest, platform }] });
    put(registry, "1.0", mediaTypes.dockerIndex, { manifests: [{ ...inner, platform }] });
    const { image, digest, store } = await pull(registry);
    assert.equal(digest, manifest.digest);
    assert.deepEqual(image.fetched, [config.toString(), "one", "two", "three", "four", "two"]);
    assert.equal(image.mediaType, mediaTypes.dockerManifest);
    assert.ok(await store.hasBlob(digest));
    // Each blob once, though one is there twice.
    assert.equal(registry.seen("GET", /blobs/).length, 5);
  });

  it("gives up on indexes that lead to indexes", async () => {
    const { registry, manifest } = await publish();
    let entry: object = manifest;
    for (let depth = 0; depth < 5; depth += 1) {
      entry = put(registry, sha256, mediaTypes.ociIndex, { manifests: [entry] });
    }
    put(registry, "1.0", mediaTypes.ociIndex, { manifests: [entry] });
    assert.equal(await codeOf(pull(registry)), "MANIFEST_INVALID");
  });

  it("fails as a whole when one layer is wrong", async () => {
    const { registry, manifest } = await publish();
    registry.manifests.set(
      "1.0",
      registry.manifests.get(manifest.digest) ?? { type: "", bytes: Buffer.alloc(0) },
    );
    registry.blobs.set(sha256("three"), Buffer.from("THREE"));
    assert.equal(await codeOf(pull(registry)), "REGISTRY_DIGEST_MISMATCH");
  });
});
