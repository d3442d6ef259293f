import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blobFromBytes, pushBlob } from "../../src/registry/index.ts";
import { basic, blob, fetchIt, guarded, someone } from "./support/guarded.ts";
import {
  codeOf,
  type FakeRegistry,
  failureOf,
  open,
  type RecordedRequest,
  registryFailureOf,
  send,
  sendJson,
  startFakeRegistry,
} from "./support/index.ts";

/** A registry with a token server on the same origin; tokens name the scopes they are for. */
async function withTokens(
  answer: (request: RecordedRequest, scopes: readonly string[]) => unknown = (_, scopes) => ({
    token: `token-${scopes.join("|")}`,
  }),
  challengeOf: (origin: string, request: RecordedRequest) => string = (origin, request) =>
    `Bearer realm="${origin}/token",service="fake",scope="${scopeOf(request)}"`,
): Promise<FakeRegistry> {
  const registry: FakeRegistry = await guarded(
    (request) =>
      request.headers.authorization?.includes(scopeOf(request)) === true
        ? undefined
        : challengeOf(registry.origin, request),
    {
      intercept: (request, response) => {
        if (request.path !== "/token") return false;
        const form = new URLSearchParams(request.body.toString());
        const asked =
          request.method === "POST" ? (form.get("scope") ?? "").split(" ") : request.query.getAll("scope");
        return sendJson(response, 200, answer(request, asked));
      },
    },
  );
  return registry;
}

const scopeOf = (request: RecordedRequest): string =>
  `repository:me/app:${request.method === "GET" || request.method === "HEAD" ? "pull" : "pull,push"}`;

describe("a registry that wants Basic", () => {
  const wantsBasic = () =>
    guarded((request) => (request.headers.authorization === basic ? undefined : 'Basic realm="fake"'));

  it("gets the credentials only after it asked, and then with every request", async () => {
    const registry = await wantsBasic();
    const repository = await open(registry.host, { credentials: someone });
    assert.deepEqual(await fetchIt(repository), blob);
    await fetchIt(repository);
    assert.deepEqual(
      registry.requests.map(({ headers }) => headers.authorization),
      [undefined, basic, basic],
    );
  });

  it("is told about with a way out when there are no credentials", async () => {
    const registry = await wantsBasic();
    const error = await registryFailureOf(fetchIt(await open(registry.host)));
    assert.equal(error.code, "REGISTRY_UNAUTHORIZED");
    assert.equal(error.exitCode, 3);
    assert.equal(error.hint, `boxwright login ${registry.host}`);
    assert.equal(registry.requests.length, 1);
  });

  it("that refuses the credentials is not asked again and again", async () => {
    const registry = await guarded(() => 'Basic realm="fake"');
    const error = await failureOf(fetchIt(await open(registry.host, { credentials: someone })));
    assert.equal(error.code, "REGISTRY_UNAUTHORIZED");
    assert.equal(registry.requests.length, 2);
    assert.ok(!JSON.stringify([error.message, error.hint, error]).includes("pässword"));
  });
});

