import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import {
  blobFromBytes,
  blobFromFile,
  mediaTypes,
  pushBlob,
  pushManifest,
  type RegistryProgress,
} from "../../src/registry/index.ts";
import {
  codeOf,
  errorBody,
  failureOf,
  open,
  quickly,
  registryFailureOf,
  send,
  sha256,
  startFakeRegistry,
  temporaryDirectory,
} from "./support/index.ts";

const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
const source = blobFromBytes(bytes);

describe("pushBlob", () => {
  it("opens an upload and closes it with one PUT, to the very address it was given", async () => {
    const registry = await startFakeRegistry();
    assert.equal(await pushBlob(await open(registry.host), source), "pushed");
    assert.deepEqual(registry.blobs.get(source.digest), bytes);
    assert.deepEqual(
      registry.requests.map(({ method }) => method),
      ["HEAD", "POST", "PUT"],
    );
    assert.equal(registry.requests[2]?.query.get("_state"), "a+b~c");
  });

  it("sends nothing that is there", async () => {
    const registry = await startFakeRegistry();
    registry.blobs.set(source.digest, bytes);
    assert.equal(await pushBlob(await open(registry.host), source), "present");
    assert.equal(registry.requests.length, 1);
  });

  it("mounts a blob of another repository, and sends it where that cannot be done", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.method === "HEAD") return send(response, 404);
        return false;
      },
    });
    const options = { mountFrom: "me/base" };
    assert.equal(await pushBlob(await open(registry.host), source, options), "pushed");
    assert.equal(await pushBlob(await open(registry.host), source, options), "mounted");
    const query = registry.seen("POST")[1]?.query;
    assert.deepEqual([query?.get("mount"), query?.get("from")], [source.digest, "me/base"]);
  });

  it("pushes an empty blob", async () => {
    const registry = await startFakeRegistry();
    const empty = blobFromBytes(new Uint8Array(0));
    for (const chunkSize of [undefined, 10]) {
      registry.blobs.clear();
      await pushBlob(await open(registry.host), empty, chunkSize === undefined ? {} : { chunkSize });
      assert.ok(registry.blobs.has(sha256("")));
    }
  });

  it("tells how far it is", async () => {
    const registry = await startFakeRegistry();
    const events: RegistryProgress[] = [];
    const onProgress = (event: RegistryProgress) => events.push(event);
    await pushBlob(await open(registry.host, { onProgress }), source, { chunkSize: 4000 });
    const done = events.flatMap((event) => (event.kind === "transfer" ? [event.done] : []));
    assert.deepEqual(done, [4000, 8000, 10_000]);
  });

  it("notices a file that became shorter", async () => {
    const registry = await startFakeRegistry();
    const path = `${await temporaryDirectory()}/app.wasm`;
    await writeFile(path, bytes);
    const file = await blobFromFile(path);
    assert.equal(file.digest, source.digest);
    await truncate(path, 100);
    assert.equal(await codeOf(pushBlob(await open(registry.host), file)), "PUSH_CONTENT_CHANGED");
    assert.equal(registry.uploads.size, 0);
  });

  it("reads a file of many chunks as it is", async () => {
    const registry = await startFakeRegistry();
    const path = `${await temporaryDirectory()}/large.wasm`;
    const large = Buffer.concat(Array.from({ length: 100 }, () => bytes));
    await writeFile(path, large);
    const file = await blobFromFile(path);
    await pushBlob(await open(registry.host), file, { chunkSize: 300_001 });
    assert.deepEqual(registry.blobs.get(sha256(large)), large);
  });
});

describe("an upload address", () => {
  it("may be absolute, and may change with every answer", async () => {
    let moves = 0;
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        response.setHeader("x", "y");
        if (request.method !== "PATCH") return false;
        moves += 1;
        const id = /uploads\/([^/]+?)(?:-moved\d+)?$/.exec(request.path)?.[1] ?? "";
        const held = Buffer.concat([
          registry.uploads.get(request.path.split("/").at(-1) ?? "") ?? bytes,
          request.body,
        ]);
        registry.uploads.clear();
        registry.uploads.set(`${id}-moved${moves}`, held);
        const location = `${registry.origin}/v2/me/app/blobs/uploads/${id}-moved${moves}`;
        return send(response, 202, { location, range: `0-${held.length - 1}` });
      },
    });
    await pushBlob(await open(registry.host), source, { chunkSize: 4000 });
    assert.equal(moves, 3);
    assert.deepEqual(registry.blobs.get(source.digest), bytes);
  });

  it("that is missing is said to be so", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => request.method === "POST" && send(response, 202),
    });
    const error = await failureOf(pushBlob(await open(registry.host), source));
    assert.equal(error.code, "REGISTRY_BAD_RESPONSE");
    assert.match(error.message, /no Location/);
  });

  it("on another origin gets the bytes without the credentials", async () => {
    const storage = await startFakeRegistry({
      intercept: (request, response) => request.method === "PUT" && send(response, 201),
    });
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.headers.authorization === undefined) {
          return send(response, 401, { "www-authenticate": 'Basic realm="x"' });
        }
        return (
          request.method === "POST" && send(response, 202, { location: `${storage.origin}/put?sig=secret` })
        );
      },
    });
    const credentials = { kind: "password", username: "someone", password: "secret" } as const;
    await pushBlob(await open(registry.host, { credentials }), source);
    const [put] = storage.seen("PUT");
    assert.equal(put?.headers.authorization, undefined);
    assert.equal(put?.query.get("digest"), source.digest);
    assert.deepEqual(put?.body, bytes);
  });

  it("keeps its secrets out of errors", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => request.method === "PUT" && send(response, 403),
    });
    const error = await registryFailureOf(pushBlob(await open(registry.host), source));
    assert.equal(error.code, "REGISTRY_FORBIDDEN");
    assert.ok(!JSON.stringify([error.message, error.exchange]).includes("_state"));
  });

  it("that redirects an upload is refused", async () => {
    const elsewhere = await startFakeRegistry();
    const registry = await startFakeRegistry({
      intercept: (request, response) =>
        request.method === "PUT" && send(response, 307, { location: `${elsewhere.origin}/` }),
    });
    assert.equal(await codeOf(pushBlob(await open(registry.host), source)), "REGISTRY_REDIRECT_REFUSED");
    assert.equal(elsewhere.requests.length, 0);
  });
});

