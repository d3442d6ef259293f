import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { blobFromBytes, pushBlob } from "../../src/registry/index.ts";
import { codeOf, type FakeOptions, open, quickly, send, startFakeRegistry } from "./support/index.ts";

const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
const source = blobFromBytes(bytes);

describe("an upload in chunks", () => {
  const patches = (options: FakeOptions) => startFakeRegistry(options);

  it("names each chunk's range", async () => {
    const registry = await patches({});
    await pushBlob(await open(registry.host), source, { chunkSize: 4096 });
    assert.deepEqual(
      registry.seen("PATCH").map(({ headers }) => headers["content-range"]),
      ["0-4095", "4096-8191", "8192-9999"],
    );
    assert.deepEqual(registry.blobs.get(source.digest), bytes);
  });

  it("has chunks as large as the registry wants them", async () => {
    const registry = await patches({
      intercept: (request, response) => {
        if (request.method === "POST") response.setHeader("oci-chunk-min-length", "6000");
        return false;
      },
    });
    await pushBlob(await open(registry.host), source, { chunkSize: 100 });
    assert.deepEqual(
      registry.seen("PATCH").map(({ headers }) => headers["content-range"]),
      ["0-5999", "6000-9999"],
    );
  });

  it("goes on where the registry stands after 416", async () => {
    let lied = false;
    const registry = await patches({
      intercept: (request) => {
        if (request.method !== "PATCH" || lied || registry.seen("PATCH").length < 2) return false;
        // The registry has lost the end of the first chunk.
        lied = true;
        const [id = "", held = Buffer.alloc(0)] = [...registry.uploads][0] ?? [];
        registry.uploads.set(id, held.subarray(0, 1500));
        return false;
      },
    });
    await pushBlob(await open(registry.host), source, { chunkSize: 4000 });
    assert.deepEqual(registry.blobs.get(source.digest), bytes);
    assert.deepEqual(
      registry.seen("PATCH").map(({ headers }) => headers["content-range"]),
      ["0-3999", "4000-7999", "1500-5499", "5500-9499", "9500-9999"],
    );
  });

  it("goes on where the connection broke", async () => {
    const registry = await patches({
      early: (request, response, incoming) => {
        if (request.method !== "PATCH" || registry.seen("PATCH").length !== 2) return false;
        incoming.once("data", (chunk: Buffer) => {
          const [id = "", held = Buffer.alloc(0)] = [...registry.uploads][0] ?? [];
          registry.uploads.set(id, Buffer.concat([held, chunk.subarray(0, 1000)]));
          response.destroy();
        });
        return true;
      },
    });
    const { options, pauses } = quickly();
    await pushBlob(await open(registry.host, options), source, { chunkSize: 4000 });
    assert.deepEqual(registry.blobs.get(source.digest), bytes);
    assert.deepEqual(pauses, [1000]);
    assert.equal(registry.seen("PATCH")[2]?.headers["content-range"], "5000-8999");
  });

  it("goes on from the bytes that a registry took of a chunk", async () => {
    const registry = await patches({
      intercept: (request, response) => {
        if (request.method !== "PATCH" || registry.seen("PATCH").length !== 1) return false;
        const [id = ""] = [...registry.uploads][0] ?? [];
        registry.uploads.set(id, request.body.subarray(0, 10));
        return send(response, 202, { location: request.path, range: "0-9" });
      },
    });
    await pushBlob(await open(registry.host), source, { chunkSize: 4000 });
    assert.deepEqual(registry.blobs.get(source.digest), bytes);
  });

  const hostile: readonly (readonly [string, string, NonNullable<FakeOptions["intercept"]>])[] = [
    [
      "answers 416 forever",
      "REGISTRY_REFUSED",
      (request, response) => request.method === "PATCH" && send(response, 416),
    ],
    [
      "accepts chunks and keeps nothing",
      "REGISTRY_BAD_RESPONSE",
      (request, response) =>
        request.method === "PATCH" && send(response, 202, { location: request.path, range: "0-0" }),
    ],
    [
      "has more bytes than were sent",
      "REGISTRY_BAD_RESPONSE",
      (request, response) =>
        request.method === "PATCH" && send(response, 202, { location: request.path, range: "0-999999" }),
    ],
    [
      "has more bytes than the blob, after a failure",
      "REGISTRY_BAD_RESPONSE",
      (request, response) => {
        if (request.method === "PATCH") return send(response, 416);
        return (
          request.method === "GET" && send(response, 204, { range: "0-99999999", location: request.path })
        );
      },
    ],
    [
      "has a range that is none",
      "REGISTRY_BAD_RESPONSE",
      (request, response) =>
        request.method === "PATCH" && send(response, 202, { location: request.path, range: "5-9" }),
    ],
    [
      "forgets where to go on",
      "REGISTRY_BAD_RESPONSE",
      (request, response) => request.method === "PATCH" && send(response, 202),
    ],
  ];
  for (const [what, code, intercept] of hostile) {
    it(`to a registry that ${what} ends with ${code}`, async () => {
      const registry = await patches({ intercept });
      const action = pushBlob(await open(registry.host), source, { chunkSize: 4000 });
      assert.equal(await codeOf(action), code);
      assert.ok(registry.requests.length < 20);
      assert.equal(registry.uploads.size, 0);
    });
  }

  it("arrives whole whatever fails on the way", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("take", "take", "cut", "503", "drop"), { maxLength: 12 }),
        fc.integer({ min: 900, max: 6000 }),
        async (script, chunkSize) => {
          const steps = [...script];
          const registry = await patches({
            intercept: (request, response) => {
              if (request.method !== "PATCH") return false;
              const step = steps.shift();
              if (step === "503") return send(response, 503);
              const [id = "", held = Buffer.alloc(0)] = [...registry.uploads][0] ?? [];
              if (step === "cut") {
                registry.uploads.set(id, Buffer.concat([held, request.body.subarray(0, 700)]));
                return send(response, 502);
              }
              if (step !== "drop") return false;
              response.destroy();
              return true;
            },
          });
          const repository = await open(registry.host);
          const error = await pushBlob(repository, source, { chunkSize }).then(
            () => undefined,
            (cause) => cause,
          );
          repository.close();
          if (error === undefined) assert.deepEqual(registry.blobs.get(source.digest), bytes);
          else assert.equal(error.temporary, true);
          assert.equal(registry.uploads.size, 0);
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });
});
