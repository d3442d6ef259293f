import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import {
  type Descriptor,
  listReferrers,
  mediaTypes,
  pushManifest,
  pushReferrer,
} from "../../src/registry/index.ts";
import {
  codeOf,
  type FakeOptions,
  open,
  send,
  sendJson,
  sha256,
  startFakeRegistry,
} from "./support/index.ts";

const empty = { mediaType: mediaTypes.empty, digest: sha256("{}"), size: 2 };
const subject = { mediaType: mediaTypes.ociManifest, digest: sha256("subject"), size: 7 };
const tag = subject.digest.replace(":", "-");

const referrer = (note: string, artifactType = "application/x-note") =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config: empty,
      layers: [empty],
      subject,
      annotations: { note },
    }),
  );

const push = async (host: string, note: string) =>
  pushReferrer(await open(host), referrer(note), mediaTypes.ociManifest);

describe("a registry without the referrers API", () => {
  it("gets an index under the fallback tag, with each referrer once, described as the API would", async () => {
    const registry = await startFakeRegistry();
    await push(registry.host, "one");
    await push(registry.host, "two");
    await push(registry.host, "one");
    const index = JSON.parse(registry.manifests.get(tag)?.bytes.toString() ?? "{}");
    assert.equal(index.mediaType, mediaTypes.ociIndex);
    assert.deepEqual(
      index.manifests.map((entry: Descriptor) => [entry.artifactType, entry.annotations, entry.digest]),
      ["one", "two"].map((note) => ["application/x-note", { note }, sha256(referrer(note))]),
    );
    const repository = await open(registry.host);
    assert.equal((await listReferrers(repository, subject.digest)).length, 2);
    assert.equal((await listReferrers(repository, subject.digest, "application/x-note")).length, 2);
    assert.equal((await listReferrers(repository, subject.digest, "other")).length, 0);
    assert.deepEqual(await listReferrers(repository, sha256("nobody")), []);
  });

  it("keeps what others wrote into that index", async () => {
    const registry = await startFakeRegistry();
    const foreign = { ...empty, urls: ["https://x.invalid/"], data: "e30=" };
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [foreign],
      annotations: { a: "b" },
    };
    registry.manifests.set(tag, { type: mediaTypes.ociIndex, bytes: Buffer.from(JSON.stringify(index)) });
    await push(registry.host, "one");
    const written = JSON.parse(registry.manifests.get(tag)?.bytes.toString() ?? "{}");
    assert.deepEqual(written.manifests[0], foreign);
    assert.deepEqual(written.annotations, { a: "b" });
    assert.match(registry.seen("PUT", /sha256-/)[0]?.headers["if-match"] ?? "", /^"sha256:/);
  });

  it("loses nobody's entry when several write at once and it heeds If-Match", async () => {
    const strict = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.method !== "PUT" || !request.path.endsWith(tag)) return false;
        const current = strict.manifests.get(tag);
        const etag = current === undefined ? undefined : `"${sha256(current.bytes)}"`;
        return request.headers["if-match"] !== etag && send(response, 412);
      },
    });
    await Promise.all(["one", "two", "three"].map((note) => push(strict.host, note)));
    assert.equal((await listReferrers(await open(strict.host), subject.digest)).length, 3);
  });

  it("that never keeps what is written is not written to forever", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) =>
        request.method === "PUT" && request.path.endsWith(tag) && send(response, 201),
    });
    assert.equal(await codeOf(push(registry.host, "one")), "REGISTRY_BAD_RESPONSE");
    assert.ok(registry.requests.length < 30);
  });

  it("with an image where the index should be is left alone", async () => {
    const registry = await startFakeRegistry();
    await pushManifest(await open(registry.host), tag, referrer("x"), { mediaType: mediaTypes.ociManifest });
    assert.equal(await codeOf(push(registry.host, "one")), "MANIFEST_INVALID");
  });
});

