import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { type BundleInput, bundle, inspectWasm, readMetadata } from "../../src/component/index.ts";
import { BoxwrightError } from "../../src/errors/index.ts";
import type { ImageConfig, ImageSettings } from "../../src/image/types.ts";
import { decodeIndex } from "./support/decode-index.ts";
import { makeImage, sha256, type Tree } from "./support/image.ts";
import { runProgram } from "./support/run-program.ts";
import { asComponent, assemble, SEGMENTS, writeRuntime } from "./support/template.ts";

const directory = mkdtempSync(join(tmpdir(), "boxwright-bundle-"));
after(() => rmSync(directory, { recursive: true }));

const module = assemble(
  directory,
  "template",
  `(module (memory (export "memory") 1) ${SEGMENTS}
     (func (export "size") (result i32) (memory.init $idx (i32.const 0) (i32.const 36) (i32.const 4)) (i32.load (i32.const 0)))
     (func (export "rom") (param i32) (result i32) (memory.init $rom (i32.const 8) (local.get 0) (i32.const 1)) (i32.load8_u (i32.const 8)))
     (func (export "index") (param i32) (result i32) (memory.init $idx (i32.const 8) (local.get 0) (i32.const 1)) (i32.load8_u (i32.const 8))))`,
);
const runtimeDirectory = join(directory, "runtime");
const runtime = writeRuntime(runtimeDirectory, [
  { bytes: module, format: "module", port: "wasip1" },
  { bytes: asComponent(module), format: "component", port: "wasip2" },
]);

function config(settings: ImageSettings = {}): ImageConfig {
  return {
    architecture: "wasm",
    os: "wasi",
    config: settings,
    rootfs: { type: "layers", diff_ids: [] },
    history: [],
  };
}

let outputs = 0;
function input(
  tree: Tree,
  settings: ImageSettings = {},
  format: "module" | "component" = "module",
): BundleInput {
  const { snapshot, store } = makeImage(directory, tree);
  const output = join(directory, `out-${outputs++}.wasm`);
  const layers = [{ diffId: sha256(Buffer.from("layer")), size: 42 }];
  return {
    snapshot,
    config: config(settings),
    layers,
    runtime,
    runtimeDirectory,
    format,
    store,
    output,
    version: "0",
  };
}

interface TemplateExports {
  size(): number;
  rom(at: number): number;
  index(at: number): number;
}

/** The two segments of an output, as the engine hands them out. */
function segments(bytes: Uint8Array): { readonly rom: Buffer; readonly index: Buffer } {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const exports = instance.exports as unknown as TemplateExports;
  const indexSize = [8, 9, 10, 11]
    .map((at) => exports.index(at))
    .reduce((sum, byte, place) => sum + byte * 256 ** place, 0);
  const take = (size: number, read: (at: number) => number) =>
    Buffer.from(Array.from({ length: size }, (_, at) => read(at)));
  return { rom: take(exports.size(), exports.rom), index: take(indexSize, exports.index) };
}

/** The core module within an output. */
function coreModule(file: string): Buffer {
  const [main] = inspectWasm(file).modules;
  return readFileSync(file).subarray(main!.offset, main!.offset + main!.size);
}

async function failure(work: Promise<unknown>): Promise<BoxwrightError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BoxwrightError, String(error));
  return error;
}

