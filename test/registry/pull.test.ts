import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, it } from "node:test";
import { mediaTypes, pullBlob, pullBlobBytes, pullManifest } from "../../src/registry/index.ts";
import {
  codeOf,
  errorBody,
  type FakeOptions,
  type FakeRegistry,
  open,
  quickly,
  registryFailureOf,
  send,
  sha256,
  startFakeRegistry,
  temporaryStore,
} from "./support/index.ts";

const blob = Buffer.from("x".repeat(100_000));
const address = { digest: sha256(blob), size: blob.length };
const config = Buffer.from("{}");

const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: sha256(config),
    size: config.length,
  },
  layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...address }],
};
const manifestBytes = Buffer.from(JSON.stringify(manifest));

async function registryWith(options: FakeOptions = {}): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(options);
  registry.blobs.set(address.digest, blob);
  registry.manifests.set("latest", { type: mediaTypes.ociManifest, bytes: manifestBytes });
  registry.manifests.set(sha256(manifestBytes), { type: mediaTypes.ociManifest, bytes: manifestBytes });
  return registry;
}

async function blobFrom(registry: FakeRegistry, options = {}) {
  const store = await temporaryStore();
  const repository = await open(registry.host, options);
  const kept = async () => [await store.hasBlob(address.digest), await readdir(`${store.directory}/tmp`)];
  return { store, kept, pull: () => pullBlob(repository, address, store) };
}

