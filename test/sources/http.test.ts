import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { parseHttpRecord } from "../../src/sources/index.ts";
import type { Store } from "../../src/store/index.ts";
import { get, serve } from "./support/http.ts";
import { codeOf, failureOf, temporaryStore, textOf } from "./support/index.ts";

const digest = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
async function blobsOf(store: Store) {
  const blobs = [];
  for await (const blob of store.listBlobs()) blobs.push(blob);
  return blobs;
}
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("a file over HTTP", () => {
  it("comes as it is, with the mode that Docker gives it and the server's time", async () => {
    const server = await serve((_, response) => {
      response.setHeader("last-modified", "Tue, 02 Jan 2024 03:04:05 GMT");
      response.setHeader("etag", '"x"');
      response.end("hello");
    });
    const store = await temporaryStore();
    const file = await get(`${server.origin}/dir/a.txt?b=c#d`, { store });
    assert.equal(textOf(store, file.content), "hello");
    assert.equal(file.content.sha256, digest("hello"));
    assert.deepEqual([file.name, file.mode, file.unchanged], ["a.txt", 0o600, false]);
    assert.deepEqual(file.mtime, { seconds: 1_704_164_645, nanos: 0 });
    assert.equal(server.seen[0]?.url, "/dir/a.txt?b=c");
  });

  it("is not decoded: what was packed stays packed", async () => {
    const server = await serve((request, response) => {
      assert.equal(request.headers["accept-encoding"], "identity");
      response.setHeader("content-encoding", "gzip").end("not really");
    });
    const store = await temporaryStore();
    const { content } = await get(`${server.origin}/a.tgz`, { store });
    assert.equal(textOf(store, content), "not really");
  });

  const names: readonly (readonly [string, string])[] = [
    ["/a.txt", "a.txt"],
    ["/a/b/", "b"],
    ["", "__unnamed__"],
    ["/", "__unnamed__"],
    ["/?q=a.txt", "__unnamed__"],
    ["/a%20b", "a b"],
    ["/a%2Fb", "b"],
    ["/x/%2e%2e%2F", "__unnamed__"],
    ["/..%2F..%2Fetc%2Fpasswd", "passwd"],
    ["/%00", "__unnamed__"],
    ["/%E4", "%E4"],
    [`/${"n".repeat(256)}`, "__unnamed__"],
  ];
  for (const [path, name] of names) {
    it(`of ${path.slice(0, 40)} is called ${name}, whatever the server calls it`, async () => {
      const server = await serve((_, response) => {
        response.setHeader("content-disposition", 'attachment; filename="../other"').end("x");
      });
      assert.equal((await get(server.origin + path)).name, name);
    });
  }

  it("has no time where the server gives none that makes sense", async () => {
    for (const date of ["yesterday", "0", "Tue, 02 Jan 0024 03:04:05 GMT", "Tue, 02 Foo 2024 03:04:05 GMT"]) {
      const server = await serve((_, response) => {
        response.setHeader("last-modified", date).end("x");
      });
      assert.equal((await get(`${server.origin}/a`)).mtime, undefined, date);
    }
  });

  it("is streamed: bytes are reported as they come", async () => {
    const server = await serve((_, response) => {
      response.end(Buffer.alloc(1_000_000));
    });
    const seen: number[] = [];
    const { content } = await get(`${server.origin}/a`, { onProgress: (bytes) => seen.push(bytes) });
    assert.equal(content.size, 1_000_000);
    assert.equal(seen.at(-1), 1_000_000);
    assert.ok(seen.length > 1);
  });

  it("needs an address of HTTP", async () => {
    for (const url of [
      "ftp://example.com/a",
      "file:///etc/passwd",
      "https://",
      "http://a b/",
      "http://[x]/",
    ]) {
      assert.equal(await codeOf(get(url)), "HTTP_ADDRESS_INVALID", url);
    }
  });
});

