import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BoxwrightError } from "../../src/errors/index.ts";
import { emptySnapshot } from "../../src/filesystem/index.ts";
import { changedPaths, openSandbox, type Sandbox } from "./harness.ts";

const code = (expected: string, pattern: RegExp) => (error: BoxwrightError) => {
  assert.equal(error.code, expected, error.stack);
  assert.match(error.message, pattern);
  assert.ok(error.hint !== undefined && error.hint !== "");
  return true;
};

describe("a build step", () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await openSandbox();
  });
  after(() => sandbox.close());

  it("names the command that is not there, if the step fails", async () => {
    await assert.rejects(
      sandbox.run("set -e; apt-get update; echo no"),
      code("COMMAND_NOT_FOUND", /apt-get.*exit code 127/),
    );
    await assert.rejects(sandbox.run("gcc -c x.c && true"), code("COMMAND_NOT_FOUND", /gcc/));
    await assert.rejects(
      sandbox.run("", { command: { kind: "exec", words: ["nosuch", "x"] } }),
      code("COMMAND_NOT_FOUND", /nosuch/),
    );
    const { exitCode, stdout } = await sandbox.run("apt-get update || echo without");
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: "without\n" });
  });

  it("runs the commands that are builtins as programs too", async () => {
    const { stdout } = await sandbox.run("", { command: { kind: "exec", words: ["echo", "a\\nb"] } });
    assert.equal(stdout, "a\\nb\n");
    const { stdout: others } = await sandbox.run(
      "/bin/echo 'x\\ty'; env test 1 = 1 && /usr/bin/printf 'p\\n'; find /etc/hostname -exec [ -f {} ] \\; -print",
    );
    assert.equal(others, "x\\ty\np\n/etc/hostname\n");
  });

  it("names a native program", async () => {
    const script = "printf '\\177ELF\\001' >tool; chmod +x tool; ./tool";
    await assert.rejects(sandbox.run(script), code("FOREIGN_PROGRAM", /\/app\/\.?\/?tool.*ELF/));
  });

  it("returns an exit code that is the step's own", async () => {
    assert.equal((await sandbox.run("exit 3")).exitCode, 3);
    assert.equal((await sandbox.run("false")).exitCode, 1);
  });

  it("runs as the user, who owns what it makes", async () => {
    const first = await sandbox.run("useradd -u 1234 app");
    const second = await sandbox.run(
      "whoami; echo $HOME; id -u; touch f; mkdir d; echo x | python -c 'open(\"g\", \"w\").write(input())'; stat -c '%U %G' f d g",
      {
        snapshot: first.snapshot,
        user: "app",
      },
    );
    assert.equal(second.stdout, "app\n/home/app\n1234\napp app\napp app\napp app\n");
    await assert.rejects(sandbox.run("true", { user: "nobody-here" }), code("UNKNOWN_USER", /nobody-here/));
  });

  it("takes SHELL: bash has its own grammar, others are refused", async () => {
    const shell = ["/bin/bash", "-o", "pipefail", "-c"];
    const script =
      "a=(x y); [[ ${a[1]} == y* ]] && echo ${#a[@]} {1..3} ${a[0]^^}; false | true; echo $?; echo 'a\\tb'; source /dev/stdin <<< 'echo sourced'";
    const { stdout } = await sandbox.run("", { command: { kind: "shell", shell, script } });
    assert.equal(stdout, "2 1 2 3 X\n1\na\\tb\nsourced\n");
    const fish = { kind: "shell", shell: ["/usr/bin/fish", "-c"], script: "true" } as const;
    await assert.rejects(sandbox.run("", { command: fish }), code("UNSUPPORTED_SHELL", /fish/));
  });

  it("shows mounts, and keeps them out of the layer", async () => {
    const source = await sandbox.run("mkdir /s; echo bound >/s/f");
    const result = await sandbox.run(
      "cat /mnt/b/s/f; echo new >/cache/n; echo t >/t/x; cat /run/secrets/k; echo; echo $TOKEN; stat -c '%a %u' /run/secrets/k; ls /run/secrets; echo no >/mnt/b/x; echo $?; echo kept >k",
      {
        mounts: [
          { kind: "tree", target: "/mnt/b", snapshot: source.snapshot, readOnly: true, key: undefined },
          { kind: "tree", target: "/cache", snapshot: emptySnapshot(), readOnly: false, key: "cache" },
          { kind: "tmpfs", target: "/t" },
          {
            kind: "secret",
            target: "/run/secrets/k",
            environmentVariable: "TOKEN",
            bytes: Buffer.from("s3cret"),
            mode: 0o400,
            uid: 5,
            gid: 0,
          },
        ],
      },
    );
    assert.equal(result.stdout, "bound\ns3cret\ns3cret\n400 5\nk\n2\n");
    assert.deepEqual(changedPaths(result), ["leaf app/k"]);
    const cached = result.mountChanges.get("cache")?.changes.map(({ path }) => path);
    assert.ok(cached?.includes("n"));
    const secret = Buffer.from(await sandbox.store.readBlob(result.layer.diffId, 1 << 20)).includes("s3cret");
    assert.equal(secret, false);
  });

  it("streams output while the step runs, and ends when it is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let printed = "";
    const running = sandbox.executor.run(
      {
        snapshot: sandbox.base,
        runtime: "python",
        command: { kind: "exec", words: ["python", "-u", "-c", "print('first')\nwhile True: pass"] },
        environment: { PATH: "/usr/local/bin" },
        workingDirectory: "/",
        user: "",
        mounts: [],
        network: "none",
        epoch: 0,
      },
      {
        signal: controller.signal,
        onEvent: ({ bytes }) => {
          printed += Buffer.from(bytes).toString();
          if (printed === "first\n") controller.abort(reason);
        },
      },
    );
    await assert.rejects(running, reason);
  });

  it("runs here-document scripts and files that begin with #!", async () => {
    const { stdout } = await sandbox.run(
      "cat >run <<'E'\n#!/bin/sh -e\necho \"$0 $1\"\nfalse\necho no\nE\nchmod +x run; ./run x; echo $?",
    );
    assert.equal(stdout, "./run x\n1\n");
  });
});