describe("pullManifest", () => {
  it("gives the bytes that the digest names", async () => {
    const registry = await registryWith();
    const repository = await open(registry.host);
    const byTag = await pullManifest(repository, "latest");
    assert.deepEqual(Buffer.from(byTag.bytes), manifestBytes);
    assert.equal(byTag.digest, sha256(manifestBytes));
    assert.equal(byTag.manifest.kind, "image");
    assert.deepEqual((await pullManifest(repository, byTag.digest)).manifest, byTag.manifest);
  });

  it("says what is missing, in the registry's words but without its control characters", async () => {
    const registry = await registryWith({
      intercept: (_, response) => {
        return send(response, 404, {}, errorBody("MANIFEST_UNKNOWN", "no\u001b[31m such\nmanifest"));
      },
    });
    const error = await registryFailureOf(pullManifest(await open(registry.host), "latest"));
    assert.equal(error.code, "REGISTRY_NOT_FOUND");
    assert.equal(error.temporary, false);
    assert.match(error.message, /MANIFEST_UNKNOWN: no \[31m such manifest/);
    assert.equal(registry.requests.length, 1);
  });

  const wrong: readonly (readonly [string, string, FakeOptions["intercept"]])[] = [
    [
      "another manifest than the digest names",
      "REGISTRY_DIGEST_MISMATCH",
      (_, response) => {
        return send(response, 200, { "content-type": mediaTypes.ociManifest }, `${manifestBytes} `);
      },
    ],
    [
      "a Docker-Content-Digest of something else",
      "REGISTRY_DIGEST_MISMATCH",
      (_, response) => {
        const headers = { "content-type": mediaTypes.ociManifest, "docker-content-digest": sha256("else") };
        return send(response, 200, headers, manifestBytes);
      },
    ],
    [
      "5 MiB",
      "REGISTRY_TOO_LARGE",
      (_, response) => {
        return send(response, 200, { "content-type": mediaTypes.ociManifest }, Buffer.alloc(5 << 20, 32));
      },
    ],
    [
      "a type that contradicts the manifest's own",
      "MANIFEST_INVALID",
      (_, response) => {
        return send(response, 200, { "content-type": mediaTypes.ociIndex }, manifestBytes);
      },
    ],
    [
      "a status that means nothing here",
      "REGISTRY_REFUSED",
      (_, response) => {
        return send(response, 418);
      },
    ],
    [
      "headers without end",
      "REGISTRY_CONNECTION_LOST",
      (_, response) => {
        const socket = response.socket;
        socket?.write("HTTP/1.1 200 OK\r\n");
        for (let index = 0; index < 5000; index += 1) socket?.write(`x-${index}: ${"y".repeat(40)}\r\n`);
        return true;
      },
    ],
    [
      "something that is not HTTP",
      "REGISTRY_CONNECTION_LOST",
      (_, response) => {
        response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n");
        return true;
      },
    ],
  ];
  for (const [what, code, intercept] of wrong) {
    it(`answered with ${what} is ${code}`, async () => {
      const registry = await registryWith(intercept === undefined ? {} : { intercept });
      assert.equal(await codeOf(pullManifest(await open(registry.host), sha256(manifestBytes))), code);
    });
  }

  it("tells a registry that is not there from one that is slow", async () => {
    const gone = await open("127.0.0.1:1");
    const error = await registryFailureOf(pullManifest(gone, "latest"));
    assert.equal(error.code, "REGISTRY_UNREACHABLE");
    assert.equal(error.temporary, false);
    const slow = await registryWith({ intercept: () => true });
    const { options } = quickly({ timing: { idleTimeout: 60 } });
    const timeout = await registryFailureOf(pullManifest(await open(slow.host, options), "latest"));
    assert.equal(timeout.code, "REGISTRY_TIMEOUT");
    assert.equal(timeout.temporary, true);
    assert.equal(slow.requests.length, 3);
  });
});

describe("a registry with a bad day", () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`is asked three times on ${status}, with growing pauses`, async () => {
      const registry = await registryWith({
        intercept: (_, response) => {
          if (registry.requests.length > 2) return false;
          return send(response, status);
        },
      });
      const { options, pauses } = quickly();
      await pullManifest(await open(registry.host, options), "latest");
      assert.deepEqual(pauses, [1000, 3000]);
    });
  }

  it("is waited for as long as it asks, in seconds or by a date", async () => {
    const answers = ["7", "Sat, 01 Jan 2000 00:00:20 GMT"];
    const registry = await registryWith({
      intercept: (_, response) => {
        const after = answers[registry.requests.length - 1];
        if (after === undefined) return false;
        return send(response, 503, { "retry-after": after, date: "Sat, 01 Jan 2000 00:00:00 GMT" });
      },
    });
    const { options, pauses } = quickly();
    await pullManifest(await open(registry.host, options), "latest");
    assert.deepEqual(pauses, [7000, 20_000]);
  });

  it("is not waited for when it asks for an hour", async () => {
    const registry = await registryWith({
      intercept: (_, response) => {
        return send(response, 429, { "retry-after": "3600" });
      },
    });
    const error = await registryFailureOf(pullManifest(await open(registry.host), "latest"));
    assert.equal(error.code, "REGISTRY_RATE_LIMITED");
    assert.equal(error.retryAfter, 3_600_000);
    assert.equal(registry.requests.length, 1);
  });

  it("fails in the end, with an error that knows it is temporary", async () => {
    const registry = await registryWith({
      intercept: (_, response) => {
        return send(response, 503, {}, "<html>oh no</html>");
      },
    });
    const error = await registryFailureOf(pullManifest(await open(registry.host), "latest"));
    assert.equal(error.code, "REGISTRY_SERVER_ERROR");
    assert.equal(error.temporary, true);
    assert.equal(registry.requests.length, 3);
  });

  it("is not asked again once the caller has had enough", async () => {
    const controller = new AbortController();
    const registry = await registryWith({
      intercept: (_, response) => {
        send(response, 503);
        controller.abort(new Error("enough"));
        return true;
      },
    });
    const repository = await open(registry.host, { signal: controller.signal });
    await assert.rejects(pullManifest(repository, "latest"), /enough/);
    assert.equal(registry.requests.length, 1);
  });
});