describe("the checksum of a file", () => {
  it("must be that of its content, else nothing of it gets into the store", async () => {
    const server = await serve((_, response) => {
      response.end("hello");
    });
    const store = await temporaryStore();
    const url = `${server.origin}/a`;
    const wrong = await failureOf(get(url, { store, checksum: digest("other") }));
    assert.equal(wrong.code, "HTTP_CHECKSUM_MISMATCH");
    assert.match(wrong.message, new RegExp(digest("hello")));
    assert.deepEqual(await blobsOf(store), []);
    assert.equal((await get(url, { store, checksum: digest("hello") })).content.size, 5);
  });

  it("must be a whole sha256 one", async () => {
    for (const checksum of ["sha256:00", "md5:x", "0".repeat(64), ""]) {
      assert.equal(
        await codeOf(get("http://127.0.0.1:1/a", { checksum })),
        "HTTP_CHECKSUM_INVALID",
        checksum,
      );
    }
  });
});

describe("a file that was fetched before", () => {
  it("is asked for with its validators, and kept on 304", async () => {
    const server = await serve((request, response) => {
      response.setHeader("etag", 'W/"x"').setHeader("last-modified", "Tue, 02 Jan 2024 03:04:05 GMT");
      if (request.headers["if-none-match"] === 'W/"x"') response.writeHead(304).end();
      else response.end("hello");
    });
    const store = await temporaryStore();
    const url = `${server.origin}/a`;
    const first = await get(url, { store });
    const cachedAs = parseHttpRecord(JSON.parse(JSON.stringify(first.record)));
    const second = await get(url, { store, cachedAs });
    assert.deepEqual({ ...second, unchanged: false }, first);
    assert.equal(second.unchanged, true);
    assert.equal(server.seen[1]?.headers["if-modified-since"], "Tue, 02 Jan 2024 03:04:05 GMT");
    assert.equal(
      await codeOf(get(url, { store, cachedAs, checksum: digest("other") })),
      "HTTP_CHECKSUM_MISMATCH",
    );
  });

  it("is not asked for at all if its checksum is known to be right", async () => {
    const server = await serve((_, response) => {
      response.end("hello");
    });
    const store = await temporaryStore();
    const url = `${server.origin}/a`;
    const { record } = await get(url, { store });
    const again = await get(url, { store, cachedAs: record, checksum: digest("hello") });
    assert.equal(again.unchanged, true);
    assert.equal(server.seen.length, 1);
  });

  it("is fetched anew where it changed, was lost, or is another's", async () => {
    const server = await serve((_, response, count) => {
      response.setHeader("etag", `"${count}"`).end(`hello ${count}`);
    });
    const store = await temporaryStore();
    const url = `${server.origin}/a`;
    const { record, content } = await get(url, { store });
    assert.equal(textOf(store, (await get(url, { store, cachedAs: record })).content), "hello 1");
    await get(`${server.origin}/b`, { store, cachedAs: record });
    assert.equal(server.seen[2]?.headers["if-none-match"], undefined);
    await store.deleteBlob(content.blob);
    await get(url, { store, cachedAs: record });
    assert.equal(server.seen[3]?.headers["if-none-match"], undefined);
  });

  it("must be remembered in the right form", () => {
    for (const value of [null, 1, {}, { url: "http://a/" }, { url: "a", content: { blob: "x" } }]) {
      assert.throws(() => parseHttpRecord(value), { code: "HTTP_RECORD_INVALID" });
    }
  });
});