describe("an upload that fails", () => {
  it("is deleted on the registry", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) =>
        request.method === "PUT" && send(response, 400, {}, errorBody("DIGEST_INVALID", "no")),
    });
    assert.equal(await codeOf(pushBlob(await open(registry.host), source)), "REGISTRY_REFUSED");
    assert.equal(registry.uploads.size, 0);
    assert.equal(registry.seen("DELETE").length, 1);
  });

  it("is deleted when the caller has had enough", async () => {
    const controller = new AbortController();
    const registry = await startFakeRegistry({
      intercept: (request) => {
        if (request.method !== "PUT") return false;
        controller.abort(new Error("enough"));
        return true;
      },
    });
    const repository = await open(registry.host, { signal: controller.signal });
    await assert.rejects(pushBlob(repository, source), /enough/);
    assert.equal(registry.uploads.size, 0);
  });

  it("for a passing reason is begun anew, twice", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.method !== "PUT" || registry.seen("PUT").length > 2) return false;
        return send(response, 503);
      },
    });
    const { options, pauses } = quickly();
    assert.equal(await pushBlob(await open(registry.host, options), source), "pushed");
    assert.deepEqual(pauses, [1000, 3000]);
    assert.equal(registry.uploads.size, 0);
  });

  it("only because its answer was lost counts as done", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.method !== "PUT") return false;
        registry.blobs.set(source.digest, request.body);
        response.destroy();
        return true;
      },
    });
    assert.equal(await pushBlob(await open(registry.host), source), "present");
    assert.equal(registry.seen("PUT").length, 1);
  });

  it("because it is too large in one piece is sent in pieces", async () => {
    const large = blobFromBytes(Buffer.alloc(40 * 1024 * 1024, 7));
    const registry = await startFakeRegistry({
      // As proxies do: the answer comes at once, and the rest of the body is not read.
      early: (request, response, incoming) => {
        if (request.method !== "PUT" || Number(request.headers["content-length"]) === 0) return false;
        send(response, 413, { connection: "close" });
        incoming.resume();
        return true;
      },
    });
    assert.equal(await pushBlob(await open(registry.host), large), "pushed");
    assert.ok(registry.blobs.has(large.digest));
    assert.ok(registry.seen("PATCH").length >= 3);
    assert.equal(registry.uploads.size, 0);
  });

  it("on a blob that the registry takes for another is an error", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) =>
        request.method === "PUT" && send(response, 201, { "docker-content-digest": sha256("else") }),
    });
    assert.equal(await codeOf(pushBlob(await open(registry.host), source)), "REGISTRY_BAD_RESPONSE");
  });
});

describe("pushManifest", () => {
  const manifest = Buffer.from('{"schemaVersion":2}');
  const options = { mediaType: mediaTypes.ociManifest };

  it("puts it under its tag, and gives its digest", async () => {
    const registry = await startFakeRegistry();
    const { digest } = await pushManifest(await open(registry.host), "1.0", manifest, options);
    assert.equal(digest, sha256(manifest));
    assert.deepEqual(registry.manifests.get("1.0"), { type: mediaTypes.ociManifest, bytes: manifest });
  });

  it("is asked for again after a passing failure", async () => {
    const registry = await startFakeRegistry({
      intercept: (_, response) => {
        if (registry.requests.length > 1) return false;
        response.destroy();
        return true;
      },
    });
    await pushManifest(await open(registry.host), "1.0", manifest, options);
    assert.equal(registry.requests.length, 2);
  });

  it("does not believe a registry that stored something else", async () => {
    const registry = await startFakeRegistry({
      intercept: (_, response) => send(response, 201, { "docker-content-digest": sha256("else") }),
    });
    const action = pushManifest(await open(registry.host), "1.0", manifest, options);
    assert.equal(await codeOf(action), "REGISTRY_DIGEST_MISMATCH");
  });
});