describe("pullBlob", () => {
  it("brings the blob into the store, once", async () => {
    const registry = await registryWith();
    const { pull, store } = await blobFrom(registry);
    await pull();
    await pull();
    assert.deepEqual(Buffer.from(await store.readBlob(address.digest, 1 << 20)), blob);
    assert.equal(registry.requests.length, 1);
  });

  const wrong: readonly (readonly [string, string, NonNullable<FakeOptions["intercept"]>])[] = [
    [
      "of the right size with other bytes",
      "REGISTRY_DIGEST_MISMATCH",
      (_, response) => {
        return send(response, 200, {}, "y".repeat(blob.length));
      },
    ],
    [
      "that is announced too long",
      "REGISTRY_SIZE_MISMATCH",
      (_, response) => {
        return send(response, 200, {}, `${blob}y`);
      },
    ],
    [
      "that goes on and on without an announcement",
      "REGISTRY_SIZE_MISMATCH",
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(blob), 1);
        response.on("close", () => clearInterval(timer));
        return true;
      },
    ],
    [
      "that ends early in an orderly way",
      "REGISTRY_SIZE_MISMATCH",
      (_, response) => {
        response.writeHead(200);
        response.end(blob.subarray(0, 10));
        return true;
      },
    ],
    [
      "that is gone",
      "REGISTRY_NOT_FOUND",
      (_, response) => {
        return send(response, 404);
      },
    ],
    [
      "that is compressed unasked",
      "REGISTRY_SIZE_MISMATCH",
      (_, response) => {
        return send(response, 200, { "content-encoding": "gzip" }, blob.subarray(0, 99));
      },
    ],
  ];
  for (const [what, code, intercept] of wrong) {
    it(`keeps nothing of a blob ${what}`, async () => {
      const { pull, kept } = await blobFrom(await registryWith({ intercept }));
      assert.equal(await codeOf(pull()), code);
      assert.deepEqual(await kept(), [false, []]);
    });
  }

  const breaking: FakeOptions["intercept"] = (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = blob.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      "content-length": rest.length,
      ...(start === 0 ? {} : { "content-range": `bytes ${start}-${blob.length - 1}/${blob.length}` }),
    });
    response.write(rest.subarray(0, 30_000), () => setTimeout(() => response.destroy(), 20));
    return true;
  };

  it("takes a broken transfer up where it broke", async () => {
    const registry = await registryWith({
      intercept: (request, response, incoming) =>
        registry.requests.length < 4 ? (breaking(request, response, incoming) as boolean) : false,
    });
    const { pull, kept } = await blobFrom(registry);
    await pull();
    assert.deepEqual(await kept(), [true, []]);
    assert.deepEqual(
      registry.seen("GET").map(({ headers }) => headers.range),
      [undefined, "bytes=30000-", "bytes=60000-", "bytes=90000-"],
    );
  });

  it("begins anew where the registry has no ranges", async () => {
    const registry = await registryWith({
      intercept: (request, response, incoming) => {
        if (registry.requests.length === 1) return breaking(request, response, incoming) as boolean;
        return send(response, 200, {}, blob);
      },
    });
    const { pull, kept } = await blobFrom(registry);
    await pull();
    assert.deepEqual(await kept(), [true, []]);
  });

  it("refuses another range than the one it asked for", async () => {
    const registry = await registryWith({
      intercept: (request, response, incoming) => {
        if (registry.requests.length === 1) return breaking(request, response, incoming) as boolean;
        const rest = blob.subarray(30_000);
        return send(response, 206, { "content-range": `bytes 5-${4 + rest.length}/${blob.length}` }, rest);
      },
    });
    const { pull, kept } = await blobFrom(registry);
    assert.equal(await codeOf(pull()), "REGISTRY_BAD_RESPONSE");
    assert.deepEqual(await kept(), [false, []]);
  });

  it("gives up when nothing more comes", async () => {
    const registry = await registryWith({
      intercept: (_, response) => {
        response.writeHead(200, { "content-length": blob.length });
        response.flushHeaders();
        setTimeout(() => response.destroy(), 5);
        return true;
      },
    });
    const { pull, kept } = await blobFrom(registry);
    const error = await registryFailureOf(pull());
    assert.equal(error.code, "REGISTRY_CONNECTION_LOST");
    assert.equal(registry.requests.length, 3);
    assert.deepEqual(await kept(), [false, []]);
  });

  it("notices a transfer that stands still", async () => {
    const registry = await registryWith({
      intercept: (_, response) => {
        response.writeHead(200, { "content-length": blob.length });
        response.write("x");
        return true;
      },
    });
    const { pull } = await blobFrom(registry, { timing: { idleTimeout: 60 } });
    assert.equal(await codeOf(pull()), "REGISTRY_TIMEOUT");
  });

  it("ends with the signal's reason, and keeps nothing", async () => {
    const controller = new AbortController();
    const registry = await registryWith({
      intercept: (_, response) => {
        response.writeHead(200, { "content-length": blob.length });
        response.write("x", () => controller.abort(new Error("enough")));
        return true;
      },
    });
    const { pull, kept } = await blobFrom(registry, { signal: controller.signal });
    await assert.rejects(pull(), /enough/);
    assert.deepEqual(await kept(), [false, []]);
  });

  it("does not even ask for a small blob that is announced large", async () => {
    const registry = await registryWith();
    const action = pullBlobBytes(await open(registry.host), address, 10, "a config");
    assert.equal(await codeOf(action), "REGISTRY_TOO_LARGE");
    assert.equal(registry.requests.length, 0);
  });
});
