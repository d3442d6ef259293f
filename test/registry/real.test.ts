import assert from "node:assert/strict";
import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { execa } from "execa";
import { importImage } from "../../src/image/index.ts";
import {
  blobFromBytes,
  blobFromFile,
  listReferrers,
  login,
  mediaTypes,
  openRepository,
  parseReference,
  pullBlobBytes,
  pullComponent,
  pullImage,
  pullManifest,
  pushBlob,
  pushComponent,
  pushManifest,
  pushReferrer,
  type RegistryOptions,
} from "../../src/registry/index.ts";
import { codeOf, open, quickly, sha256, temporaryDirectory, temporaryStore } from "./support/index.ts";
import { run, startDockerRegistry, startReferrersRegistry, tool } from "./support/real.ts";
import { emptyComponent, metadata, worlds } from "./support/wasm.ts";

const wasm = emptyComponent("real");

const push = (host: string, options: RegistryOptions = quickly().options, name = "me/app:1.0") =>
  pushComponent(
    { wasm: blobFromBytes(wasm), metadata, ...worlds, reference: parseReference(`${host}/${name}`) },
    options,
  );

describe("Debian's docker-registry", () => {
  it("takes a component that oras and skopeo then see as it was meant", async () => {
    const host = await startDockerRegistry();
    const pushed = await push(host);
    const directory = await temporaryDirectory();
    await run("oras", ["pull", "--plain-http", `${host}/me/app:1.0`, "-o", directory]);
    assert.deepEqual(await readFile(join(directory, "app.wasm")), wasm);
    const { stdout } = await run("oras", [
      "manifest",
      "fetch",
      "--plain-http",
      "--descriptor",
      `${host}/me/app:1.0`,
    ]);
    assert.equal(JSON.parse(stdout).digest, pushed.digest);
    const raw = await run("skopeo", [
      "inspect",
      "--raw",
      "--tls-verify=false",
      `docker://${host}/me/app:1.0`,
    ]);
    assert.equal(sha256(raw.stdout), pushed.digest);
    const config = await run("skopeo", [
      "inspect",
      "--config",
      "--raw",
      "--tls-verify=false",
      `docker://${host}/me/app:1.0`,
    ]);
    assert.equal(JSON.parse(config.stdout).architecture, "wasm");
  });

  it("gives a component that oras has pushed", async () => {
    const host = await startDockerRegistry();
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "x.wasm"), wasm);
    await writeFile(join(directory, "config.json"), "{}");
    const config = "config.json:application/vnd.wasm.config.v0+json";
    const args = [
      "push",
      "--plain-http",
      "--config",
      config,
      `${host}/me/other:2`,
      "x.wasm:application/wasm",
    ];
    await run("oras", args, { cwd: directory });
    const store = await temporaryStore();
    const pulled = await pullComponent(parseReference(`${host}/me/other:2`), store, quickly().options);
    assert.equal(pulled.wasm.digest, sha256(wasm));
    assert.deepEqual(Buffer.from(await store.readBlob(pulled.wasm.digest, 1000)), wasm);
  });

  it("takes blobs whole and in chunks, mounts them, and knows them again", async () => {
    const host = await startDockerRegistry();
    const path = join(await temporaryDirectory(), "blob");
    await writeFile(path, Buffer.alloc(3_000_000, "boxwright"));
    const blob = await blobFromFile(path);
    const [whole, chunked, mounting] = await Promise.all(
      ["a/whole", "a/chunked", "a/mounting"].map((name) => open(host, {}, name)),
    );
    assert.ok(whole !== undefined && chunked !== undefined && mounting !== undefined);
    assert.equal(await pushBlob(chunked, blob, { chunkSize: 1_000_000 }), "pushed");
    assert.equal(await pushBlob(whole, blob), "pushed");
    assert.equal(await pushBlob(whole, blob), "present");
    assert.equal(await pushBlob(mounting, blob, { mountFrom: "a/chunked" }), "mounted");
    const bytes = await pullBlobBytes(mounting, blob, 4_000_000, "a blob");
    assert.equal(sha256(bytes), blob.digest);
  });

  it("forgets an upload whose connection was lost, which is then begun anew", async () => {
    const host = await startDockerRegistry();
    const data = Buffer.alloc(3_000_000, "boxwright");
    let failures = 1;
    const source = {
      ...blobFromBytes(data),
      // The first chunk breaks off in the middle, as a line does.
      async *open(start: number, end: number) {
        if (start > 0 && failures > 0) {
          failures -= 1;
          yield data.subarray(start, start + 100_000);
          throw Object.assign(new Error("cut"), { code: "ECONNRESET" });
        }
        yield data.subarray(start, end);
      },
    };
    const { options, pauses } = quickly();
    const repository = await open(host, options);
    assert.equal(await pushBlob(repository, source, { chunkSize: 1_000_000 }), "pushed");
    assert.deepEqual(pauses, [1000, 1000]);
    assert.equal(sha256(await pullBlobBytes(repository, source, 4_000_000, "a blob")), source.digest);
  });

  it("says in its own words what it does not have", async () => {
    const host = await startDockerRegistry();
    await assert.rejects(pullManifest(await open(host), "absent"), {
      code: "REGISTRY_NOT_FOUND",
      message: /MANIFEST_UNKNOWN/,
    });
  });

  it("gives an image that skopeo has pushed, and the import takes it", async () => {
    const host = await startDockerRegistry();
    const layout = await temporaryDirectory();
    const archive = join(layout, "layer.tar");
    await mkdir(join(layout, "tree"));
    await writeFile(join(layout, "tree/hello.txt"), "hello");
    await execa("tar", ["-C", join(layout, "tree"), "-cf", archive, "hello.txt"]);
    await run("umoci", ["init", "--layout", join(layout, "oci")]);
    await run("umoci", ["new", "--image", `${join(layout, "oci")}:x`]);
    await run("umoci", ["raw", "add-layer", "--image", `${join(layout, "oci")}:x`, archive]);
    const policy = ["--insecure-policy", "copy", "--dest-tls-verify=false"];
    await run("skopeo", [...policy, `oci:${join(layout, "oci")}:x`, `docker://${host}/me/image:1`]);
    const store = await temporaryStore();
    const { image } = await pullImage(parseReference(`${host}/me/image:1`), {
      ...quickly().options,
      store,
      importImage: (source) => importImage(source, { store }),
    });
    assert.deepEqual(
      image.layers.flatMap(({ changes }) => changes.map(({ path }) => path)),
      ["hello.txt"],
    );
  });

  it("behind htpasswd gets what the credentials file says, after login", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "htpasswd");
    const { stdout } = await run("htpasswd", ["-Bbn", "someone", "secret"]);
    await writeFile(path, `${stdout}\n`);
    const host = await startDockerRegistry({ htpasswd: { realm: "test", path } });
    const environment = { HOME: directory };
    const { options } = quickly({ environment });
    assert.equal(await codeOf(push(host, options)), "REGISTRY_UNAUTHORIZED");
    const wrong = login({ registry: host, username: "someone", password: "wrong" }, options);
    assert.equal(await codeOf(wrong), "REGISTRY_UNAUTHORIZED");
    await login({ registry: host, username: "someone", password: "secret" }, options);
    await push(host, options);
    // oras reads the same file.
    const copy = await temporaryDirectory();
    await run("oras", ["pull", "--plain-http", `${host}/me/app:1.0`, "-o", copy], { home: directory });
    assert.deepEqual(await readFile(join(copy, "app.wasm")), wasm);
  });

  it("takes the credentials that skopeo's and oras's logins store", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "htpasswd");
    await writeFile(path, `${(await run("htpasswd", ["-Bbn", "someone", "secret"])).stdout}\n`);
    const host = await startDockerRegistry({ htpasswd: { realm: "test", path } });
    const account = ["-u", "someone", "-p", "secret"];
    const podman = join(directory, "auth.json");
    await run("skopeo", ["login", "--tls-verify=false", "--authfile", podman, ...account, host]);
    await push(host, quickly({ environment: { REGISTRY_AUTH_FILE: podman } }).options);
    await run("oras", ["login", "--plain-http", ...account, host], { home: directory });
    await push(host, quickly({ environment: { HOME: directory } }).options, "me/second:1");
  });

  it("behind a token server gets tokens for just what is done", async () => {
    const server = await startTokenServer();
    const host = await startDockerRegistry({ token: server.settings });
    const credentials = { kind: "password", username: "someone", password: "secret" } as const;
    const { options } = quickly({ credentials });
    await push(host, options);
    assert.deepEqual(server.scopes.at(-1), ["repository:me/app:pull,push"]);
    const store = await temporaryStore();
    await pullComponent(parseReference(`${host}/me/app:1.0`), store, options);
    assert.deepEqual(server.scopes.at(-1), ["repository:me/app:pull"]);
    const blob = await open(host, { credentials }, "me/mounting");
    assert.equal(await pushBlob(blob, blobFromBytes(wasm), { mountFrom: "me/app" }), "mounted");
    assert.deepEqual(server.scopes.at(-1), ["repository:me/app:pull", "repository:me/mounting:pull,push"]);
    const anonymous = pullComponent(parseReference(`${host}/me/app:1.0`), store, quickly().options);
    assert.equal(await codeOf(anonymous), "REGISTRY_UNAUTHORIZED");
  });

  it("has no referrers API, and oras finds what we attach by the fallback tag", async () => {
    const host = await startDockerRegistry();
    const { digest, notes } = await attach(host);
    assert.deepEqual(notes, ["one", "two"]);
    const { stdout } = await run("oras", [
      "discover",
      "--plain-http",
      "--format",
      "json",
      `${host}/me/app@${digest}`,
    ]);
    assert.equal(JSON.parse(stdout).manifests.length, 2);
  });
});

