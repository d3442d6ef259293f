import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { boxwright, projectDirectory, temporaryDirectory } from "./support.ts";

const dockerfile = `FROM python:3.12-slim AS made
WORKDIR /data
COPY files files
RUN python -c "import os; [open(str(n), 'wb').write(bytes([n]) * 40000) for n in range(100)]"
RUN for name in 1 2 3; do cp -r files copy-$name; done; rm -r files/nested
FROM python:3.12-slim
COPY --from=made /data /data
RUN python -m compileall -q /data && ls -R /data | sort > /listing
CMD ["python", "-c", "print(open('/listing').read())"]
`;

function writeContext(directory: string): string {
  const names = Array.from({ length: 60 }, (_, index) =>
    index % 3 === 0 ? `nested/${index}.py` : `${index}.txt`,
  );
  for (const [index, name] of names.entries()) {
    const file = path.join(directory, "files", name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `# ${name}\n`.repeat(1000 * (index % 7)));
    chmodSync(file, 0o644);
  }
  writeFileSync(path.join(directory, "Dockerfile"), dockerfile);
  return directory;
}

const context = writeContext(temporaryDirectory("context"));

async function build(home: string, directory: string, extra: Parameters<typeof boxwright>[1] | object = {}) {
  const { exitCode, stdout, stderr } = await boxwright(
    ["build", "-q", context, "-o", path.join(directory, "out.wasm")],
    {
      home,
      ...extra,
    },
  );
  assert.equal(exitCode, 0, stderr);
  return stdout.trim();
}

const main = path.join(projectDirectory, "src/cli/main.ts");

