import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { BoxwrightError } from "../../src/errors/index.ts";
import { parseEngine, type RunOptions, run } from "../../src/host/index.ts";
import { asComponent, assemble } from "../component/support/template.ts";
import { CAT, PRINT_STRINGS, wasip1Command, wasip2Command } from "./support/guests.ts";

const directory = mkdtempSync(join(tmpdir(), "boxwright-host-"));
after(() => rmSync(directory, { recursive: true }));

let files = 0;
/** Writes a wasip2 command as a component, a wasip1 command as a module. */
function file(text: string): string {
  const name = `guest-${files++}`;
  const module = assemble(directory, name, text);
  const path = join(directory, `${name}.wasm`);
  if (text.includes("wasi:cli/run")) writeFileSync(path, asComponent(module));
  return path;
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
}

/** Runs with standard input from a text and standard output into a file. */
async function ran(path: string, options: Partial<RunOptions> = {}, input = ""): Promise<Ran> {
  const source = join(directory, "stdin");
  const target = join(directory, `stdout-${files++}`);
  writeFileSync(source, input);
  const [stdin, stdout] = [openSync(source, "r"), openSync(target, "w")];
  try {
    const code = await run({ file: path, stdio: [stdin, stdout, stdout], ...options });
    return { code, stdout: readFileSync(target, "utf8") };
  } finally {
    closeSync(stdin);
    closeSync(stdout);
  }
}

async function failure(work: Promise<unknown>): Promise<BoxwrightError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BoxwrightError, String(error));
  return error;
}

const LIST_ARGUMENTS = wasip2Command(
  "(call $arguments (i32.const 0)) (call $print-list) (i32.const 0)",
  PRINT_STRINGS,
);
const LIST_ENVIRONMENT = wasip2Command(
  `(call $environment (i32.const 0))
   (i32.store (i32.const 4) (i32.mul (i32.load (i32.const 4)) (i32.const 2)))
   (call $print-list) (i32.const 0)`,
  PRINT_STRINGS,
);

