import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";
import { DockerfileParser } from "dockerfile-ast";
import { describe as describeInstructions } from "../../src/dockerfile/index.ts";
import { listFixtures } from "../e2e/support.ts";

// A parser that others wrote, for editors. It differs from BuildKit in corners (docs/dockerfile.md), so it is held
// against files as people write them.
for (const fixture of listFixtures()) {
  it(`finds the instructions that dockerfile-ast finds in the fixture ${fixture.name}`, () => {
    const text = readFileSync(path.join(fixture.directory, "Dockerfile"), "utf8");
    const theirs = DockerfileParser.parse(text)
      .getInstructions()
      .map((instruction) => {
        const { start, end } = instruction.getRange();
        return [instruction.getKeyword(), start.line + 1, end.line + 1];
      });
    const ours = describeInstructions(text).map(({ name, startLine, endLine }) => [name, startLine, endLine]);
    assert.deepEqual(ours, theirs);
  });
}
