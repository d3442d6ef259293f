import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { changedPaths, openSandbox, type Sandbox } from "./harness.ts";

/** Random file operations with a fixed seed; prints each outcome. Runs in the sandbox and on Linux. */
const OPERATIONS = `
import errno, os, random, sys
random.seed(int(sys.argv[1]))
os.makedirs("w"); os.chdir("w")
names = ["a", "b", "c", "a/x", "a/y", "b/x", "c/x/y", "a/", "a/../b", "no/such"]
def attempt(label, call):
    try:
        print(label, call())
    except OSError as error:
        print(label, errno.errorcode[error.errno])
def write(path, mode, data):
    with open(path, mode) as file:
        file.write(data)
        return file.tell()
def read(path):
    with open(path, "rb") as file:
        return file.read()
def update(path, size):
    fd = os.open(path, os.O_RDWR)
    try:
        os.ftruncate(fd, size)
        os.lseek(fd, 2, os.SEEK_SET)
        os.write(fd, b"zz")
        return os.fstat(fd).st_size
    finally:
        os.close(fd)
def keep(path):
    with open(path, "rb") as file:
        os.unlink(path)
        return file.read()
for _ in range(400):
    one, two = random.choice(names), random.choice(names)
    kind = random.randrange(14)
    if kind == 0: attempt(f"mkdir {one}", lambda: os.mkdir(one))
    elif kind == 1: attempt(f"write {one}", lambda: write(one, "wb", b"x" * random.randrange(9)))
    elif kind == 2: attempt(f"append {one}", lambda: write(one, "ab", b"+"))
    elif kind == 3: attempt(f"read {one}", lambda: read(one))
    elif kind == 4: attempt(f"unlink {one}", lambda: os.unlink(one))
    elif kind == 5: attempt(f"rmdir {one}", lambda: os.rmdir(one))
    elif kind == 6: attempt(f"rename {one} {two}", lambda: os.rename(one, two))
    elif kind == 7: attempt(f"symlink {one} {two}", lambda: os.symlink(one, two))
    elif kind == 8: attempt(f"link {one} {two}", lambda: os.link(one, two))
    elif kind == 9: attempt(f"readlink {one}", lambda: os.readlink(one))
    elif kind == 10: attempt(f"listdir {one}", lambda: sorted(os.listdir(one)))
    elif kind == 11: attempt(f"exclusive {one}", lambda: write(one, "xb", b"new"))
    elif kind == 12: attempt(f"update {one}", lambda: update(one, random.randrange(5)))
    else: attempt(f"keep {one}", lambda: keep(one))
for place, directories, files in sorted(os.walk(".")):
    print(place, sorted(directories), sorted(files))
`;