describe("bundling", () => {
  it("gives modules and components that the engine accepts, with the image inside", async () => {
    const tree: Tree = {
      "/usr/bin/guest": { content: "stand-in", mode: 0o755 },
      "/opt/x/bin/guest": { content: "another", mode: 0o755 },
      "/usr/bin/env": { content: "env", mode: 0o755 },
      "/a/b.txt": "hello",
      "/a/copy.txt": "hello",
      "/a/hard.txt": { same: "/a/b.txt" },
      "/a/empty": "",
      "/link": { link: "a/b.txt" },
      "/dev/null": { device: [1, 3] },
      "/réseau/": "",
    };
    for (const format of ["module", "component"] as const) {
      const request = input(tree, { Env: ["A=1"], WorkingDir: "/a", Cmd: ["guest"] }, format);
      const result = await bundle(request);
      const file = request.output as string;
      assert.equal(result.digest, sha256(readFileSync(file)));
      assert.equal(result.size, readFileSync(file).length);

      const { rom, index } = segments(coreModule(file));
      const decoded = decodeIndex(index);
      const inode = (path: string) => decoded.inodes[decoded.paths.get(path)!]!;
      const content = (path: string) =>
        rom.subarray(inode(path).offset, inode(path).offset + inode(path).size).toString();
      assert.equal(content("/a/b.txt"), "hello");
      assert.equal(inode("/a/copy.txt").offset, inode("/a/b.txt").offset);
      assert.equal(decoded.paths.get("/a/hard.txt"), decoded.paths.get("/a/b.txt"));
      assert.equal(inode("/a/b.txt").nlink, 2);
      assert.equal(inode("/").nlink, 2 + 5);
      assert.equal(content("/a/empty"), "");
      assert.equal(decoded.target(decoded.paths.get("/link")!), "a/b.txt");
      assert.equal(inode("/dev/null").mode, 0o020666);
      assert.equal(inode("/dev/null").offset, (1 << 20) | 3);
      assert.deepEqual(
        ["/usr/bin/guest", "/opt/x/bin/guest", "/usr/bin/env", "/a/b.txt"].map((path) => inode(path).role),
        [1, 1, 2, 0],
      );
      assert.equal(inode("/a").mtime, 946684800n * 1_000_000_000n);
      assert.deepEqual(decoded.environment, ["A=1", "HOME=/"]);
      assert.equal(decoded.workingDirectory, "/a");
      const started = runProgram(decoded.start, new Map(), "/a");
      assert.deepEqual(started.argv, ["guest"]);
      assert.deepEqual(runProgram(decoded.startArguments, new Map(), "/a", ["x"]).argv, ["x"]);
      assert.equal(rom.length, "stand-inanotherenvhello".length);
      assert.equal(rom.length, result.metadata.rom.size);
    }
  });

  it("gives the same bytes for the same image, whatever order it was made in", async () => {
    const tree: Tree = { "/z": "1", "/a/b": "2", "/a/A": "3", "/m": { link: "z" } };
    const reversed = Object.fromEntries(Object.entries(tree).reverse());
    const first = await bundle(input(tree, {}, "component"));
    const second = await bundle(input(reversed, {}, "component"));
    assert.equal(first.digest, second.digest);
  });

  it("describes itself in a section that any tool can read", async () => {
    const request = input({ "/x": "y" }, { Labels: { b: "2", a: "1" } }, "component");
    const { metadata } = await bundle(request);
    assert.deepEqual(readMetadata(request.output as string), metadata);
    assert.deepEqual(metadata.rom, { size: 1, files: 1, uniqueFiles: 1 });
    assert.deepEqual(metadata.layers, [{ diffId: sha256(Buffer.from("layer")), size: 42, createdBy: "" }]);
    const plain = join(directory, "plain.wasm");
    writeFileSync(plain, module);
    assert.equal(readMetadata(plain), undefined);
  });

  it("writes ROMs of every size around the lengths of size fields", async () => {
    for (const size of [
      0, 1, 63, 64, 127, 128, 129, 8191, 8192, 16383, 16384, 2097151, 2097152, 4194304, 4194305,
    ]) {
      const bytes = Buffer.alloc(size, `${size}`);
      const request = input({ "/big": bytes, "/small": "tail" }, {}, "component");
      await bundle(request);
      const core = coreModule(request.output as string);
      assert.ok(WebAssembly.validate(core), `${size}`);
      const exports = new WebAssembly.Instance(new WebAssembly.Module(core))
        .exports as unknown as TemplateExports;
      assert.equal(exports.size(), size + 4);
      assert.equal(exports.rom(size), "t".charCodeAt(0));
      if (size > 0) assert.equal(exports.rom(size - 1), bytes.at(-1));
    }
  });

  it("costs at most 80 bytes an inode with names of usual length", async () => {
    const tree = Object.fromEntries(
      Array.from({ length: 2000 }, (_, number) => [
        `/lib/pkg${number % 40}/module_${number}.cpython-312.pyc`,
        `${number}`,
      ]),
    );
    const { metadata } = await bundle(input(tree));
    assert.ok(
      metadata.index.size / metadata.index.inodes <= 80,
      `${metadata.index.size / metadata.index.inodes}`,
    );
  });

  it("round-trips any tree", async () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9_é.-]{1,12}$/).filter((text) => text !== "." && text !== "..");
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/d-${names.join("/d-")}`);
    const file = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(path, file), { maxLength: 25, selector: ([key]) => key }),
        async (entries) => {
          const tree: Tree = Object.fromEntries(entries.map(([key, bytes]) => [`${key}.f`, bytes]));
          const request = input(tree);
          await bundle(request);
          const { rom, index } = segments(readFileSync(request.output as string));
          rmSync(request.output as string);
          const decoded = decodeIndex(index);
          for (const [key, bytes] of entries) {
            const inode = decoded.inodes[decoded.paths.get(`${key}.f`)!]!;
            assert.deepEqual(rom.subarray(inode.offset, inode.offset + inode.size), Buffer.from(bytes));
          }
          const files = [...decoded.paths.values()].filter(
            (number) => (decoded.inodes[number]!.mode & 0o170000) === 0o100000,
          );
          assert.equal(files.length, entries.length);
        },
      ),
      { numRuns: 40, seed: 3 },
    );
  });
});

describe("bundling that fails", () => {
  const leftovers = () => readdirSync(directory).filter((name) => name.endsWith(".tmp"));

  it("leaves nothing behind when contents are missing", async () => {
    const request = input({ "/x": "y" });
    const error = await failure(
      bundle({ ...request, store: { ...request.store, blobPath: () => "/nonexistent" } }),
    );
    assert.equal(error.code, "CONTENT_MISSING");
    assert.deepEqual(leftovers(), []);
    assert.throws(() => readFileSync(request.output as string));
  });

  it("leaves nothing behind when it is cancelled", async () => {
    const request = input({ "/x": Buffer.alloc(9 * 1024 * 1024) });
    const error = await failure(bundle({ ...request, signal: AbortSignal.abort() }));
    assert.equal(error.code, "BUILD_ABORTED");
    assert.deepEqual(leftovers(), []);
  });

  it("says so when the output cannot be written", async () => {
    const error = await failure(bundle({ ...input({}), output: join(directory, "missing", "out.wasm") }));
    assert.equal(error.code, "OUTPUT_UNWRITABLE");
  });

  it("refuses images beyond what engines load, before writing", async () => {
    const request = input({ "/x": "y" });
    const inodes = new Map(request.snapshot.inodes);
    for (const [number, inode] of inodes) {
      if (inode.kind === "file")
        inodes.set(number, { ...inode, content: { ...inode.content, size: 2 ** 30 } });
    }
    const error = await failure(bundle({ ...request, snapshot: { inodes } }));
    assert.equal(error.code, "OUTPUT_TOO_LARGE");
    assert.match(error.message, /10737\d+/);
  });

  it("refuses a manifest whose places are wrong", async () => {
    const [template] = runtime.templates;
    const wrong = { ...template!, rom: template!.index, index: template!.rom };
    const error = await failure(bundle({ ...input({}), runtime: { ...runtime, templates: [wrong] } }));
    assert.equal(error.code, "TEMPLATE_UNUSABLE");
  });

  it("refuses a template that is not the one of the manifest, and leaves nothing behind", async () => {
    for (const at of [8, Math.floor(module.length / 2), module.length - 1]) {
      const damaged = Buffer.from(module);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      const cases = { changed: damaged, longer: Buffer.concat([module, Buffer.from([0])]) };
      for (const [what, bytes] of Object.entries(cases)) {
        const broken = join(directory, `broken-${what}-${at}`);
        const manifest = writeRuntime(broken, [{ bytes: module, format: "module", port: "wasip1" }]);
        const [template] = manifest.templates;
        writeFileSync(join(broken, template?.file ?? ""), bytes);
        const given = { ...input({ f: "F" }), runtime: manifest, runtimeDirectory: broken };
        await assert.rejects(bundle(given), { code: "TEMPLATE_UNUSABLE" });
        assert.ok(!existsSync(String(given.output)), `${what} at ${at}`);
      }
    }
  });

  it("refuses a port that the runtime has no template for", async () => {
    assert.equal((await failure(bundle({ ...input({}), port: "wasip2" }))).code, "TEMPLATE_MISSING");
  });

  it("refuses settings that no container would start with", async () => {
    assert.equal((await failure(bundle(input({}, { Env: ["=x"] })))).code, "ENVIRONMENT_INVALID");
    assert.equal((await failure(bundle(input({}, { WorkingDir: "x" })))).code, "WORKDIR_RELATIVE");
  });
});

describe("USER", () => {
  const tree: Tree = {
    "/etc/passwd":
      "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\n7:x:70:71::/seven:\nbad line\n",
    "/etc/group": "root:x:0:\nstaff:x:50:ada\n",
  };
  const resolved = async (user: string, env: readonly string[] = []) => {
    const request = input(tree, { User: user, Env: env });
    await bundle(request);
    const { uid, gid, environment } = decodeIndex(segments(readFileSync(request.output as string)).index);
    return [uid, gid, environment.join()];
  };

  it("is looked up in the image's files, names before numbers", async () => {
    assert.deepEqual(await resolved(""), [0, 0, "HOME=/root"]);
    assert.deepEqual(await resolved("ada"), [1000, 1001, "HOME=/home/ada"]);
    assert.deepEqual(await resolved("1000"), [1000, 1001, "HOME=/home/ada"]);
    assert.deepEqual(await resolved("7"), [70, 71, "HOME=/seven"]);
    assert.deepEqual(await resolved("1234"), [1234, 0, "HOME=/"]);
    assert.deepEqual(await resolved("ada:staff"), [1000, 50, "HOME=/home/ada"]);
    assert.deepEqual(await resolved("1234:5678"), [1234, 5678, "HOME=/"]);
    assert.deepEqual(await resolved("ada", ["HOME=/x"]), [1000, 1001, "HOME=/x"]);
  });

  it("that is unknown is refused in Docker's words", async () => {
    const user = await failure(bundle(input(tree, { User: "bob" })));
    assert.equal(user.message, "unable to find user bob: no matching entries in passwd file");
    const group = await failure(bundle(input(tree, { User: "ada:wheel" })));
    assert.equal(group.message, "unable to find group wheel: no matching entries in group file");
    assert.equal((await failure(bundle(input(tree, { User: "4294967296" })))).code, "USER_OUT_OF_RANGE");
  });
});
