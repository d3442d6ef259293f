import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  blobFromBytes,
  makeWasmArtifact,
  mediaTypes,
  type PushComponentInput,
  parseReference,
  pullComponent,
  pushComponent,
} from "../../src/registry/index.ts";
import {
  codeOf,
  type FakeRegistry,
  quickly,
  sha256,
  startFakeRegistry,
  temporaryStore,
} from "./support/index.ts";
import { emptyComponent, emptyModule, metadata, worlds } from "./support/wasm.ts";

const wasm = emptyComponent("artifact");
const { options } = quickly();

const input = (host: string, change: Partial<PushComponentInput> = {}): PushComponentInput => ({
  wasm: blobFromBytes(wasm),
  metadata,
  ...worlds,
  reference: parseReference(`${host}/me/app:1.0`),
  ...change,
});

const text = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());

describe("a published component", () => {
  it("has the CNCF layout: one layer, not compressed, and a config that says what it needs", async () => {
    const registry = await startFakeRegistry();
    const pushed = await pushComponent(input(registry.host), options);
    const manifest = text(registry.manifests.get("1.0")?.bytes ?? Buffer.alloc(0));
    const config = registry.blobs.get(manifest.config.digest) ?? Buffer.alloc(0);
    assert.deepEqual(manifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: "application/vnd.wasm.config.v0+json",
        digest: sha256(config),
        size: config.length,
      },
      layers: [
        {
          mediaType: "application/wasm",
          digest: sha256(wasm),
          size: wasm.length,
          annotations: { "org.opencontainers.image.title": "app.wasm" },
        },
      ],
      annotations: {
        "org.opencontainers.image.authors": "A. Person",
        "org.opencontainers.image.created": "2001-02-03T04:05:06Z",
        "org.opencontainers.image.version": "1.2.3",
      },
    });
    assert.deepEqual(text(config), {
      created: "2001-02-03T04:05:06Z",
      author: "A. Person",
      architecture: "wasm",
      os: "wasip2",
      layerDigests: [sha256(wasm)],
      component: { exports: worlds.exports, imports: worlds.imports },
    });
    assert.equal(pushed.digest, sha256(registry.manifests.get("1.0")?.bytes ?? ""));
    assert.equal(pushed.reference, `${registry.host}/me/app:1.0@${pushed.digest}`);
  });

  it("of a core module is for wasip1 and lists no interfaces", () => {
    const { config } = makeWasmArtifact({
      wasm: { digest: sha256(emptyModule), size: emptyModule.length },
      metadata: { ...metadata, format: "module" },
      ...worlds,
      title: "x.wasm",
      annotations: {},
    });
    assert.equal(text(config).os, "wasip1");
    assert.equal(text(config).component, undefined);
  });

  const made = (change: object) =>
    text(
      makeWasmArtifact({
        wasm: { digest: sha256(wasm), size: wasm.length },
        metadata,
        ...worlds,
        title: "x.wasm",
        annotations: {},
        ...change,
      }).manifest,
    ).annotations;

  it("takes its date from SOURCE_DATE_EPOCH, else from the image, else it is fixed", () => {
    const created = (change: object) => made(change)["org.opencontainers.image.created"];
    const { created: _, ...undated } = metadata.config;
    assert.equal(created({ epoch: 0 }), "1970-01-01T00:00:00Z");
    assert.equal(created({}), "2001-02-03T04:05:06Z");
    assert.equal(created({ metadata: { ...metadata, config: undated } }), "2000-01-01T00:00:00Z");
    assert.equal(
      created({ metadata: { ...metadata, config: { ...undated, created: "soon" } } }),
      "2000-01-01T00:00:00Z",
    );
  });

  it("lets annotations win over labels, in an order of their own", () => {
    const annotations = { z: "1", a: "2", "org.opencontainers.image.version": "9" };
    assert.deepEqual(Object.entries(made({ annotations })), [
      ["a", "2"],
      ["org.opencontainers.image.authors", "A. Person"],
      ["org.opencontainers.image.created", "2001-02-03T04:05:06Z"],
      ["org.opencontainers.image.version", "9"],
      ["z", "1"],
    ]);
  });

  it("is the same, byte for byte, whenever and wherever it is pushed", async () => {
    const digests = await Promise.all(
      [1, 2].map(async () => (await pushComponent(input((await startFakeRegistry()).host), options)).digest),
    );
    assert.equal(digests[0], digests[1]);
  });

  it("needs a tag to be pushed to", async () => {
    const reference = parseReference(`127.0.0.1:1/a@${sha256("")}`);
    assert.equal(await codeOf(pushComponent(input("x", { reference }), options)), "PUSH_NEEDS_TAG");
  });

  it("shows no tag when the push breaks", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.method !== "PUT" || !request.path.includes("uploads")) return false;
        response.writeHead(403).end();
        return true;
      },
    });
    assert.equal(await codeOf(pushComponent(input(registry.host), options)), "REGISTRY_FORBIDDEN");
    assert.equal(registry.manifests.size, 0);
  });
});