function native(seed: number): string {
  const cwd = mkdtempSync(join(tmpdir(), "boxwright-native-"));
  try {
    return execFileSync("python3", ["-", String(seed)], { cwd, input: OPERATIONS }).toString();
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

describe("the runtime in a build step", () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await openSandbox();
  });
  after(() => sandbox.close());

  it("starts in the working directory, with its arguments and environment", async () => {
    const script = `X=1 python3 -c 'import os, sys; print(os.getcwd(), sys.argv[1:], os.environ["X"], sys.executable)' a "b c"`;
    const { stdout, exitCode } = await sandbox.run(script);
    assert.equal(exitCode, 0);
    assert.equal(stdout, "/app ['a', 'b c'] 1 /usr/local/bin/python3\n");
  });

  it("reads pipes, here-documents and files, byte for byte", async () => {
    const upper = `python -c 'import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])'`;
    const { stdout } = await sandbox.run(
      `printf 'a\\377\\0' | ${upper} | base64; ${upper} <<EOF\nxyz\nEOF\necho; echo 12 >f; ${upper} <f; python - one <<'EOF'\nimport sys\nprint(sys.argv)\nEOF`,
    );
    assert.equal(stdout, "AP9h\n\nzyx\n\n21['-', 'one']\n");
  });

  for (const [code, expected] of [
    ["raise SystemExit(7)", 7],
    ["raise SystemExit('message')", 1],
    ["1/0", 1],
    ["import os; os._exit(3)", 3],
    ["import os; os.abort()", 134],
    ["def f(): f()\ntry: f()\nexcept RecursionError: raise SystemExit(42)", 42],
  ] as const) {
    it(`ends with ${expected} after ${JSON.stringify(code)}`, async () => {
      const { exitCode } = await sandbox.run("", {
        command: { kind: "exec", words: ["python", "-c", code] },
      });
      assert.equal(exitCode, expected);
    });
  }

  it("runs scripts by their first line, through links and env", async () => {
    const script = [
      'printf "#!/usr/bin/env python3\\nimport sys; print(sys.argv)\\n" > tool; chmod +x tool; ./tool x',
      'printf "#!/usr/local/bin/python -E\\nprint(2)\\n" > /usr/local/bin/t2; chmod 755 /usr/local/bin/t2; t2',
      "ln -s /usr/local/bin/python3 py; ./py -c 'print(3)'",
    ].join("\n");
    const { stdout } = await sandbox.run(script);
    assert.equal(stdout, "['./tool', 'x']\n2\n3\n");
  });

  it("has the devices, and a clock that starts at the step's epoch", async () => {
    const { stdout } = await sandbox.run(
      `python -c 'import time; print(open("/dev/null").read(), len(open("/dev/zero","rb").read(5)), time.gmtime().tm_year, time.monotonic() >= 0)'; python -c 'import os; print(len(set(os.urandom(64))) > 1)'; date +%Y`,
    );
    assert.equal(stdout, " 5 2000 True\nTrue\n2000\n");
  });

  it("sees modules that appear after it looked, though all files get one time", async () => {
    const script = [
      "import importlib, os, sys",
      "sys.path.insert(0, os.getcwd())",
      "for name in ['one', 'two', 'three']:",
      "    open(f'{name}.py', 'w').write(f'value = {len(name)}')",
      "    print(importlib.import_module(name).value, os.stat(f'{name}.py').st_mtime > 946684800 - 1)",
    ].join("\n");
    const result = await sandbox.run("", {
      command: { kind: "exec", words: ["python", "-B", "-c", script] },
    });
    assert.equal(result.stdout, "3 True\n3 True\n5 True\n", result.stderr);
    const times = result.changes.changes.flatMap((change) =>
      "attributes" in change ? [change.attributes.mtime] : [],
    );
    assert.ok(times.length >= 3);
    for (const time of times) assert.deepEqual(time, { seconds: 946684800, nanos: 0 });
  });

  it("compiles files to the same bytes each time", async () => {
    const script = 'mkdir m; echo \'x = {"a", "b", "c"}\' > m/a.py; python -m compileall -q m';
    const [first, second] = [await sandbox.run(script), await sandbox.run(script)];
    assert.deepEqual(changedPaths(first), ["leaf app/m/__pycache__/a.cpython-312.pyc", "leaf app/m/a.py"]);
    assert.equal(first.layer.diffId, second.layer.diffId);
  });

  it("leaves what it did to the next step, and nothing of /dev", async () => {
    const first = await sandbox.run('python -c \'open("/srv/x", "w").write("kept")\'; rm /etc/os-release');
    assert.deepEqual(changedPaths(first), ["whiteout etc/os-release", "leaf srv/x"]);
    const second = await sandbox.run("cat /srv/x; ls /etc/os-release", { snapshot: first.snapshot });
    assert.equal(second.stdout, "kept");
    assert.equal(second.exitCode, 2);
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`answers random file operations as Linux does (seed ${seed})`, async () => {
      const { stdout } = await sandbox.run(`python - ${seed} <<'PYTHON'\n${OPERATIONS}\nPYTHON`);
      assert.deepEqual(stdout.split("\n"), native(seed).split("\n"));
    });
  }
});