/** A build in a process of its own, for signals. */
function startBuild(home: string, args: readonly string[]) {
  const child = spawn(process.execPath, [main, "build", ...args], {
    env: { ...process.env, BOXWRIGHT_HOME: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<{ readonly code: number | null; readonly signal: string | null }>((done) => {
    child.on("close", (code, signal) => done({ code, signal }));
  });
  return { child, ended };
}

const undisturbedHome = temporaryDirectory("home");
const undisturbed = await build(undisturbedHome, temporaryDirectory("out"));

describe("a build that is killed", () => {
  it("at any moment harms neither the store nor what the next build gives", async () => {
    const home = temporaryDirectory("home");
    const directory = temporaryDirectory("out");
    const output = path.join(directory, "out.wasm");
    let killed = 0;
    // Later and later, from the start of the process to about the end of the build.
    for (let moment = 100; moment < 4000 && !existsSync(output); moment += 200 + Math.random() * 300) {
      const { child, ended } = startBuild(home, [context, "--no-cache", "-o", output]);
      await Promise.race([setTimeout(moment), ended]);
      child.kill("SIGKILL");
      if ((await ended).signal === "SIGKILL") killed++;
    }
    assert.ok(killed >= 3);
    assert.equal(await build(home, directory), undisturbed);
    assert.deepEqual(readFileSync(output), readFileSync(path.join(await outputOf(home), "out.wasm")));
  });

  it("leaves temporary files that go once they are too old to be another build's", async () => {
    const home = temporaryDirectory("home");
    const directory = temporaryDirectory("out");
    await build(home, directory);
    const temporary = path.join(home, "tmp");
    assert.deepEqual(readdirSync(temporary), []);
    // What a writer that was killed leaves; the moment cannot be hit at will.
    for (const name of ["old", "new"]) writeFileSync(path.join(temporary, name), "half");
    utimesSync(path.join(temporary, "old"), 1, 1);
    assert.equal(await build(home, directory), undisturbed);
    assert.deepEqual(readdirSync(temporary), ["new"]);
  });

  /** A second build from that store, into a directory of its own. */
  async function outputOf(home: string): Promise<string> {
    const directory = temporaryDirectory("out");
    assert.equal(await build(home, directory), undisturbed);
    return directory;
  }
});

describe("builds at the same time", () => {
  for (const count of [2, 4]) {
    it(`${count} of them share one store and give the same`, async () => {
      const home = temporaryDirectory("home");
      const builds = Array.from({ length: count }, () => build(home, temporaryDirectory("out")));
      assert.deepEqual(await Promise.all(builds), Array(count).fill(undisturbed));
    });
  }
});

describe("a build that is interrupted", () => {
  it("ends with 130 while a step runs, and writes nothing", async () => {
    const directory = temporaryDirectory("interrupted");
    const text = 'FROM python:3.12-slim\nRUN echo begun && python -c "import time; time.sleep(3600)"\n';
    writeFileSync(path.join(directory, "Dockerfile"), text);
    const output = path.join(directory, "out.wasm");
    const args = [directory, "--progress=plain", "-o", output];
    const { child, ended } = startBuild(temporaryDirectory("home"), args);
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (!/ begun$/m.test(log) && / begun$/m.test(log + chunk)) child.kill("SIGINT");
      log += chunk;
    });
    assert.deepEqual(await ended, { code: 130, signal: null }, log);
    assert.deepEqual(readdirSync(directory), ["Dockerfile"]);
  });
});

describe("a full disk", () => {
  const mounted: string[] = [];
  after(async () => {
    for (const directory of mounted) await execa("umount", [directory]);
  });

  async function mountSmall(size: string): Promise<string> {
    const directory = temporaryDirectory("full");
    await execa("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
    mounted.push(directory);
    return directory;
  }

  const privileged = process.getuid?.() === 0 ? false : "mounting a small file system takes root";

  it("under the output leaves the file of before as it was", { skip: privileged }, async () => {
    const directory = await mountSmall("8m");
    const output = path.join(directory, "out.wasm");
    writeFileSync(output, "of before");
    const { exitCode, stderr } = await boxwright(["build", context, "-o", output], { home: undisturbedHome });
    assert.equal(exitCode, 1);
    assert.match(stderr, /no space|ENOSPC|full/i);
    assert.doesNotMatch(stderr, /INTERNAL/);
    assert.equal(readFileSync(output, "utf8"), "of before");
    assert.deepEqual(readdirSync(directory), ["out.wasm"]);
  });

  it("under the store leaves the output as it was, and a store that is usable", {
    skip: privileged,
  }, async () => {
    const home = await mountSmall("24m");
    const directory = temporaryDirectory("out");
    const output = path.join(directory, "out.wasm");
    writeFileSync(output, "of before");
    const failed = await boxwright(["build", context, "-o", output], { home });
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /no space|ENOSPC|full/i);
    assert.doesNotMatch(failed.stderr, /INTERNAL/);
    assert.equal(readFileSync(output, "utf8"), "of before");
    await execa("mount", ["-o", "remount,size=200m", home]);
    assert.equal(await build(home, directory), undisturbed);
  });
});

describe("another machine", () => {
  it("gives the same bytes: other times, order, umask, zone, language, directories", async () => {
    const copy = path.join(temporaryDirectory("elsewhere"), "a b");
    mkdirSync(copy);
    for (const name of readdirSync(path.join(context, "files"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(context, path.join(entry.parentPath, entry.name)))
      .sort()
      .reverse()) {
      const target = path.join(copy, name);
      mkdirSync(path.dirname(target), { recursive: true });
      cpSync(path.join(context, name), target);
      utimesSync(target, 1, Math.floor(Math.random() * 1e9));
    }
    cpSync(path.join(context, "Dockerfile"), path.join(copy, "Dockerfile"));
    const environment = {
      ...process.env,
      BOXWRIGHT_HOME: temporaryDirectory("home"),
      TZ: "Asia/Kathmandu",
      LANG: "tr_TR.UTF-8",
      LC_ALL: "tr_TR.UTF-8",
      HOME: copy,
      USER: "other",
    };
    const node = `"${process.execPath}" "${main}"`;
    const { stdout } = await execa("sh", ["-c", `umask 077; ${node} build -q . -o out.wasm`], {
      cwd: copy,
      env: environment,
      extendEnv: false,
    });
    assert.equal(stdout, undisturbed);
  });
});
