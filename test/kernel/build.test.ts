import assert from "node:assert/strict";
import { test } from "node:test";
import { checkKernel } from "../../scripts/build-kernel.ts";

test("the committed kernel is what its sources give", async () => {
  assert.deepEqual(await checkKernel(), []);
});