describe("a registry that wants Bearer", () => {
  it("gets an anonymous token for the scope it named", async () => {
    const registry = await withTokens();
    await fetchIt(await open(registry.host));
    const [asked] = registry.seen("GET", /^\/token$/);
    assert.equal(asked?.query.get("service"), "fake");
    assert.deepEqual(asked?.query.getAll("scope"), ["repository:me/app:pull"]);
    assert.equal(asked?.headers.authorization, undefined);
  });

  it("gives its token to Basic credentials, which the registry itself never sees", async () => {
    const registry = await withTokens();
    await fetchIt(await open(registry.host, { credentials: someone }));
    assert.deepEqual(
      registry
        .seen("GET", /token/)
        .map(({ headers, query }) => [headers.authorization, query.get("account")]),
      [[basic, "someone"]],
    );
    assert.ok(registry.seen("GET", /^\/v2/).every(({ headers }) => headers.authorization !== basic));
  });

  it("takes an identity token by an OAuth2 POST", async () => {
    const registry = await withTokens((_, scopes) => ({ access_token: `token-${scopes.join("|")}` }));
    await fetchIt(await open(registry.host, { credentials: { kind: "identity-token", token: "refresh" } }));
    const [asked] = registry.seen("POST", /token/);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(asked?.body.toString())), {
      grant_type: "refresh_token",
      client_id: "boxwright",
      refresh_token: "refresh",
      service: "fake",
      scope: "repository:me/app:pull",
    });
  });

  it("takes a registry token as it is", async () => {
    const registry = await withTokens();
    const token = "x-repository:me/app:pull";
    await fetchIt(await open(registry.host, { credentials: { kind: "registry-token", token } }));
    assert.equal(registry.seen("GET", /token/).length, 0);
    assert.equal(registry.requests.at(-1)?.headers.authorization, `Bearer ${token}`);
  });

  it("is asked for one token by requests that run at once, and for another when scopes grow", async () => {
    const registry = await withTokens();
    const repository = await open(registry.host);
    await fetchIt(repository);
    await Promise.all([fetchIt(repository), fetchIt(repository)]);
    assert.equal(registry.seen("GET", /token/).length, 1);
    const mounted = Buffer.from("other");
    await pushBlob(repository, blobFromBytes(mounted), { mountFrom: "me/base" });
    assert.deepEqual(registry.seen("GET", /token/).at(-1)?.query.getAll("scope"), [
      "repository:me/app:pull,push",
      "repository:me/base:pull",
    ]);
    assert.equal(registry.seen("GET", /token/).length, 2);
  });

  it("is asked for a new token when it no longer takes the old one", async () => {
    let revoked = "";
    const registry: FakeRegistry = await guarded(
      (request) =>
        request.headers.authorization?.startsWith("Bearer t") === true &&
        request.headers.authorization !== revoked
          ? undefined
          : `Bearer realm="${registry.origin}/token"`,
      {
        intercept: (request, response) =>
          request.path === "/token" && sendJson(response, 200, { token: `t${registry.requests.length}` }),
      },
    );
    const repository = await open(registry.host);
    await fetchIt(repository);
    revoked = registry.requests.at(-1)?.headers.authorization ?? "";
    await fetchIt(repository);
    assert.equal(registry.seen("GET", /token/).length, 2);
  });

  it("prefers Bearer where it offers Basic as well", async () => {
    const registry = await withTokens(undefined, (origin, request) => {
      return `Basic realm="a, \\"b\\"", Bearer realm="${origin}/token" , scope="${scopeOf(request)}"`;
    });
    await fetchIt(await open(registry.host, { credentials: someone }));
    assert.equal(registry.seen("GET", /token/).length, 1);
  });

  it("may leave the quotes out and write names as it likes", async () => {
    const registry = await withTokens(undefined, (origin) => `bEARER  REALM=${origin}/token, Service = fake`);
    await fetchIt(await open(registry.host));
    assert.equal(registry.seen("GET", /token/)[0]?.query.get("service"), "fake");
  });

  it("that refuses every token ends it after one new try", async () => {
    const registry: FakeRegistry = await guarded(() => `Bearer realm="${registry.origin}/token"`, {
      intercept: (request, response) =>
        request.path === "/token" && sendJson(response, 200, { token: `t${registry.requests.length}` }),
    });
    assert.equal(await codeOf(fetchIt(await open(registry.host))), "REGISTRY_UNAUTHORIZED");
    assert.equal(registry.seen("GET", /^\/v2/).length, 2);
  });

  it("that wants a thousand scopes gets a request of bounded size", async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `repository:r${index}:pull`).join(" ");
    const registry = await withTokens(
      undefined,
      (origin) => `Bearer realm="${origin}/token",scope="${many}"`,
    );
    await fetchIt(await open(registry.host));
    assert.ok((registry.seen("GET", /token/)[0]?.query.getAll("scope").length ?? 99) < 20);
  });
});

describe("a token server that misbehaves", () => {
  const answers: readonly (readonly [string, unknown])[] = [
    ["gives no token", {}],
    ["gives an empty token", { token: "" }],
    ["gives a token that would break the header", { token: "a\r\nX-Evil: 1" }],
    ["gives a token that is not text", { token: 1 }],
    ["gives a list", []],
  ];
  for (const [what, answer] of answers) {
    it(`${what}: a coded error`, async () => {
      const registry = await withTokens(() => answer);
      assert.equal(await codeOf(fetchIt(await open(registry.host))), "REGISTRY_TOKEN_INVALID");
    });
  }

  it("streams a token without end: it is cut off", async () => {
    const registry: FakeRegistry = await guarded(() => `Bearer realm="${registry.origin}/token"`, {
      early: (request, response) => {
        if (request.path !== "/token") return false;
        response.writeHead(200);
        const chunk = "a".repeat(64 * 1024);
        const pump = () => {
          while (!response.destroyed && response.write(chunk));
          response.once("drain", pump);
        };
        pump();
        return true;
      },
    });
    assert.equal(await codeOf(fetchIt(await open(registry.host))), "REGISTRY_TOO_LARGE");
  });

  it("dribbles a token without end: it is given up", async () => {
    const registry: FakeRegistry = await guarded(() => `Bearer realm="${registry.origin}/token"`, {
      early: (request, response) => {
        if (request.path !== "/token") return false;
        response.writeHead(200);
        const timer = setInterval(() => response.write("a"), 20);
        response.on("close", () => clearInterval(timer));
        return true;
      },
    });
    const timing = { answerTimeout: 150 };
    assert.equal(await codeOf(fetchIt(await open(registry.host, { timing }))), "REGISTRY_TIMEOUT");
  });

  it("redirects to another origin: the credentials stay", async () => {
    const thief = await startFakeRegistry();
    const registry: FakeRegistry = await guarded(() => `Bearer realm="${registry.origin}/token"`, {
      intercept: (request, response) => {
        if (request.path !== "/token") return false;
        return send(response, 307, { location: `${thief.origin}/token` });
      },
    });
    const action = fetchIt(await open(registry.host, { credentials: someone }));
    assert.equal(await codeOf(action), "REGISTRY_REDIRECT_REFUSED");
    assert.equal(thief.requests.length, 0);
  });
});
