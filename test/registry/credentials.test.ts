import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { login, logout, openRepository, pullManifestIfPresent } from "../../src/registry/index.ts";
import {
  codeOf,
  failureOf,
  quickly,
  send,
  sendJson,
  startFakeRegistry,
  temporaryDirectory,
} from "./support/index.ts";

const encode = (user: string, password: string) => Buffer.from(`${user}:${password}`).toString("base64");

/** The Basic user name that a registry of that name is shown, or undefined for none. */
async function userFor(
  environment: Record<string, string>,
  name: string,
  repository = "me/app",
): Promise<string | undefined> {
  // A proxy stands for the world, so that a registry may have any name.
  const world = await startFakeRegistry({
    intercept: (request, response) =>
      request.headers.authorization === undefined &&
      send(response, 401, { "www-authenticate": 'Basic realm="world"' }),
  });
  const connection = await openRepository(
    { registry: name, repository },
    quickly({ environment: { ...environment, HTTP_PROXY: world.origin }, plainHttp: true }).options,
  );
  try {
    await pullManifestIfPresent(connection, "latest");
    const value = world.requests.at(-1)?.headers.authorization ?? "";
    return Buffer.from(value.replace(/^Basic /, ""), "base64")
      .toString()
      .split(":")[0];
  } catch (error) {
    if ((error as { code?: string }).code === "REGISTRY_UNAUTHORIZED") return undefined;
    throw error;
  } finally {
    connection.close();
  }
}

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
}

/** A helper that keeps what it is told in a file of its own. */
async function helper(directory: string, name: string, script: string): Promise<string> {
  const path = join(directory, `docker-credential-${name}`);
  await write(path, `#!/bin/sh\nset -e\n${script}\n`);
  await chmod(path, 0o755);
  return `${directory}:${process.env["PATH"]}`;
}

const auths = (entries: Record<string, string>) => ({
  auths: Object.fromEntries(
    Object.entries(entries).map(([key, user]) => [key, { auth: encode(user, "pw") }]),
  ),
});

describe("credentials are looked for", () => {
  it("in the files that the environment names, Docker's and Podman's, in this order", async () => {
    const home = await temporaryDirectory();
    const files: readonly (readonly [string, Record<string, string>])[] = [
      ["config/containers/auth.json", { XDG_CONFIG_HOME: join(home, "config") }],
      ["run/containers/auth.json", { XDG_RUNTIME_DIR: join(home, "run") }],
      ["docker/config.json", { DOCKER_CONFIG: join(home, "docker") }],
      ["auth.json", { REGISTRY_AUTH_FILE: join(home, "auth.json") }],
    ];
    let environment: Record<string, string> = { HOME: home };
    assert.equal(await userFor(environment, "r.invalid"), undefined);
    for (const [file, variables] of files) {
      environment = { ...environment, ...variables };
      await write(join(home, file), auths({ "r.invalid": file }));
      assert.equal(await userFor(environment, "r.invalid"), file);
    }
  });

  it("in the home directory where the environment names nothing", async () => {
    const home = await temporaryDirectory();
    await write(join(home, ".config/containers/auth.json"), auths({ "r.invalid": "podman" }));
    assert.equal(await userFor({ HOME: home }, "r.invalid"), "podman");
    await write(join(home, ".docker/config.json"), auths({ "r.invalid": "docker" }));
    assert.equal(await userFor({ HOME: home }, "r.invalid"), "docker");
  });

  const entries: readonly (readonly [string, Record<string, string>, string, string | undefined])[] = [
    ["the host and its port", { "r.invalid": "a", "r.invalid:5000": "b" }, "r.invalid:5000", "b"],
    ["an address of old clients", { "https://r.invalid/v1/": "a" }, "r.invalid", "a"],
    [
      "the plain name before an address",
      { "https://r.invalid/v2/": "a", "r.invalid": "b" },
      "r.invalid",
      "b",
    ],
    ["the namespace before the host", { "r.invalid": "a", "r.invalid/me": "b" }, "r.invalid", "b"],
    [
      "the repository before the namespace",
      { "r.invalid/me": "b", "r.invalid/me/app": "c" },
      "r.invalid",
      "c",
    ],
    ["no other namespace", { "r.invalid/you": "a" }, "r.invalid", undefined],
    ["no other host", { "x.r.invalid": "a", "r.invalid.x": "b" }, "r.invalid", undefined],
    ["Docker Hub under its key", { "https://index.docker.io/v1/": "a", "docker.io": "b" }, "docker.io", "a"],
    ["Docker Hub under Podman's key", { "docker.io": "b" }, "docker.io", "b"],
  ];
  for (const [what, keys, registry, user] of entries) {
    it(`by ${what}`, async () => {
      const home = await temporaryDirectory();
      await write(join(home, ".docker/config.json"), auths(keys));
      assert.equal(await userFor({ HOME: home }, registry), user);
    });
  }

  it("with user name and password in plain fields, too", async () => {
    const home = await temporaryDirectory();
    const plain = { auths: { "r.invalid": { username: "u", password: "p" } } };
    await write(join(home, ".docker/config.json"), plain);
    assert.equal(await userFor({ HOME: home }, "r.invalid"), "u");
  });

  const broken: readonly (readonly [string, string])[] = [
    ["{", "CREDENTIALS_FILE_INVALID"],
    ["[]", "CREDENTIALS_FILE_INVALID"],
    [JSON.stringify({ auths: { "r.invalid": { auth: "bm9jb2xvbg==" } } }), "CREDENTIALS_FILE_INVALID"],
    [JSON.stringify({ credsStore: "../../bin/sh" }), "CREDENTIAL_HELPER_FAILED"],
    [JSON.stringify({ credsStore: "absent" }), "CREDENTIAL_HELPER_FAILED"],
  ];
  for (const [text, code] of broken) {
    it(`and a file that says ${text.slice(0, 30)} is ${code}`, async () => {
      const home = await temporaryDirectory();
      await write(join(home, ".docker/config.json"), text);
      assert.equal(await codeOf(userFor({ HOME: home }, "r.invalid")), code);
    });
  }

  it("and a file that is a directory is said to be unreadable", async () => {
    const home = await temporaryDirectory();
    await mkdir(join(home, ".docker/config.json"), { recursive: true });
    assert.equal(await codeOf(userFor({ HOME: home }, "r.invalid")), "CREDENTIALS_FILE_INVALID");
  });

  it("and a file that says nothing, or strange things, ends in none", async () => {
    for (const text of [
      "",
      "{}",
      '{"auths":[]}',
      '{"auths":{"r.invalid":null}}',
      '{"credHelpers":7,"auths":{"r.invalid":{}}}',
    ]) {
      const home = await temporaryDirectory();
      await write(join(home, ".docker/config.json"), text);
      assert.equal(await userFor({ HOME: home }, "r.invalid"), undefined);
    }
  });
});

