import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type KernelMemories, type KernelPort, mergeKernel } from "../../scripts/kernel/merge.ts";
import { wasmEngine } from "../../scripts/runtimes/wasm/engine.ts";
import type { Descriptors } from "../../src/host/v8/descriptors.ts";
import { runGuest } from "../../src/host/v8/guest.ts";
import { encodeImage } from "./support/image.ts";
import { spliceImage } from "./support/splice.ts";
import { execProgram, startProgram } from "./support/start.ts";

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
type Run = (
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
  stdin?: string,
) => Promise<Result>;

let directory: string;
let guest: Uint8Array;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "boxwright-engines-"));
  const output = join(directory, "guest.wasm");
  const flags = ["--target=wasm32", "-O1", "-nostdlib", "-ffreestanding", "-mcpu=mvp", "-mbulk-memory"];
  const linker = ["-fuse-ld=/usr/bin/wasm-ld-19", "-Wl,--no-entry"];
  const source = fileURLToPath(new URL("support/guest.c", import.meta.url));
  execFileSync("clang-19", [...flags, ...linker, source, "-o", output]);
  guest = readFileSync(output);
});
after(() => rmSync(directory, { recursive: true }));

async function build(port: KernelPort, memories: KernelMemories): Promise<Uint8Array> {
  const image = encodeImage({
    root: {
      bin: { dir: { command: { file: "", mode: 0o755, role: 1 } } },
      hello: { file: "hello from the image\n" },
      big: { file: "0123456789".repeat(20_000) },
    },
    env: ["PATH=/bin", "FROM=image"],
    start: execProgram("command", "cat", "hello"),
    startArgs: startProgram(["exec", ["command"], [{ arguments: true }]]),
  });
  return spliceImage(await mergeKernel({ guest, port, memories }), image);
}

/** In V8, on this thread. */
function inV8(bytes: Uint8Array): Run {
  const module = new wasmEngine.Module(bytes) as never;
  return async (args, env = {}, stdin = "") => {
    const output: Record<number, string> = { 1: "", 2: "" };
    let input = Buffer.from(stdin);
    const descriptors: Descriptors = {
      read: (_descriptor, target) => {
        const size = input.copy(target);
        input = input.subarray(size);
        return size;
      },
      write: (descriptor, written) => {
        output[descriptor] += Buffer.from(written).toString();
      },
    };
    const job = { module, args: ["command", ...args], env: Object.entries(env), stdio: [0, 1, 2] as const };
    const outcome = runGuest(job, descriptors);
    assert.equal(outcome.kind, "exit", JSON.stringify(outcome));
    return { code: outcome.kind === "exit" ? outcome.code : -1, stdout: output[1]!, stderr: output[2]! };
  };
}

/** With the wazero command line, which Go installs into ~/go/bin. */
function inWazero(bytes: Uint8Array): Run {
  const file = join(directory, "module.wasm");
  writeFileSync(file, bytes);
  const path = [process.env["PATH"], join(homedir(), "go/bin")].join(delimiter);
  return (args, env = {}, stdin = "") => {
    const settings = Object.entries(env).map(([name, value]) => `-env=${name}=${value}`);
    const command = ["run", ...settings, file, ...args];
    return new Promise((resolve) => {
      const child = execFile(
        "wazero",
        command,
        { env: { ...process.env, PATH: path } },
        (error, stdout, stderr) => {
          resolve({
            code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
            stdout,
            stderr,
          });
        },
      );
      child.stdin?.end(stdin);
    });
  };
}

const targets: readonly (readonly [string, KernelPort, KernelMemories, (bytes: Uint8Array) => Run])[] = [
  ["V8, preview 1, two memories", "wasip1", "two", inV8],
  ["V8, preview 1, one memory", "wasip1", "one", inV8],
  ["V8, WASI 0.2, two memories", "wasip2", "two", inV8],
  ["V8, WASI 0.2, one memory", "wasip2", "one", inV8],
  ["wazero, preview 1, one memory", "wasip1", "one", inWazero],
];

for (const [title, port, memories, engine] of targets) {
  describe(`a real guest on ${title}`, () => {
    let run: Run;
    before(async () => {
      run = engine(await build(port, memories));
    });
    const ok = (stdout: string): Result => ({ code: 0, stdout, stderr: "" });

    test("runs the image's command without arguments", async () => {
      assert.deepEqual(await run([]), ok("hello from the image\n"));
    });
    test("takes the run's arguments and environment", async () => {
      const expected = "command\nargs\nenv\nPATH=/bin\nFROM=host\nMORE=1\n";
      assert.deepEqual(await run(["args", "env"], { FROM: "host", MORE: "1" }), ok(expected));
    });
    test("reads the image and what it wrote itself", async () => {
      assert.deepEqual(await run(["cat", "/big"]), ok("0123456789".repeat(20_000)));
      assert.deepEqual(await run(["write", "/tmp/new", "text\n", "cat", "/tmp/new"]), ok("text\n"));
      assert.deepEqual(await run(["write", "/big", "short", "cat", "/big"]), ok("short"));
    });
    test("copies standard input", async () => {
      const text = "a line\n".repeat(30_000);
      assert.deepEqual(await run(["echo"], {}, text), ok(text));
    });
    test("waits, draws random numbers, and knows that a pipe is no terminal", async () => {
      assert.deepEqual(await run(["sleep", "random", "tty"]), ok("moved\nrandom\n000\n"));
    });
    test("exits with its exact code", async () => {
      assert.deepEqual(await run(["exit", "42"]), { code: 42, stdout: "", stderr: "" });
    });
    test("gets preview 1's number for an error", async () => {
      assert.deepEqual(await run(["cat", "/missing"]), { code: 44, stdout: "", stderr: "" });
    });
  });
}
