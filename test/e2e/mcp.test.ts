import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { boxwright, projectDirectory, temporaryDirectory } from "./support.ts";

const home = temporaryDirectory("home");
const file = path.join(temporaryDirectory("mcp"), "notes.wasm");

/** The text of a tool's answer. */
function text(result: Awaited<ReturnType<Client["callTool"]>>): string {
  const content = result.content as readonly { readonly text: string }[];
  return content.map((part) => part.text).join("");
}

describe("a Model Context Protocol server in a component", () => {
  const client = new Client({ name: "boxwright-test", version: "1.0.0" });

  before(async () => {
    const built = await boxwright(["build", path.join(projectDirectory, "fixtures/mcp-server"), "-o", file], {
      home,
    });
    assert.equal(built.exitCode, 0, built.stderr);
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [path.join(projectDirectory, "src/cli/main.ts"), "run", file],
        env: { PATH: process.env["PATH"] ?? "", BOXWRIGHT_HOME: home },
        stderr: "ignore",
      }),
    );
  });
  after(() => client.close());

  it("introduces itself to the official client", () => {
    assert.deepEqual(client.getServerVersion(), { name: "notes", version: "1.0.0" });
  });

  it("lists its tools", async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map((tool) => tool.name),
      ["write_note", "read_note", "list_notes"],
    );
  });

  it("keeps what it is told as long as it runs", async () => {
    for (const title of ["b", "a"]) {
      await client.callTool({ name: "write_note", arguments: { title, text: `the text of ${title}` } });
    }
    assert.equal(
      text(await client.callTool({ name: "read_note", arguments: { title: "b" } })),
      "the text of b",
    );
    assert.equal(text(await client.callTool({ name: "list_notes", arguments: {} })), "a\nb");
  });

  it("answers a failing tool and goes on", async () => {
    const failed = await client.callTool({ name: "read_note", arguments: { title: "missing" } });
    assert.equal(failed.isError, true);
    assert.match(text(failed), /No such file or directory/);
    await client.ping();
  });
});