describe("credential helpers", () => {
  const print = (user: string) => `server=$(cat); echo '{"Username":"'${user}'","Secret":"pw"}'`;

  it("come before what is stored: credHelpers, then credsStore, then auths", async () => {
    const home = await temporaryDirectory();
    const bin = await temporaryDirectory();
    await helper(bin, "own", print("from-cred-helpers"));
    const path = await helper(bin, "all", print("from-creds-store"));
    const environment = { HOME: home, PATH: path };
    const file = join(home, ".docker/config.json");
    const all = {
      ...auths({ "r.invalid": "from-auths" }),
      credsStore: "all",
      credHelpers: { "r.invalid": "own" },
    };
    await write(file, all);
    assert.equal(await userFor(environment, "r.invalid"), "from-cred-helpers");
    await write(file, { ...all, credHelpers: { "other.invalid": "own" } });
    assert.equal(await userFor(environment, "r.invalid"), "from-creds-store");
    await write(file, auths({ "r.invalid": "from-auths" }));
    assert.equal(await userFor(environment, "r.invalid"), "from-auths");
  });

  it("that have nothing leave it to the file", async () => {
    const home = await temporaryDirectory();
    const script = 'echo "credentials not found in native keychain"; exit 1';
    const path = await helper(await temporaryDirectory(), "all", script);
    await write(join(home, ".docker/config.json"), {
      ...auths({ "r.invalid": "stored" }),
      credsStore: "all",
    });
    assert.equal(await userFor({ HOME: home, PATH: path }, "r.invalid"), "stored");
  });

  it("are asked for Docker Hub by its key", async () => {
    const home = await temporaryDirectory();
    const script = 'server=$(cat); echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"pw\\"}"';
    const path = await helper(await temporaryDirectory(), "all", script);
    await write(join(home, ".docker/config.json"), { credsStore: "all" });
    // The colon ends a user name in Basic.
    assert.equal(await userFor({ HOME: home, PATH: path }, "docker.io"), "https");
  });

  it("that fail end it, and say why", async () => {
    const scripts: readonly (readonly [string, RegExp])[] = [
      ["echo locked; exit 3", /locked/],
      ["echo nonsense", /not JSON/],
      ["kill -9 $$", /SIGKILL/],
    ];
    for (const [script, message] of scripts) {
      const home = await temporaryDirectory();
      const path = await helper(await temporaryDirectory(), "all", script);
      await write(join(home, ".docker/config.json"), { credsStore: "all" });
      const error = await failureOf(userFor({ HOME: home, PATH: path }, "r.invalid"));
      assert.equal(error.code, "CREDENTIAL_HELPER_FAILED");
      assert.match(error.message, message);
    }
  });
});

