import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { check } from "../../src/build/index.ts";
import { isCommand } from "../../src/sandbox/index.ts";
import { home } from "./support.ts";

async function findings(text: string): Promise<readonly string[]> {
  const { lints } = await check({ context: { kind: "empty" }, dockerfile: { kind: "text", text }, home });
  return lints.map(({ rule, message }) => `${rule}: ${message}`);
}

describe("the lint of commands", () => {
  it("reports none that a step has", async () => {
    const names = ["useradd", "adduser", "groupadd", "addgroup", "chown", "install", "tar"];
    assert.deepEqual(
      names.filter((name) => !isCommand(name)),
      [],
    );
    assert.deepEqual(await findings(`FROM python:3.12\nRUN ${names.join(" && ")}\nCMD ["python"]\n`), []);
  });

  it("reports those that no step has", async () => {
    const names = ["apt-get", "gcc", "curl", "systemctl"];
    assert.deepEqual(names.filter(isCommand), []);
    const found = await findings(`FROM python:3.12\nRUN ${names.join(" && ")}\nCMD ["python"]\n`);
    assert.deepEqual(
      found.map((line) => /'(.*?)'/.exec(line)?.[1]),
      names,
    );
  });
});
