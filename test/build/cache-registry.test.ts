import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run, startDockerRegistry } from "../registry/support/real.ts";
import { buildDirectory, failsWith, makeContext, temporaryDirectory } from "./support.ts";

const files = {
  Dockerfile: "FROM scratch AS made\nCOPY a /made/a\nFROM scratch\nCOPY --from=made /made/a /a\nCOPY b /b",
  a: "a",
  b: "b",
};

describe("a cache in Debian's docker-registry", () => {
  it("serves a build elsewhere, and is the same for the same build", async () => {
    const reference = `${await startDockerRegistry()}/me/cache:main`;
    const context = makeContext(files);
    const cacheTo = [{ kind: "registry", reference, mode: "max" }] as const;
    const cacheFrom = [{ kind: "registry", reference }] as const;
    const digest = async () => {
      const { stdout } = await run("oras", ["manifest", "fetch", "--plain-http", "--descriptor", reference]);
      return JSON.parse(stdout).digest as string;
    };
    const first = await buildDirectory(context, { home: temporaryDirectory(), cacheFrom, cacheTo });
    assert.deepEqual(
      first.events.flatMap((event) => (event.kind === "warning" ? [event.warning.code] : [])),
      ["CACHE_NOT_FOUND"],
    );
    const exported = await digest();
    const second = await buildDirectory(context, { home: temporaryDirectory(), cacheFrom, cacheTo });
    assert.deepEqual([second.executed, second.digest], [[], first.digest]);
    assert.equal(await digest(), exported);

    const { stdout } = await run("oras", ["manifest", "fetch", "--plain-http", reference]);
    const manifest = JSON.parse(stdout);
    assert.equal(manifest.artifactType, "application/vnd.boxwright.cache.v1");
    assert.equal(manifest.layers.length, 3);
  });

  it("an image that skopeo pushed brings its inline cache", async () => {
    const host = await startDockerRegistry();
    const context = makeContext(files);
    const output = temporaryDirectory();
    const cacheTo = [{ kind: "inline" }] as const;
    const first = await buildDirectory(context, { home: temporaryDirectory(), output, cacheTo });
    await run("skopeo", [
      "--insecure-policy",
      "copy",
      "--dest-tls-verify=false",
      `oci:${output}`,
      `docker://${host}/me/app:1`,
    ]);
    const again = await buildDirectory(context, {
      home: temporaryDirectory(),
      cacheFrom: [{ kind: "registry", reference: `${host}/me/app:1` }],
      cacheTo,
    });
    assert.deepEqual([again.executed, again.digest], [[], first.digest]);
  });

  it("a registry that does not answer is a warning at the import, and an error at the export", async () => {
    const reference = "127.0.0.1:1/me/cache:main";
    const context = makeContext(files);
    const built = await buildDirectory(context, {
      home: temporaryDirectory(),
      cacheFrom: [{ kind: "registry", reference }],
    });
    assert.equal(built.events.filter(({ kind }) => kind === "warning").length, 1);
    assert.equal(built.executed.length, 3);
    await assert.rejects(
      buildDirectory(context, { cacheTo: [{ kind: "registry", reference, mode: "min" }] }),
      failsWith("REGISTRY_UNREACHABLE"),
    );
  });
});