describe("a component in V8", () => {
  it("gets arguments after its own name, and the caller's environment", async () => {
    const path = file(LIST_ARGUMENTS);
    assert.deepEqual(await ran(path, { args: ["a", "", "b ç"] }), { code: 0, stdout: `${path}\na\n\nb ç\n` });
    const { stdout } = await ran(file(LIST_ENVIRONMENT), { env: { A: "1", B: "x=y" } });
    assert.equal(stdout, "A\n1\nB\nx=y\n");
  });

  it("gets a terminal's kind only on a terminal, and never over the caller's", async () => {
    const path = file(LIST_ENVIRONMENT);
    assert.match((await ran(path, { tty: true })).stdout, /^TERM\n/);
    assert.equal((await ran(path, { tty: true, env: { TERM: "mine" } })).stdout, "TERM\nmine\n");
  });

  it("reads standard input to its end and writes standard output", async () => {
    const input = "line\n".repeat(100_000);
    assert.deepEqual(await ran(file(wasip2Command(CAT)), {}, input), { code: 0, stdout: input });
  });

  it("ends with the exact code that the kernel tells", async () => {
    const code = '(func (export "boxwright_exit_code") (result i32) (i32.const 42))';
    assert.equal((await ran(file(wasip2Command("(call $exit (i32.const 1)) (unreachable)", code)))).code, 42);
    assert.equal((await ran(file(wasip2Command("(i32.const 0)", code)))).code, 42);
  });

  it("ends with 0 or 1 where only success and failure are known", async () => {
    assert.equal((await ran(file(wasip2Command("(call $exit (i32.const 1)) (unreachable)")))).code, 1);
    assert.equal((await ran(file(wasip2Command("(call $exit (i32.const 0)) (unreachable)")))).code, 0);
    assert.equal((await ran(file(wasip2Command("(i32.const 1)")))).code, 1);
  });

  it("has clocks that go forward, and polls that end", async () => {
    const body = `(local $start i64)
      (local.set $start (call $now))
      (i32.store (i32.const 64) (call $after (i64.const 20000000)))
      (if (call $ready (i32.load (i32.const 64))) (then (unreachable)))
      (call $poll (i32.const 64) (i32.const 1) (i32.const 0))
      (if (i32.ne (i32.load (i32.const 4)) (i32.const 1)) (then (unreachable)))
      (if (i64.lt_u (i64.sub (call $now) (local.get $start)) (i64.const 20000000)) (then (unreachable)))
      (call $wall (i32.const 0))
      (if (i64.lt_u (i64.load (i32.const 0)) (i64.const 1600000000)) (then (unreachable)))
      (i32.const 0)`;
    assert.equal((await ran(file(wasip2Command(body)))).code, 0);
  });

  it("has random bytes", async () => {
    const body = `(call $random (i64.const 100000) (i32.const 0))
      (call $say (i32.load (i32.const 0)) (i32.load (i32.const 4)))
      (i64.eqz (call $random64))`;
    const first = await ran(file(wasip2Command(body)));
    const second = await ran(file(wasip2Command(body)));
    assert.equal(first.code, 0);
    assert.notEqual(first.stdout, second.stdout);
  });

  it("is told that a stream is closed when its reader is gone", async () => {
    // Writes until the stream fails; stream-error "closed" is 1.
    const body = `(loop $again
        (call $write (call $stdout) (i32.const 4096) (i32.const 65536) (i32.const 0))
        (br_if $again (i32.eqz (i32.load8_u (i32.const 0)))))
      (i32.ne (i32.load8_u (i32.const 4)) (i32.const 1))`;
    const child = inChild(file(wasip2Command(body)));
    child.stdout?.destroy();
    assert.deepEqual(await ended(child), { code: 0, signal: null });
  });

  it("that traps is an error that says so", async () => {
    const error = await failure(ran(file(wasip2Command("(unreachable)"))));
    assert.equal(error.code, "GUEST_TRAPPED");
    assert.match(error.message, /unreachable/);
    const handle = "(call $drop-output (i32.const 99)) (i32.const 0)";
    assert.match((await failure(ran(file(wasip2Command(handle))))).message, /unknown handle 99/);
  });

  it("has a stack much deeper than this thread's, and an error for its end", async () => {
    const recursion = (limit: string) =>
      wasip2Command(
        `(drop (call $deep (i32.const ${limit}))) (i32.const 0)`,
        `(func $deep (param i32) (result i32) (local i64 i64 i64 i64)
           (if (result i32) (local.get 0)
             (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
             (else (i32.const 0))))`,
      );
    assert.equal((await ran(file(recursion("200000")))).code, 0);
    assert.equal((await failure(ran(file(recursion("-1"))))).code, "GUEST_STACK_EXHAUSTED");
  });

  it("can be cancelled while it computes, and while it waits for input", async () => {
    const endless = file(wasip2Command("(loop $again (br $again)) (i32.const 0)"));
    const controller = new AbortController();
    const running = failure(ran(endless, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 200);
    assert.equal((await running).code, "RUN_ABORTED");
    assert.equal((await failure(ran(endless, { signal: AbortSignal.abort() }))).code, "RUN_ABORTED");
  });

  it("waits for input that comes late, in any mode of the pipe", async () => {
    const child = inChild(file(wasip2Command(CAT)));
    let output = "";
    child.stdout?.on("data", (data) => {
      output += data;
    });
    child.stdin?.write("first ");
    await firstOutput(child);
    child.stdin?.end("second");
    assert.deepEqual(await ended(child), { code: 0, signal: null });
    assert.equal(output, "first second");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`is ended by ${signal} at once, waiting for input or computing`, async () => {
      for (const body of [
        `(call $say (i32.const 64) (i32.const 1)) ${CAT.replace("(local $in i32)", "")}`,
        "(call $say (i32.const 64) (i32.const 1)) (loop $again (br $again)) (i32.const 0)",
      ]) {
        const child = inChild(file(wasip2Command(`(local $in i32) ${body}`, PRINT_STRINGS)));
        await firstOutput(child);
        child.kill(signal);
        assert.deepEqual(await ended(child), { code: null, signal });
      }
    });
  }
});

describe("a component on the caller's thread", () => {
  const options = { thread: "caller" } as const;

  it("runs the same", async () => {
    assert.equal((await ran(file(wasip2Command(CAT)), options, "text")).stdout, "text");
    const failing = await failure(ran(file(wasip2Command("(unreachable)")), options));
    assert.equal(failing.code, "GUEST_TRAPPED");
    const code = '(func (export "boxwright_exit_code") (result i32) (i32.const 42))';
    assert.equal((await ran(file(wasip2Command("(i32.const 1)", code)), options)).code, 42);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`is ended by ${signal} at once`, async () => {
      const body = "(call $say (i32.const 64) (i32.const 1)) (loop $again (br $again)) (i32.const 0)";
      const child = inChild(file(wasip2Command(body)), "caller");
      await firstOutput(child);
      child.kill(signal);
      assert.deepEqual(await ended(child), { code: null, signal });
    });
  }
});

describe("a module in V8", () => {
  it("has arguments, environment, streams and an exact exit code", async () => {
    const body = `
      (drop (call $args-sizes (i32.const 16) (i32.const 20)))
      (drop (call $args (i32.const 1024) (i32.const 2048)))
      (call $say (i32.load (i32.const 1028)) (i32.const 2))
      (drop (call $env-sizes (i32.const 16) (i32.const 20)))
      (drop (call $env (i32.const 1024) (i32.const 2048)))
      (call $say (i32.const 2048) (i32.load (i32.const 20)))
      (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 100))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 12)))
      (call $say (i32.const 4096) (i32.load (i32.const 12)))
      (call $exit (i32.const 7))`;
    const result = await ran(file(wasip1Command(body)), { args: ["ab"], env: { K: "v" } }, "input");
    assert.deepEqual(result, { code: 7, stdout: "abK=v\0input" });
  });

  it("sleeps by poll_oneoff, and knows the time", async () => {
    const body = `(local $start i64)
      (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 512)))
      (local.set $start (i64.load (i32.const 512)))
      (i64.store (i32.const 64) (i64.const 99))
      (i32.store (i32.const 80) (i32.const 1))
      (i64.store (i32.const 88) (i64.const 20000000))
      (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))
      (if (i32.ne (i32.load (i32.const 8)) (i32.const 1)) (then (unreachable)))
      (if (i64.ne (i64.load (i32.const 256)) (i64.const 99)) (then (unreachable)))
      (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 512)))
      (if (i64.lt_u (i64.sub (i64.load (i32.const 512)) (local.get $start)) (i64.const 20000000)) (then (unreachable)))`;
    assert.equal((await ran(file(wasip1Command(body)))).code, 0);
  });

  it("that needs more than a bundled program does is refused as foreign", async () => {
    const text =
      '(module (import "wasi_snapshot_preview1" "path_open" (func)) (memory (export "memory") 1) (func (export "_start")))';
    const error = await failure(ran(file(text)));
    assert.equal(error.code, "FOREIGN_WASM");
    assert.match(error.hint ?? "", /--engine wasmtime/);
    const library = await failure(ran(file('(module (func (export "add")))')));
    assert.equal(library.code, "FOREIGN_WASM");
  });

  it("that is no WebAssembly, or is damaged, is refused", async () => {
    const text = join(directory, "text.wasm");
    writeFileSync(text, "hello, world");
    assert.equal((await failure(ran(text))).code, "WASM_NOT_WASM");
    const bytes = readFileSync(file(wasip1Command("(unreachable)")));
    const damaged = join(directory, "damaged.wasm");
    // An instruction that there is none of, in a function's body, and a section that is none.
    writeFileSync(damaged, bytes.with(bytes.length - 3, 0xff));
    assert.equal((await failure(ran(damaged))).code, "WASM_INVALID");
    writeFileSync(damaged, Buffer.concat([bytes, Buffer.of(1, 1, 0)]));
    assert.equal((await failure(ran(damaged))).code, "WASM_INVALID");
  });
});

describe("other engines", () => {
  it("are known by name", () => {
    assert.equal(parseEngine("wasmtime"), "wasmtime");
    assert.throws(() => parseEngine("wasmtim"), { code: "ENGINE_UNKNOWN" });
  });

  it("run modules with arguments, environment, streams and exit code", async () => {
    const body = `
      (drop (call $env-sizes (i32.const 16) (i32.const 20)))
      (drop (call $env (i32.const 1024) (i32.const 2048)))
      (call $say (i32.const 2048) (i32.load (i32.const 20)))
      (call $exit (i32.const 7))`;
    const result = await ran(file(wasip1Command(body)), { engine: "wazero", args: ["-x"], env: { K: "v" } });
    assert.deepEqual(result, { code: 7, stdout: "K=v\0" });
  });

  it("that take no components are refused for them, with what to do", async () => {
    const error = await failure(ran(file(LIST_ARGUMENTS), { engine: "wazero" }));
    assert.equal(error.code, "ENGINE_FORMAT");
    assert.match(error.hint ?? "", /--format module/);
  });

  it("that are not installed are named", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = directory;
    try {
      const error = await failure(ran(file(wasip1Command("")), { engine: "wasmer" }));
      assert.equal(error.code, "ENGINE_MISSING");
    } finally {
      process.env["PATH"] = path;
    }
  });
});

describe("what the caller gives", () => {
  it("is checked before anything runs", async () => {
    const path = file(wasip1Command(""));
    assert.equal((await failure(ran(path, { args: ["a\0b"] }))).code, "RUN_ARGUMENT_INVALID");
    assert.equal((await failure(ran(path, { env: { "A=B": "" } }))).code, "RUN_ENVIRONMENT_INVALID");
    assert.equal((await failure(ran(path, { env: { A: "\0" } }))).code, "RUN_ENVIRONMENT_INVALID");
  });
});

/** Runs a file in a Node process of its own, whose standard streams are pipes. */
function inChild(path: string, thread: "own" | "caller" = "own"): ChildProcess {
  const host = new URL("../../src/host/index.ts", import.meta.url).href;
  const script = `import { run } from ${JSON.stringify(host)}; process.exit(await run({ file: process.argv[1], thread: "${thread}" }));`;
  return spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["pipe", "pipe", "inherit"],
  });
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
}

async function firstOutput(child: ChildProcess): Promise<void> {
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    child.once("close", () => reject(new Error("it ended without output")));
  });
}
