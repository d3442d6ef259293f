import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { cases, type Difference } from "./cases.ts";
import { buildWithBoxwright, buildWithBuildah, type Description, makeBase, writeContext } from "./harness.ts";

/** buildah's result as BuildKit would have it. */
const corrected: Readonly<Record<Difference, (theirs: Description) => Description>> = {
  "scratch-working-directory": ({ tree, config }) => ({ tree, config: { ...config, WorkingDir: "/" } }),
  "volume-directories": ({ tree, config }) => ({
    tree: tree.filter((line) => !/^(a|b|c d)\/ /.test(line)),
    config,
  }),
  "shell-of-command": ({ tree, config }) => ({
    tree,
    config: { ...config, Cmd: ["/bin/bash", ...(config["Cmd"] as readonly string[]).slice(1)] },
  }),
  "link-at-destination": ({ tree, config }) => {
    const file = tree.find((line) => line.startsWith("l/link-up "))?.slice("l/link-up ".length);
    const lines = tree.map((line) => {
      if (line.startsWith("l/link-up ")) return "l/link-up link 0:0 -> ../a.txt";
      return line.startsWith("a.txt ") ? `a.txt ${file}` : line;
    });
    return { tree: lines, config };
  },
};

describe("builds the same image as buildah", () => {
  let base = "";
  before(() => {
    base = makeBase();
  });
  for (const testCase of cases) {
    it(testCase.name, async () => {
      const context = writeContext(testCase);
      const built = buildWithBuildah(testCase, context);
      const theirs = testCase.difference === undefined ? built : corrected[testCase.difference](built);
      const ours = await buildWithBoxwright(testCase, context, base);
      assert.deepEqual(ours.tree, theirs.tree);
      assert.deepEqual(ours.config, theirs.config);
    });
  }
});
