import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createRepository, fetchTree, resolveText, serveGit, startGitServer } from "./support/git.ts";
import { get, serve } from "./support/http.ts";
import { codeOf, temporaryDirectory } from "./support/index.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await setTimeout(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** A TLS server on 127.0.0.1 and the file with its certificate. */
async function startSecure(listener: Parameters<typeof createSecureServer>[1]) {
  const directory = await temporaryDirectory();
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  execFileSync("openssl", [...request, "-keyout", key, "-out", certificate, ...names], { stdio: "ignore" });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `https://127.0.0.1:${port}`, certificate };
}

describe("git://", () => {
  it("is fetched from a git daemon", async () => {
    const base = await temporaryDirectory();
    const commit = createRepository(base, "app.git").commit({ a: "1" });
    const port = await freePort();
    const daemon = spawn(
      "git",
      [
        "daemon",
        "--listen=127.0.0.1",
        `--port=${port}`,
        `--base-path=${base}`,
        "--export-all",
        "--reuseaddr",
      ],
      { stdio: "ignore", detached: true },
    );
    after(() => {
      if (daemon.pid !== undefined) process.kill(-daemon.pid, "SIGKILL");
    });
    await untilListening(port);
    const fetched = await fetchTree(`git://127.0.0.1:${port}/app.git#main`);
    assert.deepEqual([fetched.commit, fetched.tree], [commit, { a: "644:1" }]);
    assert.equal(await codeOf(resolveText(`git://127.0.0.1:${port}/none.git`)), "GIT_REPOSITORY_NOT_FOUND");
  });
});

describe("ssh", () => {
  it("is asked without a terminal, without this machine's settings, and for known hosts only", async () => {
    const directory = await temporaryDirectory();
    const repository = createRepository(directory, "app.git");
    repository.commit({ a: "1" });
    const log = join(directory, "log");
    // Runs the command on this machine that ssh would run on the other.
    const script = `#!/bin/sh\nfor each; do echo "$each" >> '${log}'; last=$each; done\nexec sh -c "$last"\n`;
    writeFileSync(join(directory, "ssh"), script);
    chmodSync(join(directory, "ssh"), 0o755);
    const environment = { PATH: `${directory}:${process.env["PATH"]}` };
    const { tree } = await fetchTree(`git@example.invalid:${repository.directory}`, { environment });
    assert.deepEqual(tree, { a: "644:1" });
    const said = readFileSync(log, "utf8").split("\n");
    for (const option of ["/dev/null", "BatchMode=yes", "StrictHostKeyChecking=yes", "git@example.invalid"]) {
      assert.ok(said.includes(option), option);
    }
  });
});

describe("https", () => {
  it("serves git to those who trust its certificate, and does not lead out of TLS", async () => {
    const plain = await startGitServer();
    createRepository(plain.directory, "app.git").commit({ a: "1" });
    const secure = await startSecure((request, response) => {
      if (request.url?.startsWith("/away"))
        response
          .writeHead(302, { location: `${plain.origin}/app.git/info/refs?service=git-upload-pack` })
          .end();
      else serveGit(plain.directory, request, response);
    });
    const environment = { ...process.env, GIT_SSL_CAINFO: secure.certificate };
    assert.deepEqual((await fetchTree(`${secure.origin}/app.git`, { environment })).tree, { a: "644:1" });
    assert.equal(await codeOf(resolveText(`${secure.origin}/app.git`)), "GIT_UNREACHABLE");
    const away = resolveText(`${secure.origin}/away.git`, { environment });
    assert.equal(await codeOf(away), "GIT_REDIRECT_REFUSED");
    assert.deepEqual(plain.requests, []);
  });

  it("serves files to those who trust its certificate, and does not lead out of TLS", async () => {
    const plain = await serve((_, response) => {
      response.end("plain");
    });
    const secure = await startSecure((request, response) => {
      if (request.url === "/away") response.writeHead(301, { location: plain.origin }).end();
      else response.end("secure");
    });
    const certificateAuthority = readFileSync(secure.certificate, "utf8");
    assert.equal((await get(`${secure.origin}/a`, { certificateAuthority })).content.size, 6);
    assert.equal(await codeOf(get(`${secure.origin}/a`)), "HTTP_TLS");
    assert.equal(
      await codeOf(get(`${secure.origin}/away`, { certificateAuthority })),
      "HTTP_REDIRECT_REFUSED",
    );
    assert.deepEqual(plain.seen, []);
  });

  it("is where a file over plain HTTP may be redirected to", async () => {
    const secure = await startSecure((_, response) => {
      response.end("secure");
    });
    const plain = await serve((_, response) => {
      response.writeHead(301, { location: `${secure.origin}/a` }).end();
    });
    const certificateAuthority = readFileSync(secure.certificate, "utf8");
    assert.equal((await get(`${plain.origin}/a`, { certificateAuthority })).content.size, 6);
  });
});
