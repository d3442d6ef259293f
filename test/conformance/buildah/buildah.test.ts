import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { cases } from "./cases.ts";
import { buildWithBoxwright, buildWithBuildah, makeBase, writeContext } from "./harness.ts";

describe("builds the same image as buildah", () => {
  let base = "";
  before(() => {
    base = makeBase();
  });
  for (const testCase of cases) {
    it(testCase.name, async () => {
      const context = writeContext(testCase);
      const theirs = buildWithBuildah(testCase, context);
      const ours = await buildWithBoxwright(testCase, context, base);
      assert.deepEqual(ours.tree, theirs.tree);
      assert.deepEqual(ours.config, theirs.config);
    });
  }
});
