import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { explain, failedRequirement } from "../../../src/sandbox/packages/diagnosis.ts";
import { parseConfiguration } from "../../../src/sandbox/packages/host-configuration.ts";
import { parseIndexPage } from "../../../src/sandbox/packages/index-page.ts";

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/vnd.pypi.simple.v1+json";
const DIGEST = "ab".repeat(32);

describe("an index page", () => {
  it("gives its files with absolute addresses and digests", async () => {
    const html = `<html><head><base href="https://files.example/x/"></head><a href="a-1.whl#sha256=${DIGEST}">a</a><A HREF='../b-1.tar.gz'>b</A>`;
    assert.deepEqual(await parseIndexPage(html, HTML, "https://index.example/simple/a/"), [
      { filename: "a-1.whl", url: "https://files.example/x/a-1.whl", sha256: DIGEST },
      { filename: "b-1.tar.gz", url: "https://files.example/b-1.tar.gz", sha256: undefined },
    ]);
    const json = JSON.stringify({
      files: [{ filename: "a-1.whl", url: "/f/a-1.whl", hashes: { sha256: DIGEST } }, null, { url: 3 }],
    });
    assert.deepEqual(await parseIndexPage(json, JSON_TYPE, "https://index.example/simple/a/"), [
      { filename: "a-1.whl", url: "https://index.example/f/a-1.whl", sha256: DIGEST },
    ]);
  });

  it("is never trusted: any text gives a list", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.json(),
      fc
        .array(fc.constantFrom("<a href=", '"x"', "<base href='", "://", "#sha256=", ">", "&#x0;", "<!--"), {
          maxLength: 40,
        })
        .map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(HTML, JSON_TYPE), async (page, type) => {
        for (const { url } of await parseIndexPage(page, type, "https://index.example/simple/a/"))
          assert.ok(URL.canParse(url));
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});

describe("the diagnosis of a failing pip", () => {
  const file = (filename: string) => ({ filename, url: `https://f.example/${filename}`, sha256: undefined });
  const failed = (output: string) => failedRequirement(output);

  it("finds the requirement in what pip printed", () => {
    assert.deepEqual(failed("ERROR: No matching distribution found for a.b[c]==1.2 (from x)\n"), {
      name: "a.b",
      version: "1.2",
      built: false,
    });
    assert.deepEqual(
      failed(
        "  Downloading my_pkg-2.1.tar.gz (1 kB)\nERROR: Failed to build 'my-pkg' when getting requirements",
      ),
      { name: "my-pkg", version: "2.1", built: true },
    );
    assert.deepEqual(failed("ERROR: my-pkg needs a compiler: it is built with maturin"), {
      name: "my-pkg",
      version: undefined,
      built: true,
    });
    assert.equal(failed("Successfully installed"), undefined);
  });

  it("tells compiled from source-only, and keeps silent about what could be installed", () => {
    const requirement = { name: "p", version: "1.0", built: false };
    const compiled = explain(requirement, [file("p-1.0-cp312-cp312-win_amd64.whl"), file("p-1.0.tar.gz")]);
    assert.deepEqual(compiled, { name: "p", version: "1.0", reason: "compiled", found: ["win_amd64"] });
    assert.equal(explain(requirement, [file("p-1.0.tar.gz")])?.reason, "source");
    assert.equal(explain(requirement, [file("p-1.0-py3-none-any.whl")]), undefined);
    assert.equal(explain(requirement, []), undefined);
  });
});

describe("pip's configuration files", () => {
  it("are read as configparser reads them", () => {
    const text =
      "[global]\nindex-url: https://a.example/simple\nextra_index_url =\n  https://b.example\n  https://c.example\n# c\n[list]\nformat = json\n[install]\nno-index = true\n";
    assert.deepEqual(
      [...parseConfiguration(text)],
      [
        ["index-url", "https://a.example/simple"],
        ["extra-index-url", "https://b.example https://c.example"],
        ["no-index", "true"],
      ],
    );
  });
});