describe("pullComponent", () => {
  function publish(registry: FakeRegistry, layers: readonly object[], change: object = {}): string {
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.empty, digest: sha256("{}"), size: 2 },
        layers,
        ...change,
      }),
    );
    const entry = { type: mediaTypes.ociManifest, bytes: manifest };
    registry.manifests.set("1.0", entry);
    registry.manifests.set(sha256(manifest), entry);
    return sha256(manifest);
  }

  function layer(registry: FakeRegistry, bytes: Buffer, mediaType = "application/wasm") {
    registry.blobs.set(sha256(bytes), bytes);
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  }

  const pull = async (registry: FakeRegistry) => {
    const store = await temporaryStore();
    return {
      store,
      pulled: await pullComponent(parseReference(`${registry.host}/me/app:1.0`), store, options),
    };
  };

  it("brings back what was pushed", async () => {
    const registry = await startFakeRegistry();
    const pushed = await pushComponent(input(registry.host), options);
    const { pulled, store } = await pull(registry);
    assert.equal(pulled.digest, pushed.digest);
    assert.equal(pulled.format, "component");
    assert.deepEqual(Buffer.from(await store.readBlob(pulled.wasm.digest, 1000)), wasm);
  });

  for (const type of [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
  ]) {
    it(`takes a layer of type ${type}, whatever the config is`, async () => {
      const registry = await startFakeRegistry();
      publish(registry, [layer(registry, emptyModule, type)]);
      assert.equal((await pull(registry)).pulled.format, "module");
    });
  }

  it("finds the one entry for Wasm in an index", async () => {
    const registry = await startFakeRegistry();
    const digest = publish(registry, [layer(registry, wasm)]);
    const entry = (architecture: string) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size: registry.manifests.get(digest)?.bytes.length,
      platform: { os: architecture === "wasm" ? "wasi" : "linux", architecture },
    });
    const index = (...architectures: string[]) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: architectures.map(entry) }));
      registry.manifests.set("1.0", { type: mediaTypes.ociIndex, bytes });
    };
    index("amd64", "wasm");
    assert.equal((await pull(registry)).pulled.digest, digest);
    index("amd64");
    assert.equal(await codeOf(pull(registry)), "NOT_A_COMPONENT");
    index("wasm", "wasm");
    assert.equal(await codeOf(pull(registry)), "NOT_A_COMPONENT");
  });

  it("refuses what is no single .wasm", async () => {
    const registry = await startFakeRegistry();
    const cases = [
      [],
      [layer(registry, wasm), layer(registry, emptyModule)],
      [layer(registry, wasm, "application/vnd.oci.image.layer.v1.tar+gzip")],
      [layer(registry, Buffer.from("#!/bin/sh\n"))],
      [layer(registry, Buffer.from("0061736d0e000100", "hex"))],
      [layer(registry, Buffer.alloc(0))],
    ];
    for (const layers of cases) {
      publish(registry, layers);
      assert.equal(await codeOf(pull(registry)), "NOT_A_COMPONENT");
    }
  });
});
