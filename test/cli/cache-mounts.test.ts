import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { boxwright, makeDirectory } from "./support.ts";

describe("RUN --mount=type=cache,sharing=locked", () => {
  it("one build of all processes at a time", async () => {
    const home = makeDirectory();
    const context = makeDirectory({
      Dockerfile: `FROM python:3.12-slim
ARG N
RUN --mount=type=cache,target=/c,sharing=locked n=$(cat /c/n 2>/dev/null || echo 0); echo $((n + 1)) > /c/n; echo "count $(cat /c/n) of $N"
`,
    });
    const outcomes = await Promise.all(
      ["a", "b", "c"].map((name) =>
        boxwright(["build", "--progress=plain", "--build-arg", `N=${name}`, context], { home }),
      ),
    );
    const counts = outcomes.map(({ exitCode, stderr }) => {
      assert.equal(exitCode, 0, stderr);
      return /count (\d+) of [abc]$/m.exec(stderr)?.[1];
    });
    assert.deepEqual(counts.sort(), ["1", "2", "3"]);
  });
});
