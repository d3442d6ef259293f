import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import { pullManifest } from "../../src/registry/index.ts";
import { basic, blob, fetchIt, guarded, someone } from "./support/guarded.ts";
import { codeOf, type FakeRegistry, open, send, startFakeRegistry } from "./support/index.ts";

describe("a challenge that leads astray", () => {
  const realms: readonly (readonly [string, string])[] = [
    ["http://169.254.169.254/latest/meta-data", "REGISTRY_PRIVATE_ADDRESS"],
    ["http://auth.invalid/token", "REGISTRY_REDIRECT_REFUSED"],
    ["ftp://127.0.0.1/token", "REGISTRY_BAD_RESPONSE"],
    ["file:///etc/passwd", "REGISTRY_BAD_RESPONSE"],
    ["http://user:password@127.0.0.1/", "REGISTRY_BAD_RESPONSE"],
    ["/token", "REGISTRY_BAD_RESPONSE"],
  ];
  for (const [realm, code] of realms) {
    it(`to ${realm} is refused`, async () => {
      const registry = await guarded(() => `Bearer realm="${realm}"`);
      const plainHttp = code === "REGISTRY_PRIVATE_ADDRESS" ? { plainHttp: true } : {};
      const action = fetchIt(await open(registry.host, { credentials: someone, ...plainHttp }));
      assert.equal(await codeOf(action), code);
    });
  }

  // A registry by a public name is reached through a proxy that stands for the outer world.
  for (const target of ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]) {
    it(`from a public registry to ${target} is refused`, async () => {
      const inner = await startFakeRegistry();
      const port = inner.host.split(":")[1];
      const proxy = await guarded(() => `Bearer realm="http://${target}:${port}/token"`);
      const environment = { HOME: "/nonexistent", HTTP_PROXY: proxy.origin, NO_PROXY: `localhost,${target}` };
      const repository = await open("registry.invalid", {
        environment,
        plainHttp: true,
        credentials: someone,
      });
      assert.equal(await codeOf(fetchIt(repository)), "REGISTRY_PRIVATE_ADDRESS");
      assert.equal(proxy.requests.length, 1);
      assert.equal(inner.requests.length, 0);
    });
  }

  it("of an unknown kind, or of none, is said to be so", async () => {
    for (const challenge of ["Negotiate YWJj==", "Digest realm=x, nonce=y", "", '"', ",,, ,"]) {
      const registry = await guarded(() => challenge);
      assert.equal(await codeOf(fetchIt(await open(registry.host))), "REGISTRY_AUTH_UNSUPPORTED");
    }
  });

  it("of any bytes at all gives a coded error, and sends credentials nowhere else", async () => {
    let challenge = "";
    const registry = await guarded(() => challenge);
    const piece = fc.constantFrom(
      "Bearer",
      "Basic",
      " ",
      ",",
      "=",
      '"',
      "\\",
      "realm",
      "scope",
      "service",
      "http://10.0.0.1/",
      ":",
      "a",
      "é",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (pieces) => {
        challenge = pieces.join("");
        const repository = await open(registry.host);
        await assert.rejects(fetchIt(repository), BoxwrightError);
        repository.close();
      }),
      { numRuns: 150, seed: 11 },
    );
  });
});

describe("credentials and redirects", () => {
  it("do not go along to another origin, and do not come back from it", async () => {
    const away: FakeRegistry = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.path === "/content") send(response, 200, {}, blob);
        else send(response, 307, { location: `${registry.origin}/v2/me/app/blobs/back` });
        return true;
      },
    });
    let target = "/content";
    const registry: FakeRegistry = await guarded(
      (request) => (request.headers.authorization === basic ? undefined : 'Basic realm="x"'),
      {
        intercept: (request, response) => {
          if (request.headers.authorization !== basic || !request.path.includes("/blobs/sha256"))
            return false;
          return send(response, 307, { location: `${away.origin}${target}` });
        },
      },
    );
    const repository = await open(registry.host, { credentials: someone });
    assert.deepEqual(await fetchIt(repository), blob);
    assert.deepEqual(
      away.requests.map(({ headers }) => headers.authorization),
      [undefined],
    );
    target = "/bounce";
    assert.equal(await codeOf(fetchIt(repository)), "REGISTRY_UNAUTHORIZED");
    assert.deepEqual(
      registry.seen("GET", /back/).map(({ headers }) => headers.authorization),
      [undefined],
    );
  });

  it("are not asked for by the server that a redirect leads to", async () => {
    const thief = await startFakeRegistry({
      intercept: (_, response) => {
        return send(response, 401, { "www-authenticate": 'Basic realm="give"' });
      },
    });
    const registry = await startFakeRegistry({
      intercept: (_, response) => {
        return send(response, 302, { location: `${thief.origin}/` });
      },
    });
    const action = pullManifest(await open(registry.host, { credentials: someone }), "latest");
    assert.equal(await codeOf(action), "REGISTRY_UNAUTHORIZED");
    assert.equal(thief.requests.length, 1);
  });

  it("that go in circles are ended", async () => {
    const registry: FakeRegistry = await startFakeRegistry({
      intercept: (request, response) => {
        return send(response, 302, { location: request.path });
      },
    });
    assert.equal(
      await codeOf(pullManifest(await open(registry.host), "latest")),
      "REGISTRY_REDIRECT_REFUSED",
    );
    assert.ok(registry.requests.length < 10);
  });

  for (const target of [
    "http://elsewhere.invalid/",
    "http://169.254.169.254/x",
    "file:///etc/passwd",
    "http://[",
  ]) {
    it(`to ${target} are refused`, async () => {
      const registry = await startFakeRegistry({
        intercept: (_, response) => {
          return send(response, 302, { location: target });
        },
      });
      assert.match(
        await codeOf(pullManifest(await open(registry.host), "latest")),
        /^REGISTRY_(REDIRECT_REFUSED|BAD_RESPONSE)$/,
      );
    });
  }
});
