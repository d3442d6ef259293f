import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import {
  familiarName,
  familiarReference,
  formatReference,
  manifestKey,
  parseReference,
  parseRegistry,
} from "../../src/registry/index.ts";

const hex = "a".repeat(64);
const digest = `sha256:${hex}` as const;

describe("parseReference", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["python", "docker.io/library/python:latest"],
    ["python:3.12-slim", "docker.io/library/python:3.12-slim"],
    ["me/app", "docker.io/me/app:latest"],
    ["docker.io/python", "docker.io/library/python:latest"],
    ["index.docker.io/python:3", "docker.io/library/python:3"],
    ["docker.io/library/python", "docker.io/library/python:latest"],
    ["registry.example.com/me/app:1.0", "registry.example.com/me/app:1.0"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app", "localhost:5000/app:latest"],
    ["host:5000/a/b/c:t_1", "host:5000/a/b/c:t_1"],
    ["[::1]:5000/app", "[::1]:5000/app:latest"],
    ["[fd00::1]/app", "[fd00::1]/app:latest"],
    ["Registry/app", "Registry/app:latest"],
    ["a__b/c-d.e", "docker.io/a__b/c-d.e:latest"],
    ["a--b", "docker.io/library/a--b:latest"],
    [`python@${digest}`, `docker.io/library/python@${digest}`],
    [`python:3@${digest}`, `docker.io/library/python:3@${digest}`],
    [`${hex}:tag`, `docker.io/library/${hex}:tag`],
    ["127.0.0.1:80/x", "127.0.0.1:80/x:latest"],
  ];
  for (const [text, whole] of cases) {
    it(`reads ${text.slice(0, 40)} as Docker does`, () => {
      assert.equal(formatReference(parseReference(text)), whole);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ["", "REFERENCE_INVALID"],
    ["Python", "REFERENCE_INVALID"],
    ["registry.example.com/Me/app", "REFERENCE_INVALID"],
    ["a//b", "REFERENCE_INVALID"],
    ["/a", "REFERENCE_INVALID"],
    ["a/", "REFERENCE_INVALID"],
    ["a:", "REFERENCE_INVALID"],
    [`a:${"t".repeat(129)}`, "REFERENCE_INVALID"],
    ["a:.t", "REFERENCE_INVALID"],
    ["a___b", "REFERENCE_INVALID"],
    ["a..b", "REFERENCE_INVALID"],
    ["-a", "REFERENCE_INVALID"],
    ["a/../b", "REFERENCE_INVALID"],
    ["registry.example.com/../b", "REFERENCE_INVALID"],
    ["a b", "REFERENCE_INVALID"],
    ["a\n", "REFERENCE_INVALID"],
    ["https://registry.example.com/a", "REFERENCE_INVALID"],
    ["user@registry.example.com/a", "REFERENCE_INVALID"],
    ["host:99999/a", "REFERENCE_INVALID"],
    ["host:/a", "REFERENCE_INVALID"],
    ["-host.io/a", "REFERENCE_INVALID"],
    [hex, "REFERENCE_INVALID"],
    ["a@sha256:abc", "REFERENCE_INVALID"],
    [`a@sha256:${"A".repeat(64)}`, "REFERENCE_INVALID"],
    [`a@sha256:${"a".repeat(63)}`, "REFERENCE_INVALID"],
    [`a@${digest}@${digest}`, "REFERENCE_INVALID"],
    [`a@sha512:${"a".repeat(128)}`, "REFERENCE_DIGEST_UNSUPPORTED"],
    ["a".repeat(256), "REFERENCE_INVALID"],
    ["a".repeat(5000), "REFERENCE_INVALID"],
  ];
  for (const [text, code] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(
        () => parseReference(text),
        (error) => error instanceof BoxwrightError && error.code === code && error.exitCode === 2,
      );
    });
  }

  it("says what a name in capitals should be", () => {
    assert.throws(
      () => parseReference("registry.example.com/Me/App:V1"),
      (error) =>
        error instanceof BoxwrightError && error.hint === "did you mean registry.example.com/me/app:V1?",
    );
  });

  it("blames the Dockerfile and not the command line once it is placed there", () => {
    const range = { start: { line: 1, column: 0 }, end: { line: 1, column: 4 } };
    assert.throws(
      () => parseReference("A"),
      (error) => error instanceof BoxwrightError && error.at(range).exitCode === 1,
    );
  });
});

