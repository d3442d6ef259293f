import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { TestNode } from "./support/image.ts";
import { type Started, testTemplate } from "./support/kernel.ts";
import { nameOf as name, startFiles, statOf as stat } from "./support/simple-image.ts";

let template: Uint8Array;
before(async () => {
  template = await testTemplate("two");
});

type Options = Parameters<typeof startFiles> extends [unknown, ...infer Rest] ? Rest : never;
const start = (...options: Options): Started => startFiles(template, ...options);

describe("permissions", () => {
  const root = {
    open: {
      dir: { mine: { file: "m", uid: 1000, mode: 0o600 }, yours: { file: "y", mode: 0o600 } },
      mode: 0o777,
    },
    shut: { dir: { f: { file: "" } }, mode: 0o700 },
    home: { dir: {}, uid: 1000 },
    readonly: { file: "r", mode: 0o644 },
  } as const;

  test("are those of the image's user", () => {
    const { kernel } = start(root, { uid: 1000, gid: 1000 });
    assert.deepEqual(kernel.readFile("open/mine"), Buffer.from("m"));
    assert.equal(name(kernel.open("open/yours")), "EACCES");
    assert.equal(name(kernel.open("readonly", { write: true })), "EACCES");
    assert.equal(name(kernel.stat("shut/f") as number), "EACCES");
    assert.equal(name(kernel.writeFile("new", "")), "EACCES");
    assert.equal(name(kernel.path("path_create_directory", "shut/new")), "EACCES");
    assert.equal(name(kernel.path("path_unlink_file", "readonly")), "EACCES");
    assert.equal(kernel.writeFile("home/new", "x"), 0);
    assert.equal(kernel.path("path_unlink_file", "open/yours"), 0);
  });

  test("a sticky directory protects what others own", () => {
    const files = { mine: { file: "", uid: 1000 }, yours: { file: "" } };
    const { kernel } = start({ sticky: { dir: files, mode: 0o1777 } }, { uid: 1000 });
    assert.equal(name(kernel.path("path_unlink_file", "sticky/yours")), "EPERM");
    assert.equal(name(kernel.rename("sticky/yours", "sticky/z")), "EPERM");
    assert.equal(kernel.path("path_unlink_file", "sticky/mine"), 0);
  });

  test("only the owner sets times, unless both to now and the file is writable", () => {
    const { kernel } = start({ f: { file: "", mode: 0o666 }, g: { file: "" } }, { uid: 1000 });
    const set = (path: string, flags: number): string =>
      name(kernel.call("path_filestat_set_times", 3, 1, ...kernel.put(8192, path), 1n, 1n, flags));
    assert.deepEqual([set("f", 5), set("f", 10), set("g", 10)], ["EPERM", "OK", "EACCES"]);
  });

  test("root passes", () => {
    const { kernel } = start(root);
    assert.equal(kernel.writeFile("shut/f", "x"), 0);
    assert.deepEqual(kernel.readFile("open/mine"), Buffer.from("m"));
  });
});

describe("devices", () => {
  test("/dev is the kernel's, whatever the image has there", () => {
    for (const dev of [{ dir: { old: { file: "" } } }, { file: "x" }, { link: "guest" }] as TestNode[]) {
      const { kernel } = start({ dev });
      const names = [
        "fd",
        "full",
        "null",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
        "tty",
        "urandom",
        "zero",
      ];
      assert.deepEqual(kernel.list("dev"), names);
    }
  });

  test("null, zero, full, random", () => {
    const { kernel } = start();
    const fd = (path: string): number => kernel.open(path, { write: true });
    assert.deepEqual(kernel.read(fd("dev/null"), 5), Buffer.alloc(0));
    assert.equal(kernel.write(fd("dev/null"), "gone"), 4);
    assert.deepEqual(kernel.read(fd("dev/zero"), 5), Buffer.alloc(5));
    assert.equal(name(kernel.write(fd("dev/full"), "x")), "ENOSPC");
    assert.deepEqual(kernel.read(fd("dev/urandom"), 3), Buffer.from("ZZZ"));
    assert.equal(kernel.call("fd_seek", fd("dev/null"), 5n, 0, 1024), 0);
    assert.equal(stat(kernel, "dev/null").type, 2);
  });

  test("a device node of the image works by its number; unknown ones and FIFOs do not open", () => {
    const { kernel } = start({
      nothing: { device: [1, 3], mode: 0o020666 },
      disk: { device: [8, 0], mode: 0o060660 },
      fifo: { device: [0, 0], mode: 0o010666 },
    });
    assert.deepEqual(kernel.readFile("nothing"), Buffer.alloc(0));
    assert.equal(name(kernel.open("disk")), "ENXIO");
    assert.equal(name(kernel.open("fifo")), "ENXIO");
  });

  test("streams are the host's, also by their names", () => {
    const { kernel, host } = start({}, {}, { stdin: ["one\n", "two\n"] });
    assert.deepEqual(kernel.read(0, 100), Buffer.from("one\n"));
    assert.deepEqual(kernel.read(kernel.open("dev/stdin"), 2), Buffer.from("tw"));
    assert.equal(kernel.write(kernel.open("dev/stdout", { read: false, write: true }), "to out"), 6);
    assert.equal(kernel.write(2, "to err"), 6);
    assert.deepEqual([host.stdout.join(""), host.stderr.join("")], ["to out", "to err"]);
    assert.equal(name(kernel.call("fd_seek", 1, 0n, 1, 1024)), "ESPIPE");
    assert.equal(name(kernel.write(0, "x")), "EBADF");
    assert.equal(name(kernel.read(1, 1) as number), "EBADF");
  });

  test("/dev/fd shows what is open", () => {
    const { kernel } = start({ f: { file: "text" } });
    const fd = kernel.open("f");
    assert.deepEqual(kernel.readFile(`dev/fd/${fd}`), Buffer.from("text"));
    assert.ok(kernel.list("dev/fd").includes(String(fd)));
    kernel.close(fd);
    assert.equal(name(kernel.readFile(`dev/fd/${fd}`) as number), "ENOENT");
    assert.equal(name(kernel.writeFile("dev/fd/x", "")), "ENOENT");
    assert.equal(name(kernel.path("path_unlink_file", "dev/fd/0")), "EPERM");
  });

  test("a terminal is one for isatty, a pipe and a file are not", () => {
    const { kernel } = start({}, {}, { types: [2, 0, 4] });
    const isTerminal = (fd: number): boolean => {
      kernel.call("fd_fdstat_get", fd, 1024);
      return kernel.view.getUint8(1024) === 2 && (kernel.view.getBigUint64(1032, true) & 0x24n) === 0n;
    };
    assert.deepEqual([0, 1, 2].map(isTerminal), [true, false, false]);
    assert.ok(!isTerminal(kernel.open("dev/null")));
    assert.equal(name(start({}, {}).kernel.open("dev/tty")), "ENXIO");
  });

  test("/tmp is made where it is missing, else left as it is", () => {
    const { kernel } = start({}, { uid: 1000 });
    assert.equal(kernel.writeFile("tmp/x", ""), 0);
    assert.equal(
      start({ tmp: { file: "mine" } })
        .kernel.readFile("tmp")
        ?.toString(),
      "mine",
    );
  });
});