describe("a registry with the referrers API", () => {
  it("lists what we attach, and oras finds it", async () => {
    const host = await startReferrersRegistry();
    const { digest, notes } = await attach(host);
    assert.deepEqual(notes.toSorted(), ["one", "two"]);
    const { stdout } = await run("oras", [
      "discover",
      "--plain-http",
      "--format",
      "json",
      `${host}/me/app@${digest}`,
    ]);
    assert.equal(JSON.parse(stdout).manifests.length, 2);
  });

  it("gives a component back as it was pushed", async () => {
    const host = await startReferrersRegistry();
    const pushed = await push(host);
    const store = await temporaryStore();
    const pulled = await pullComponent(
      parseReference(`${host}/me/app@${pushed.digest}`),
      store,
      quickly().options,
    );
    assert.equal(pulled.wasm.digest, sha256(wasm));
  });
});

async function attach(host: string) {
  const { digest } = await push(host);
  const repository = await open(host);
  const { bytes } = await pullManifest(repository, digest);
  const subject = { mediaType: mediaTypes.ociManifest, digest, size: bytes.length };
  const empty = blobFromBytes(Buffer.from("{}"));
  await pushBlob(repository, empty);
  const blob = { mediaType: mediaTypes.empty, digest: empty.digest, size: empty.size };
  for (const note of ["one", "two"]) {
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: "application/x-note",
      config: blob,
      layers: [blob],
      subject,
      annotations: { note },
    };
    await pushReferrer(repository, Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest);
  }
  // Not by artifact type: the registry with the API shows the config's type in its place.
  const listed = await listReferrers(repository, digest);
  return { digest, notes: listed.map(({ annotations }) => annotations?.["note"] ?? "") };
}

