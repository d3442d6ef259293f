import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, it } from "node:test";
import { run, startDockerRegistry } from "../registry/support/real.ts";
import { boxwright as commandLine, type Outcome, temporaryDirectory } from "./support.ts";

// Started here, since they end with what has started them: after a hook they would be gone.
const host = await startDockerRegistry();
const passwords = path.join(temporaryDirectory("passwords"), "htpasswd");
await run("htpasswd", ["-B", "-b", "-c", passwords, "someone", "secret word"]);
const guarded = await startDockerRegistry({ htpasswd: { realm: "test", path: passwords } });

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A machine of its own: store, credentials, working directory. */
function createMachine() {
  const directory = temporaryDirectory("machine");
  const home = path.join(directory, "home");
  mkdirSync(home);
  return {
    directory,
    home,
    file: (name: string) => path.join(directory, name),
    boxwright: (args: readonly string[], stdin = ""): Promise<Outcome> =>
      commandLine(args, {
        home: path.join(directory, "store"),
        cwd: directory,
        stdin,
        env: { HOME: home, DOCKER_CONFIG: path.join(home, ".docker"), XDG_RUNTIME_DIR: home },
      }),
  };
}

type Machine = ReturnType<typeof createMachine>;

async function succeed(outcome: Promise<Outcome>): Promise<string> {
  const { exitCode, stdout, stderr } = await outcome;
  assert.equal(exitCode, 0, stderr);
  return stdout.trim();
}

const dockerfile = `FROM python:3.12-slim
LABEL org.opencontainers.image.title=greeting org.opencontainers.image.version=1.2
CMD ["python", "-c", "print('greetings')"]
`;

async function buildGreeting(machine: Machine): Promise<Buffer> {
  writeFileSync(machine.file("Dockerfile"), dockerfile);
  await succeed(machine.boxwright(["build", "-t", "greeting", "-o", "greeting.wasm", "."]));
  return readFileSync(machine.file("greeting.wasm"));
}

describe("a component in Debian's docker-registry", () => {
  const [one, two] = [createMachine(), createMachine()];
  let wasm: Buffer;
  let digest: string;
  before(async () => {
    wasm = await buildGreeting(one);
    digest = await succeed(one.boxwright(["push", "-q", "greeting", `${host}/me/greeting:1`]));
  });

  it("has the same digest when it is pushed again, by name, from the file, and to another name", async () => {
    for (const [what, where] of [
      ["greeting", `${host}/me/greeting:1`],
      ["greeting.wasm", `${host}/me/greeting:1`],
      ["greeting", `${host}/you/greeting:2`],
    ] as const) {
      assert.equal(await succeed(one.boxwright(["push", "-q", what, where])), digest);
    }
  });

  it("is an artifact as the CNCF lays it out", async () => {
    const { stdout } = await run("oras", ["manifest", "fetch", "--plain-http", `${host}/me/greeting:1`]);
    const { layers, ...manifest } = JSON.parse(stdout);
    assert.equal(manifest.mediaType, "application/vnd.oci.image.manifest.v1+json");
    assert.equal(manifest.config.mediaType, "application/vnd.wasm.config.v0+json");
    assert.deepEqual(
      layers.map((layer: Record<string, unknown>) => [layer["mediaType"], layer["digest"], layer["size"]]),
      [["application/wasm", sha256(wasm), wasm.length]],
    );
    assert.deepEqual(manifest.annotations, {
      "org.opencontainers.image.created": "2000-01-01T00:00:00Z",
      "org.opencontainers.image.title": "greeting",
      "org.opencontainers.image.version": "1.2",
    });
    const config = JSON.parse(
      (
        await run("oras", [
          "blob",
          "fetch",
          "--plain-http",
          "-o",
          "-",
          `${host}/me/greeting@${manifest.config.digest}`,
        ])
      ).stdout,
    );
    assert.equal(config.os, "wasip2");
    assert.equal(config.architecture, "wasm");
    assert.deepEqual(config.layerDigests, [sha256(wasm)]);
    assert.ok(config.component.exports.includes("wasi:cli/run@0.2.0"));
    assert.ok(!config.component.imports.some((name: string) => name.startsWith("wasi:filesystem")));
  });

  it("is what skopeo and oras get", async () => {
    const raw = await run("skopeo", [
      "inspect",
      "--raw",
      "--tls-verify=false",
      `docker://${host}/me/greeting:1`,
    ]);
    assert.equal(sha256(raw.stdout), digest);
    const directory = temporaryDirectory("oras");
    await run("oras", ["pull", "--plain-http", `${host}/me/greeting:1`, "-o", directory]);
    const [name] = readdirSync(directory);
    assert.deepEqual(readFileSync(path.join(directory, name ?? "")), wasm);
  });

  it("is pulled by tag and by digest, and runs by its name", async () => {
    for (const name of [`${host}/me/greeting:1`, `${host}/me/greeting@${digest}`]) {
      assert.equal(await succeed(two.boxwright(["pull", "-q", name, "-o", "pulled.wasm"])), digest);
      assert.deepEqual(readFileSync(two.file("pulled.wasm")), wasm);
      assert.equal(await succeed(two.boxwright(["run", name])), "greetings");
    }
    assert.equal(await succeed(two.boxwright(["run", "pulled.wasm"])), "greetings");
  });

  it("is pulled when oras has pushed it", async () => {
    const directory = temporaryDirectory("oras");
    writeFileSync(path.join(directory, "a.wasm"), wasm);
    writeFileSync(path.join(directory, "config.json"), "{}");
    const config = "config.json:application/vnd.wasm.config.v0+json";
    const name = `${host}/oras/a:1`;
    await run("oras", ["push", "--plain-http", "--config", config, name, "a.wasm:application/wasm"], {
      cwd: directory,
    });
    await succeed(two.boxwright(["pull", name]));
    assert.equal(await succeed(two.boxwright(["run", name])), "greetings");
  });

  it("that is missing is an error of the registry", async () => {
    const { exitCode, stderr } = await two.boxwright(["pull", `${host}/me/absent:1`, "-o", "absent.wasm"]);
    assert.equal(exitCode, 3);
    assert.match(stderr, /\[REGISTRY_NOT_FOUND\]/);
    assert.equal(readdirSync(two.directory).includes("absent.wasm"), false);
  });
});

