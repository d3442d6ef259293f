import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { build } from "../../src/build/index.ts";

const root = mkdtempSync(path.join(tmpdir(), "boxwright-archives-"));
after(() => rmSync(root, { recursive: true, force: true }));

describe("archives of images", () => {
  it("are taken by skopeo, from docker's format and from OCI's, with every compression", async () => {
    writeFileSync(path.join(root, "f"), "text");
    const at = (name: string) => path.join(root, name);
    const text = "FROM scratch\nCOPY f /f\nCOPY f /g/f\nLABEL a=b\n";
    const { imageId } = await build({
      context: { kind: "directory", path: root },
      dockerfile: { kind: "text", text },
      home: at("home"),
      tags: ["example.com/me/app:1", "other"],
      outputs: [
        { kind: "docker", destination: { kind: "file", path: at("docker") } },
        { kind: "docker", compression: "none", destination: { kind: "file", path: at("plain") } },
        { kind: "oci", destination: { kind: "file", path: at("oci") } },
        { kind: "oci", compression: "zstd", destination: { kind: "file", path: at("zstd") } },
      ],
    });
    for (const [archive, source] of [
      ["docker", `docker-archive:${at("docker")}:example.com/me/app:1`],
      ["docker-other", `docker-archive:${at("docker")}:other:latest`],
      ["plain", `docker-archive:${at("plain")}`],
      ["oci", `oci-archive:${at("oci")}:1`],
      ["zstd", `oci-archive:${at("zstd")}`],
    ] as const) {
      const directory = at(`copy-${archive}`);
      execFileSync("skopeo", ["--insecure-policy", "copy", "-q", source, `dir:${directory}`], {
        stdio: "pipe",
      });
      const manifest = JSON.parse(readFileSync(path.join(directory, "manifest.json"), "utf8")) as {
        config: { digest: string };
        layers: unknown[];
      };
      assert.deepEqual([manifest.config.digest, manifest.layers.length], [imageId, 2], archive);
    }
  });
});
