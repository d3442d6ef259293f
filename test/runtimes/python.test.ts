import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { sha256 } from "../../scripts/runtimes/archive.ts";
import { runGuest } from "../../scripts/runtimes/run-guest.ts";
import { findRuntime, loadRuntime, type Runtime, runtimeFile } from "../../src/runtimes/index.ts";

/** Over what `npm run build:runtimes` made. */
let python: Runtime;
let root = "";

before(async () => {
  python = await loadRuntime("python");
  root = await mkdtemp(join(tmpdir(), "boxwright-python-"));
  execFileSync("tar", ["-xf", runtimeFile(python, python.manifest.base.file), "-C", root]);
});
after(() => rmSync(root, { recursive: true }));

/** What a program prints, as JSON, in the guest over the unpacked base image. */
function evaluate(program: string): unknown {
  const environment = Object.fromEntries(
    python.manifest.base.settings.Env!.map((each) => each.split(/=(.*)/s, 2) as [string, string]),
  );
  const output = runGuest({
    module: runtimeFile(python, python.manifest.guest.file),
    root,
    args: ["/usr/local/bin/python3", "-c", `import json\n${program}`],
    environment,
  });
  return JSON.parse(output);
}

describe("the Python runtime", () => {
  it("has the files that its manifest describes", () => {
    const { base, guest, templates } = python.manifest;
    const read = (file: string) => readFileSync(runtimeFile(python, file));
    assert.equal(sha256(read(base.file)), base.diffId);
    assert.equal(read(base.file).length, base.size);
    assert.equal(sha256(read(guest.file)), guest.sha256);
    for (const template of templates) assert.equal(sha256(read(template.file)), template.sha256);
  });

  for (const [reference, match] of [
    ["python:3.12", "exact"],
    ["python:3.12-slim", "exact"],
    ["python:3.12.7-slim-bookworm", "exact"],
    ["docker.io/library/python:3.12-alpine", "exact"],
    ["python", "substitute"],
    ["python:3", "substitute"],
    ["python:slim", "substitute"],
    ["python:3.11-slim", "substitute"],
    ["python:3.13.1-alpine3.20", "substitute"],
    ["python:slim-bookworm", "substitute"],
    ["python:alpine3.20", "substitute"],
    ["python:2.7", undefined],
    ["python:3.12-windowsservercore", undefined],
    ["python:3.12x", undefined],
    ["pypy:3.12", undefined],
  ] as const) {
    it(`claims ${reference}: ${match ?? "no"}`, async () => {
      assert.equal((await findRuntime(reference))?.match, match);
    });
  }

  it("imports no files and no sockets in its component, and no paths in its module", () => {
    for (const { imports } of python.manifest.templates) {
      assert.ok(imports.length > 0);
      assert.deepEqual(
        imports.filter((name) => /filesystem|sockets|\.path_|\.sock_|\.fd_prestat/.test(name)),
        [],
      );
    }
  });
});

describe("the Python guest over its base image", () => {
  it("has the paths of the real image, and sees the host's files only", () => {
    assert.deepEqual(
      evaluate(
        "import sys, os; print(json.dumps([sys.path, sys.prefix, sys.executable, os.listdir('/usr/local/lib')]))",
      ),
      [
        [
          "",
          "/usr/local/lib/python312.zip",
          "/usr/local/lib/python3.12",
          "/usr/local/lib/python3.12/lib-dynload",
          "/usr/local/lib/python3.12/site-packages",
        ],
        "/usr/local",
        "/usr/local/bin/python3",
        ["python3.12"],
      ],
    );
  });

  it("has UTF-8 everywhere", () => {
    assert.deepEqual(
      evaluate(
        "import sys, locale; print(json.dumps([sys.getfilesystemencoding(), sys.stdout.encoding, sys.stdin.encoding, " +
          "locale.getpreferredencoding(False)]))",
      ),
      ["utf-8", "utf-8", "utf-8", "UTF-8"],
    );
  });

  it("knows users and groups", () => {
    assert.deepEqual(
      evaluate(
        "import os, pwd, grp; print(json.dumps([os.getuid(), os.umask(0o77), os.umask(0o22), pwd.getpwuid(0).pw_name, " +
          "pwd.getpwnam('nobody').pw_uid, grp.getgrgid(8).gr_name, os.path.expanduser('~root')]))",
      ),
      [0, 0o22, 0o77, "root", 65534, "mail", "/root"],
    );
  });

  it("does not pretend to have processes", () => {
    assert.deepEqual(evaluate("import os; print(json.dumps([hasattr(os, 'fork'), hasattr(os, 'execv')]))"), [
      false,
      false,
    ]);
  });

  it("raises RecursionError where Python and C recurse too deeply", () => {
    const program = `
import copy
class Deep:
    def __getattr__(self, name): return getattr(self, name + "x")
def call(n): return call(n + 1)
nested = []
for _ in range(100000): nested = [nested]
caught = []
for attempt in (lambda: call(0), lambda: Deep().a, lambda: json.dumps(nested), lambda: repr(nested), lambda: copy.deepcopy(nested)):
    try: attempt()
    except RecursionError: caught.append(1)
print(json.dumps(len(caught)))`;
    assert.equal(evaluate(program), 5);
  });

  it("has pip, installed as pip installs", () => {
    const [version, installer, missing, wrong] = evaluate(`
import base64, hashlib, importlib.metadata, pathlib
distribution = importlib.metadata.distribution("pip")
files = distribution.files
missing = [str(f) for f in files if not f.locate().exists()]
wrong = [str(f) for f in files if f.hash and base64.urlsafe_b64encode(
    hashlib.sha256(f.read_binary()).digest()).rstrip(b"=").decode() != f.hash.value]
import pip
print(json.dumps([pip.__version__ == distribution.version, distribution.read_text("INSTALLER"), missing, wrong]))`) as [
      boolean,
      string,
      readonly string[],
      readonly string[],
    ];
    assert.equal(version, true);
    assert.equal(installer, "pip\n");
    assert.deepEqual(missing, []);
    assert.deepEqual(wrong, []);
  });

  it("has byte code that it does not compile again", () => {
    assert.deepEqual(
      evaluate(`
import importlib.util, importlib._bootstrap_external as external, os, pip
source = pip.__file__
data = open(importlib.util.cache_from_source(source), "rb").read()
flags = external._classify_pyc(data, "pip", {})
status = os.stat(source)
print(json.dumps([flags, int.from_bytes(data[8:12], "little") == int(status.st_mtime)]))`),
      [0, true],
    );
  });

  it("knows the time zones", () => {
    assert.equal(
      evaluate(
        "import zoneinfo, datetime; print(json.dumps(str(datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')))))",
      ),
      "2024-07-01 00:00:00+02:00",
    );
  });
});