describe("a docker-registry with passwords", () => {
  const machine = createMachine();
  before(async () => {
    await buildGreeting(machine);
  });
  const push = () => machine.boxwright(["push", "-q", "greeting", `${guarded}/me/greeting:1`]);
  const login = (password: string) =>
    machine.boxwright(["login", "-u", "someone", "--password-stdin", guarded], `${password}\n`);

  it("takes nothing from strangers", async () => {
    const { exitCode, stderr } = await push();
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /\[REGISTRY_(UNAUTHORIZED|DENIED|LOGIN|AUTH)\w*\]/);
  });

  it("refuses a wrong password, which is not kept", async () => {
    const { exitCode, stderr } = await login("wrong");
    assert.equal(exitCode, 3, stderr);
    assert.doesNotMatch(stderr, /wrong/);
    assert.equal((await push()).exitCode, 3);
  });

  it("takes a push after login, which oras and skopeo share, and none after logout", async () => {
    await succeed(login("secret word"));
    const digest = await succeed(push());
    const { stdout } = await run("oras", ["resolve", "--plain-http", `${guarded}/me/greeting:1`], machine);
    assert.equal(stdout.trim(), digest);
    assert.equal(await succeed(machine.boxwright(["pull", "-q", `${guarded}/me/greeting:1`])), digest);
    await succeed(machine.boxwright(["logout", guarded]));
    assert.equal((await push()).exitCode, 3);
  });

  it("takes a push after oras has logged in", async () => {
    const credentials = ["-u", "someone", "-p", "secret word"];
    await run("oras", ["login", "--plain-http", ...credentials, guarded], machine);
    await succeed(push());
  });
});

describe("an image in docker-registry that skopeo has pushed", () => {
  const machine = createMachine();
  let image: string;
  before(async () => {
    image = `${host}/lib/data:1`;
    const directory = temporaryDirectory("umoci");
    mkdirSync(path.join(directory, "tree/etc"), { recursive: true });
    writeFileSync(path.join(directory, "tree/etc/data"), "from the registry\n");
    await run("tar", ["-C", path.join(directory, "tree"), "-cf", path.join(directory, "layer.tar"), "etc"]);
    const layout = path.join(directory, "oci");
    await run("umoci", ["init", "--layout", layout]);
    await run("umoci", ["new", "--image", `${layout}:1`]);
    await run("umoci", ["raw", "add-layer", "--image", `${layout}:1`, path.join(directory, "layer.tar")]);
    await run("umoci", ["config", "--image", `${layout}:1`, "--config.env", "FROM_REGISTRY=yes"]);
    const options = ["--insecure-policy", "copy", "--dest-tls-verify=false"];
    await run("skopeo", [...options, `oci:${layout}:1`, `docker://${image}`]);
  });

  it("gives files to COPY --from", async () => {
    const text = `FROM python:3.12-slim\nCOPY --from=${image} /etc/data /data\nCMD ["python", "-c", "print(open('/data').read())"]\n`;
    writeFileSync(machine.file("Dockerfile"), text);
    await succeed(machine.boxwright(["build", "-o", "copied.wasm", "."]));
    assert.equal(await succeed(machine.boxwright(["run", "copied.wasm"])), "from the registry");
  });

  it("is a base whose layers and settings reach an OCI layout", async () => {
    writeFileSync(machine.file("Dockerfile"), `FROM ${image}\nCOPY Dockerfile /etc/more\nENV MORE=1\n`);
    await succeed(machine.boxwright(["build", "--format", "oci", "-o", "layout", "."]));
    const bundle = machine.file("bundle");
    await run("umoci", ["unpack", "--rootless", "--image", `${machine.file("layout")}:latest`, bundle]);
    assert.deepEqual(readdirSync(path.join(bundle, "rootfs/etc")), ["data", "more"]);
    const config = await run("skopeo", ["inspect", "--config", `oci:${machine.file("layout")}:latest`]);
    const { Env } = JSON.parse(config.stdout).config;
    assert.ok(Env.includes("FROM_REGISTRY=yes") && Env.includes("MORE=1"), Env.join());
  });

  it("cannot execute RUN, nor become a component", async () => {
    writeFileSync(machine.file("Dockerfile"), `FROM ${image}\nRUN echo hi\n`);
    const failed = await machine.boxwright(["build", "-o", "x.wasm", "."]);
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /\[RUN_UNSUPPORTED_BASE\]\nDockerfile:2\n/);
    writeFileSync(machine.file("Dockerfile"), `FROM ${image}\n`);
    assert.match((await machine.boxwright(["build", "-o", "x.wasm", "."])).stderr, /\[NO_RUNTIME\]/);
    assert.equal(readdirSync(machine.directory).includes("x.wasm"), false);
  });
});