describe("the familiar form", () => {
  it("leaves out what Docker fills in", () => {
    assert.equal(familiarReference(parseReference("docker.io/library/python:3.12")), "python:3.12");
    assert.equal(familiarReference(parseReference("docker.io/me/app")), "me/app:latest");
    assert.equal(
      familiarName(parseReference("registry.example.com/me/app:1")),
      "registry.example.com/me/app",
    );
  });

  it("stays whole where it would be read as something else", () => {
    assert.equal(familiarName(parseReference("docker.io/localhost/app")), "docker.io/localhost/app");
    assert.equal(familiarName(parseReference("docker.io/library/a/b")), "library/a/b");
    assert.equal(familiarName(parseReference(`docker.io/library/${hex}`)), `docker.io/library/${hex}`);
  });
});

describe("references, by properties", () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const component = fc
    .tuple(word, fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "---"), word), { maxLength: 2 }))
    .map(([first, rest]) => first + rest.flat().join(""));
  const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const registry = fc.oneof(
    fc.constantFrom("docker.io/", "index.docker.io/", "localhost/", "[::1]:5000/", "UPPER/"),
    fc
      .tuple(word, word, fc.option(fc.integer({ min: 1, max: 65535 })))
      .map(([a, b, port]) => `${a}.x${b}${port === null ? "" : `:${port}`}/`),
  );
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/));
  const pinned = fc.option(fc.stringMatching(/^[0-9a-f]{64}$/));
  const text = fc
    .tuple(registry, path, tag, pinned)
    .map(
      ([host, name, t, d]) => `${host}${name}${t === null ? "" : `:${t}`}${d === null ? "" : `@sha256:${d}`}`,
    );

  it("reads back what it prints, in both forms", () => {
    fc.assert(
      fc.property(text, (written) => {
        const reference = parseReference(written);
        assert.deepEqual(parseReference(formatReference(reference)), reference);
        assert.deepEqual(parseReference(familiarReference(reference)), reference);
        assert.ok(manifestKey(reference).length > 0);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("never lets anything through that could leave its place in an address", () => {
    const noise = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(..."ab/:@.-_%?#\\ [A0é\n"), maxLength: 40 }),
    );
    fc.assert(
      fc.property(noise, (written) => {
        try {
          const reference = parseReference(written);
          const target = `/v2/${reference.repository}/manifests/${manifestKey(reference)}`;
          const url = new URL(target, `https://${reference.registry}/`);
          assert.equal(url.pathname, target);
          assert.equal(url.host.toLowerCase(), new URL(`https://${reference.registry.toLowerCase()}`).host);
          assert.equal(url.username + url.search + url.hash, "");
        } catch (error) {
          assert.ok(error instanceof BoxwrightError, String(error));
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});

describe("parseRegistry", () => {
  it("takes a host as login does", () => {
    assert.equal(parseRegistry("registry.example.com"), "registry.example.com");
    assert.equal(parseRegistry("https://registry.example.com/v2/"), "registry.example.com");
    assert.equal(parseRegistry("localhost:5000"), "localhost:5000");
    assert.equal(parseRegistry(""), "docker.io");
    assert.equal(parseRegistry("https://index.docker.io/v1/"), "docker.io");
    assert.throws(() => parseRegistry("http://registry.example.com"), { code: "REFERENCE_INVALID" });
    assert.throws(() => parseRegistry("registry.example.com/me"), { code: "REFERENCE_INVALID" });
  });
});
