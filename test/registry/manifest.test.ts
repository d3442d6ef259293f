import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BoxwrightError } from "../../src/errors/index.ts";
import { mediaTypes, parseManifest } from "../../src/registry/index.ts";
import { sha256 } from "./support/index.ts";

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
describe("parseManifest", () => {
  const parse = (value: unknown, type?: string) =>
    parseManifest(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), type, "it");
  const changed = (change: object) => ({ ...manifest, ...change });
  const layer = (change: object) => changed({ layers: [{ ...manifest.layers[0], ...change }] });

  const refused: readonly (readonly [string, unknown, string])[] = [
    ["text that is not JSON", "{", "MANIFEST_INVALID"],
    ["JSON that is not an object", "[]", "MANIFEST_INVALID"],
    ["deep nesting", "[".repeat(100_000), "MANIFEST_INVALID"],
    ["schema 1", { schemaVersion: 1, fsLayers: [] }, "MANIFEST_UNSUPPORTED"],
    ["no schema version", changed({ schemaVersion: undefined }), "MANIFEST_INVALID"],
    ["a type that is unknown", changed({ mediaType: "text/html" }), "MANIFEST_UNSUPPORTED"],
    ["a type that is not text", changed({ mediaType: 7 }), "MANIFEST_INVALID"],
    ["a manifest and an index at once", changed({ manifests: [] }), "MANIFEST_INVALID"],
    ["no config", changed({ config: undefined }), "MANIFEST_INVALID"],
    ["no layers", changed({ layers: undefined }), "MANIFEST_INVALID"],
    ["a path for a digest", layer({ digest: "sha256:../../../etc/passwd" }), "MANIFEST_INVALID"],
    ["a digest in capitals", layer({ digest: `sha256:${"A".repeat(64)}` }), "MANIFEST_INVALID"],
    ["a sha512 digest", layer({ digest: `sha512:${"a".repeat(128)}` }), "MANIFEST_UNSUPPORTED"],
    ["a negative size", layer({ size: -1 }), "MANIFEST_INVALID"],
    ["half a byte", layer({ size: 0.5 }), "MANIFEST_INVALID"],
    ["a size beyond numbers", layer({ size: 1e300 }), "MANIFEST_INVALID"],
    ["a size that is text", layer({ size: "1" }), "MANIFEST_INVALID"],
    ["an annotation that is not text", changed({ annotations: { a: 1 } }), "MANIFEST_INVALID"],
    ["a subject without a digest", changed({ subject: {} }), "MANIFEST_INVALID"],
  ];
  for (const [what, value, code] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parse(value), { code });
    });
  }

  it("refuses what is not UTF-8", () => {
    assert.throws(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d]), undefined, "it"), {
      code: "MANIFEST_INVALID",
    });
  });

  it("takes names that JavaScript knows otherwise for plain names", () => {
    const parsed = parse(
      JSON.stringify(manifest).replace("{", '{"annotations":{"__proto__":"a","constructor":"b"},'),
    );
    assert.deepEqual(Object.entries(parsed.annotations), [
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    assert.throws(() => parse('{"__proto__":{"schemaVersion":2}}'), { code: "MANIFEST_INVALID" });
  });

  it("goes by the header where the manifest does not say its type", () => {
    assert.equal(
      parse(changed({ mediaType: undefined }), mediaTypes.dockerManifest).mediaType,
      mediaTypes.dockerManifest,
    );
    assert.equal(
      parse(changed({ mediaType: undefined }), "application/json").mediaType,
      mediaTypes.ociManifest,
    );
  });

  it("gives a manifest or a coded error for any JSON", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constant(manifest.layers), fc.constant(manifest.config));
    const shape = fc.record(
      {
        schemaVersion: fc.constantFrom(2, 2, 2, 1, "2"),
        mediaType: fc.constantFrom<unknown>(mediaTypes.ociManifest, mediaTypes.ociIndex, undefined, 3),
        config: value,
        layers: value,
        manifests: value,
        annotations: value,
        subject: value,
      },
      { requiredKeys: ["schemaVersion"] },
    );
    fc.assert(
      fc.property(fc.oneof(shape, fc.jsonValue()), (json) => {
        try {
          const parsed = parse(JSON.stringify(json));
          const descriptors = parsed.kind === "index" ? parsed.manifests : [parsed.config, ...parsed.layers];
          for (const { digest, size } of descriptors) {
            assert.match(digest, /^sha256:[0-9a-f]{64}$/);
            assert.ok(Number.isSafeInteger(size) && size >= 0);
          }
        } catch (error) {
          if (!(error instanceof BoxwrightError)) throw error;
        }
      }),
      { numRuns: 1000, seed: 3 },
    );
  });
});