describe("login", () => {
  const registry = async () => {
    const fake = await startFakeRegistry({
      intercept: (request, response) => {
        if (request.path === "/token") {
          const good = request.headers.authorization === `Basic ${encode("me", "right")}`;
          return good ? sendJson(response, 200, { token: "good" }) : send(response, 401);
        }
        if (request.headers.authorization === "Bearer good") return false;
        return send(response, 401, { "www-authenticate": `Bearer realm="${fake.origin}/token"` });
      },
    });
    return fake;
  };

  it("stores what the registry takes, for its owner's eyes only, and keeps the rest of the file", async () => {
    const { host } = await registry();
    const home = await temporaryDirectory();
    const file = join(home, ".docker/config.json");
    await write(file, { proxies: { default: {} }, auths: { other: { auth: "x" } } });
    const { options } = quickly({ environment: { HOME: home } });
    const result = await login({ registry: host, username: "me", password: "right" }, options);
    assert.deepEqual(result, { file, helper: undefined });
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), {
      proxies: { default: {} },
      auths: { other: { auth: "x" }, [host]: { auth: encode("me", "right") } },
    });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dirname(file)), ["config.json"]);
  });

  it("makes the file where there is none, and leaves a symbolic link one", async () => {
    const { host } = await registry();
    const home = await temporaryDirectory();
    const { options } = quickly({ environment: { DOCKER_CONFIG: join(home, "a/b") } });
    await login({ registry: host, username: "me", password: "right" }, options);
    assert.equal((await stat(join(home, "a/b"))).mode & 0o777, 0o700);
    await mkdir(join(home, "c"));
    await symlink("../a/b/config.json", join(home, "c/config.json"));
    const linked = quickly({ environment: { DOCKER_CONFIG: join(home, "c") } }).options;
    assert.equal(await logout(host, linked), true);
    assert.equal(await readlink(join(home, "c/config.json")), "../a/b/config.json");
    assert.deepEqual(JSON.parse(await readFile(join(home, "a/b/config.json"), "utf8")), { auths: {} });
  });

  it("stores nothing that the registry refuses", async () => {
    const { host } = await registry();
    const home = await temporaryDirectory();
    const { options } = quickly({ environment: { HOME: home } });
    const action = login({ registry: host, username: "me", password: "wrong" }, options);
    assert.equal(await codeOf(action), "REGISTRY_UNAUTHORIZED");
    assert.deepEqual(await readdir(home), []);
  });

  it("hands the password to a helper, if one is configured, and logout takes it back", async () => {
    const { host } = await registry();
    const home = await temporaryDirectory();
    const path = await helper(
      await temporaryDirectory(),
      "all",
      `f=${home}/secrets
      case $1 in
        store) cat > $f ;;
        get) if [ -e $f ]; then cat $f; else echo 'credentials not found in native keychain'; exit 1; fi ;;
        erase) rm $f ;;
      esac`,
    );
    const file = join(home, ".docker/config.json");
    await write(file, { credsStore: "all" });
    const { options } = quickly({ environment: { HOME: home, PATH: path } });
    const result = await login({ registry: host, username: "me", password: "right" }, options);
    assert.equal(result.helper, "all");
    assert.deepEqual(JSON.parse(await readFile(join(home, "secrets"), "utf8")), {
      ServerURL: host,
      Username: "me",
      Secret: "right",
    });
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { credsStore: "all", auths: { [host]: {} } });
    assert.equal(await logout(host, options), true);
    assert.equal(await logout(host, options), false);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { credsStore: "all", auths: {} });
  });

  it("refuses names that Basic cannot carry", async () => {
    for (const username of ["", "a:b", "a\nb"]) {
      assert.equal(
        await codeOf(login({ registry: "r.invalid", username, password: "x" })),
        "CREDENTIALS_INVALID",
      );
    }
    assert.equal(
      await codeOf(login({ registry: "r.invalid", username: "a", password: "" })),
      "CREDENTIALS_INVALID",
    );
  });

  it("logout from where there was no login is no error", async () => {
    const home = await temporaryDirectory();
    assert.equal(await logout("r.invalid", { environment: { HOME: home } }), false);
  });
});