describe("a server that", () => {
  it("has no such file, or does not give it, is an error that says so", async () => {
    const server = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end("no");
    });
    assert.equal(await codeOf(get(`${server.origin}/404`)), "HTTP_NOT_FOUND");
    const refused = await failureOf(get(`${server.origin}/403`));
    assert.equal(refused.code, "HTTP_STATUS");
    assert.equal(refused.exitCode, 3);
    for (const status of ["204", "206", "304", "300"]) {
      assert.equal(await codeOf(get(`${server.origin}/${status}`)), "HTTP_STATUS", status);
    }
  });

  it("fails for a while is asked again, three times in all", async () => {
    const flaky = await serve((_, response, count) => {
      if (count < 2) response.writeHead(503).end();
      else response.end("hello");
    });
    assert.equal((await get(`${flaky.origin}/a`)).content.size, 5);
    const broken = await serve((_, response) => {
      response.writeHead(503).end();
    });
    assert.equal(await codeOf(get(`${broken.origin}/a`)), "HTTP_STATUS");
    assert.equal(broken.seen.length, 3);
  });

  it("breaks off is asked again, and nothing half-come is kept", async () => {
    const server = await serve((_, response, count) => {
      response.setHeader("content-length", 100);
      response.write("half");
      if (count < 1) setImmediate(() => response.destroy());
      else response.end("x".repeat(96));
    });
    const store = await temporaryStore();
    assert.equal((await get(`${server.origin}/a`, { store })).content.size, 100);
    assert.equal((await blobsOf(store)).length, 1);
  });

  it("sends too much is left, said beforehand or not", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/said") response.setHeader("content-length", 1000);
      response.end("x".repeat(1000));
    });
    const limits = { size: 999 };
    for (const path of ["/said", "/unsaid"]) {
      assert.equal(await codeOf(get(server.origin + path, { limits })), "HTTP_TOO_LARGE");
    }
  });

  it("says nothing, or drips without end, is given up", async () => {
    const silent = await serve(() => {});
    assert.equal(await codeOf(get(`${silent.origin}/a`, { limits: { idle: 50 } })), "HTTP_TIMEOUT");
    const dripping = await serve((_, response) => {
      const timer = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(timer));
    });
    assert.equal(await codeOf(get(`${dripping.origin}/a`, { limits: { total: 100 } })), "HTTP_TIMEOUT");
  });

  it("is not there is an error", async () => {
    assert.equal(await codeOf(get("http://127.0.0.1:1/a")), "HTTP_UNREACHABLE");
  });

  it("speaks no HTTP is an error", async () => {
    const { createServer } = await import("node:net");
    const server = createServer((socket) => socket.end("220 smtp\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    assert.equal(await codeOf(get(`http://127.0.0.1:${port}/a`)), "HTTP_CONNECTION_LOST");
    server.close();
  });

  it("is waited for no longer than the build wants", async () => {
    const controller = new AbortController();
    const server = await serve(() => controller.abort(new Error("no longer wanted")));
    await assert.rejects(get(`${server.origin}/a`, { signal: controller.signal }), /no longer wanted/);
  });
});

describe("redirects", () => {
  it("are followed, and do not change the name", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: "/b/c" }).end();
      else response.end("hello");
    });
    const file = await get(`${server.origin}/a`);
    assert.deepEqual([file.name, file.content.size], ["a", 5]);
  });

  it("are followed ten times", async () => {
    const server = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("x");
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    });
    assert.equal((await get(`${server.origin}/10`)).content.size, 1);
    assert.equal(await codeOf(get(`${server.origin}/11`)), "HTTP_REDIRECT_REFUSED");
  });

  it("that lead nowhere, elsewhere than HTTP, or carry a user name are refused", async () => {
    for (const [location, code] of [
      ["file:///etc/passwd", "HTTP_REDIRECT_REFUSED"],
      ["http://me:secret@127.0.0.1/", "HTTP_BAD_RESPONSE"],
      ["http://[", "HTTP_BAD_RESPONSE"],
      [undefined, "HTTP_BAD_RESPONSE"],
    ] as const) {
      const server = await serve((_, response) => {
        response.writeHead(302, location === undefined ? {} : { location }).end();
      });
      assert.equal(await codeOf(get(`${server.origin}/a`)), code, location);
    }
  });

  it("do not take credentials to another server, nor back again", async () => {
    const home = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: `${away.origin}/b` }).end();
      else response.end("x");
    });
    const away = await serve((_, response) => {
      response.writeHead(302, { location: `${home.origin}/c` }).end();
    });
    await get(`http://me:s%40cret@127.0.0.1:${home.port}/a`);
    assert.equal(home.seen[0]?.headers.authorization, basic("me:s@cret"));
    assert.equal(away.seen[0]?.headers.authorization, undefined);
    assert.equal(home.seen[1]?.headers.authorization, undefined);
    await get(`${home.origin}/a`, { authorization: "Bearer t" });
    assert.equal(home.seen[2]?.headers.authorization, "Bearer t");
    assert.equal(away.seen[1]?.headers.authorization, undefined);
  });

  it("never reach private addresses from a public one", async () => {
    // A proxy of ours stands in for the public server.
    const proxy = await serve((request, response) => {
      if (request.url === "http://203.0.113.5/a")
        response.writeHead(302, { location: "http://127.0.0.1:1/b" }).end();
      else response.end("reached");
    });
    const environment = { http_proxy: proxy.origin, HTTP_PROXY: proxy.origin };
    const refused = await failureOf(get("http://203.0.113.5/a", { environment }));
    assert.equal(refused.code, "HTTP_REDIRECT_REFUSED");
    assert.equal(proxy.seen.length, 1);
  });
});