/** A token server as distribution's specification has it; it knows one account, and grants that everything. */
async function startTokenServer() {
  const directory = await temporaryDirectory();
  const { key, certificate } = await selfSigned(directory, "token server");
  const scopes: string[][] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const expected = `Basic ${Buffer.from("someone:secret").toString("base64")}`;
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const asked = url.searchParams.getAll("scope");
    scopes.push(asked);
    const access = asked.map((scope) => {
      const [type = "", name = "", actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",") };
    });
    const now = Math.floor(Date.now() / 1000);
    const x5c = [new X509Certificate(certificate).raw.toString("base64")];
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      iss: "issuer",
      aud: "service",
      sub: "someone",
      iat: now,
      nbf: now - 10,
      exp: now + 300,
      jti: "1",
      access,
    };
    const head = `${part({ typ: "JWT", alg: "RS256", x5c })}.${part(claims)}`;
    const signature = sign("sha256", Buffer.from(head), key).toString("base64url");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token: `${head}.${signature}`, expires_in: 300 }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const settings = {
    realm: `http://127.0.0.1:${port}/token`,
    service: "service",
    issuer: "issuer",
    rootcertbundle: join(directory, "certificate.pem"),
  };
  return { scopes, settings };
}

async function selfSigned(directory: string, name: string) {
  const keyPath = join(directory, "key.pem");
  const path = join(directory, "certificate.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(keyPath, privateKey.export({ type: "pkcs8", format: "pem" }));
  const args = ["req", "-x509", "-new", "-key", keyPath, "-out", path, "-days", "2", "-subj", `/CN=${name}`];
  await execa(tool("openssl"), [...args, "-addext", "subjectAltName=IP:127.0.0.1"]);
  return { key: await readFile(keyPath, "utf8"), certificate: await readFile(path, "utf8") };
}

describe("TLS", () => {
  it("is trusted only as far as the given authority goes, and never left by an upload address", async () => {
    const directory = await temporaryDirectory();
    const { key, certificate } = await selfSigned(directory, "registry");
    const { startFakeRegistry, send } = await import("./support/index.ts");
    const registry = await startFakeRegistry({
      tls: { key, cert: certificate },
      intercept: (request, response) => {
        if (request.method !== "POST" || request.query.get("mount") !== null) return false;
        if (!request.path.includes("downgrade")) return false;
        return send(response, 202, { location: `http://${request.headers.host}/upload` });
      },
    });
    const at = { registry: registry.host, repository: "me/app" };
    const untrusted = await openRepository(at, quickly({ plainHttp: false }).options);
    assert.equal(await codeOf(pullManifest(untrusted, "x")), "REGISTRY_TLS");
    untrusted.close();
    const options = { plainHttp: false, certificateAuthority: certificate };
    const repository = await open(registry.host, options);
    await pushManifest(repository, "x", Buffer.from("{}"), { mediaType: mediaTypes.ociManifest });
    const downgrading = await open(registry.host, options, "me/downgrade");
    assert.equal(await codeOf(pushBlob(downgrading, blobFromBytes(wasm))), "REGISTRY_REDIRECT_REFUSED");
  });

  it("is what a registry gets that is not this machine, and plain HTTP only if asked for", async () => {
    const { startFakeRegistry } = await import("./support/index.ts");
    const plain = await startFakeRegistry();
    const port = plain.host.split(":")[1];
    const repository = await open(`0.0.0.0:${port}`, { plainHttp: false });
    assert.equal(await codeOf(pullManifest(repository, "x")), "REGISTRY_TLS");
    assert.equal(plain.requests.length, 0);
  });
});