describe("a registry with the referrers API", () => {
  const listing = (entries: readonly object[]) => ({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: entries,
  });
  const withSubject: FakeOptions["intercept"] = (request, response) => {
    if (request.method === "PUT") response.setHeader("oci-subject", subject.digest);
    return false;
  };

  it("needs no fallback tag", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response, incoming) =>
        request.path.includes("/referrers/")
          ? sendJson(response, 200, listing([]))
          : (withSubject(request, response, incoming) as boolean),
    });
    await push(registry.host, "one");
    assert.equal(registry.manifests.has(tag), false);
  });

  it("only by its own account gets the fallback tag all the same", async () => {
    const registry = await startFakeRegistry({ intercept: withSubject });
    await push(registry.host, "one");
    assert.equal(registry.manifests.has(tag), true);
  });

  it("that lists under another subject is not believed", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.method === "PUT") response.setHeader("oci-subject", sha256("else"));
        return false;
      },
    });
    assert.equal(await codeOf(push(registry.host, "one")), "REGISTRY_BAD_RESPONSE");
  });

  const paged = (link: (page: number, origin: string) => string | undefined) => {
    const registry = startFakeRegistry({
      intercept: async (request, response) => {
        if (!request.path.includes("/referrers/")) return false;
        const page = Number(request.query.get("page") ?? 0);
        const next = link(page, (await registry).origin);
        if (next !== undefined) response.setHeader("link", next);
        return sendJson(response, 200, listing([{ ...empty, digest: sha256(`page ${page}`) }]));
      },
    });
    return registry;
  };

  it("is read page by page", async () => {
    const registry = await paged((page, origin) => {
      const target = `/v2/me/app/referrers/${subject.digest}?page=${page + 1}`;
      if (page === 0) return `<${target}>; title="a, <b>; rel=x"; rel="prev next"`;
      if (page === 1) return `</x>; rel="first", <${origin}${target}>; rel=next`;
      return `</x>; rel="prev"`;
    });
    const found = await listReferrers(await open(registry.host), subject.digest);
    assert.deepEqual(
      found.map(({ digest }) => digest),
      [0, 1, 2].map((page) => sha256(`page ${page}`)),
    );
  });

  const links: readonly (readonly [string, (page: number, origin: string) => string])[] = [
    ["without end", (page) => `</v2/me/app/referrers/${subject.digest}?page=${page + 1}>; rel="next"`],
    ["on another server", () => '<https://elsewhere.invalid/>; rel="next"'],
    ["at no address", () => '<http://[>; rel="next"'],
  ];
  for (const [what, link] of links) {
    it(`with pages ${what} is an error`, async () => {
      const registry = await paged(link);
      assert.equal(
        await codeOf(listReferrers(await open(registry.host), subject.digest)),
        "REGISTRY_BAD_RESPONSE",
      );
    });
  }

  it("with any Link at all gives a list or a coded error", async () => {
    let link = "";
    const registry = await paged((page) => (page > 3 ? undefined : link));
    const repository = await open(registry.host);
    const piece = fc.constantFrom(
      "<",
      ">",
      ";",
      ",",
      '"',
      "\\",
      "rel",
      "=",
      "next",
      " ",
      "/v2/me/app/referrers/x",
      "a",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        link = pieces.join("");
        try {
          await listReferrers(repository, subject.digest);
        } catch (error) {
          assert.ok(error instanceof BoxwrightError, String(error));
        }
      }),
      { numRuns: 150, seed: 13 },
    );
  });

  it("that answers with something else is an error", async () => {
    const registry = await startFakeRegistry({
      intercept: (request, response) =>
        request.path.includes("/referrers/") && sendJson(response, 200, JSON.parse(referrer("x").toString())),
    });
    assert.equal(
      await codeOf(listReferrers(await open(registry.host), subject.digest)),
      "REGISTRY_BAD_RESPONSE",
    );
  });
});
