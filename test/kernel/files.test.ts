import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { IMAGE_TIME, type TestNode } from "./support/image.ts";
import { type Entry, type FileStat, type Kernel, type Started, testTemplate } from "./support/kernel.ts";
import { nameOf as name, startFiles, statOf as stat } from "./support/simple-image.ts";

let template: Uint8Array;
before(async () => {
  template = await testTemplate("two");
});

type Options = Parameters<typeof startFiles> extends [unknown, ...infer Rest] ? Rest : never;
const start = (...options: Options): Started => startFiles(template, ...options);

const BIG = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));

describe("files of the image", () => {
  test("are read, in whole and in parts", () => {
    const { kernel } = start({ big: { file: BIG } });
    assert.deepEqual(kernel.readFile("big"), BIG);
    const fd = kernel.open("big");
    assert.deepEqual(kernel.read(fd, 1000, 65_000n), BIG.subarray(65_000, 66_000));
    assert.deepEqual(kernel.read(fd, 10, 1_000_000n), Buffer.alloc(0));
    assert.deepEqual(kernel.read(fd, 5), BIG.subarray(0, 5));
  });

  test("are copied on write: only what was written changes", () => {
    const { kernel } = start({ big: { file: BIG } });
    const fd = kernel.open("big", { write: true });
    const expected = Buffer.alloc(220_016);
    BIG.copy(expected);
    for (const at of [0, 65_530, 131_072, 199_990, 220_000]) {
      assert.equal(kernel.write(fd, "0123456789ABCDEF", BigInt(at)), 16);
      expected.write("0123456789ABCDEF", at);
    }
    assert.deepEqual(kernel.readFile("big"), expected);
  });

  test("have the image's times, links and types", () => {
    const { kernel } = start({ a: { file: "x" }, b: { hardLink: "/a" }, l: { link: "a" } });
    const { ino, mtime, nlink, type } = stat(kernel, "b");
    assert.deepEqual([mtime, nlink, type], [IMAGE_TIME, 2, 4]);
    assert.equal(stat(kernel, "l").ino, ino);
    assert.equal(stat(kernel, "l", false).type, 7);
  });
});

describe("the overlay", () => {
  test("shrinking and growing again reads zeros, in the ROM and in chunks", () => {
    const { kernel } = start({ big: { file: BIG } });
    const fd = kernel.open("big", { write: true });
    assert.equal(kernel.call("fd_filestat_set_size", fd, 70_000n), 0);
    assert.equal(kernel.write(fd, "tail", 80_000n), 4);
    assert.equal(kernel.call("fd_filestat_set_size", fd, 3n), 0);
    assert.equal(kernel.call("fd_filestat_set_size", fd, 80_004n), 0);
    const expected = Buffer.alloc(80_004);
    BIG.copy(expected, 0, 0, 3);
    assert.deepEqual(kernel.readFile("big"), expected);
  });

  test("a sparse file takes no memory for its holes", () => {
    const { kernel } = start();
    const fd = kernel.open("tmp/sparse", { write: true, oflags: 1 });
    assert.equal(kernel.write(fd, "end", 1n << 36n), 3);
    assert.equal(stat(kernel, "tmp/sparse").size, 2 ** 36 + 3);
    assert.deepEqual(kernel.read(fd, 4, (1n << 36n) - 1n), Buffer.from("\0end"));
    assert.equal(name(kernel.write(fd, "x", 1n << 41n)), "EFBIG");
  });

  test("an unlinked file lives on while it is open, and its memory comes back", () => {
    const { kernel } = start();
    const bytes = Buffer.alloc(1_000_000, "z");
    let pages = 0;
    for (let round = 0; round < 30; round++) {
      assert.equal(kernel.writeFile("tmp/f", bytes), 0);
      const fd = kernel.open("tmp/f");
      assert.equal(kernel.path("path_unlink_file", "tmp/f"), 0);
      assert.deepEqual(kernel.read(fd, 3, 999_998n), Buffer.from("zz"));
      assert.equal((kernel.fstat(fd) as FileStat).nlink, 0);
      kernel.close(fd);
      if (round === 1) pages = kernel.hostMemory.buffer.byteLength;
    }
    assert.equal(kernel.hostMemory.buffer.byteLength, pages);
  });

  test("directories of many entries are found, listed and removed", () => {
    const { kernel } = start({ d: { dir: { zero: { file: "" } } } });
    const names = Array.from({ length: 5000 }, (_, index) => `entry-${index}`);
    for (const entry of names) assert.equal(kernel.writeFile(`d/${entry}`, entry), 0);
    assert.deepEqual(kernel.list("d"), [...names, "zero"].sort());
    for (const entry of names) if (!entry.endsWith("7")) kernel.path("path_unlink_file", `d/${entry}`);
    assert.deepEqual(kernel.list("d"), [...names.filter((entry) => entry.endsWith("7")), "zero"].sort());
    assert.deepEqual(kernel.readFile("d/entry-4997"), Buffer.from("entry-4997"));
  });

  test("appending goes to the end, wherever the position is", () => {
    const { kernel } = start({ f: { file: "abc" } });
    const fd = kernel.open("f", { write: true, fdflags: 1 });
    assert.equal(kernel.write(fd, "1"), 1);
    assert.equal(kernel.write(fd, "2", 0n), 1);
    assert.deepEqual(kernel.readFile("f"), Buffer.from("abc12"));
    assert.equal(kernel.call("fd_fdstat_set_flags", fd, 0), 0);
    assert.equal(kernel.write(fd, "X", 0n), 1);
    assert.deepEqual(kernel.readFile("f"), Buffer.from("Xbc12"));
  });

  test("fd_allocate extends and never shrinks", () => {
    const { kernel } = start({ f: { file: "abc" } });
    const fd = kernel.open("f", { write: true });
    assert.equal(kernel.call("fd_allocate", fd, 0n, 2n), 0);
    assert.equal(stat(kernel, "f").size, 3);
    assert.equal(kernel.call("fd_allocate", fd, 2n, 8n), 0);
    assert.deepEqual(kernel.readFile("f"), Buffer.from("abc\0\0\0\0\0\0\0"));
    assert.equal(name(kernel.call("fd_allocate", fd, 0n, 0n)), "EINVAL");
    assert.equal(name(kernel.call("fd_allocate", kernel.open("f"), 0n, 1n)), "EBADF");
  });
});

describe("times", () => {
  test("writing changes mtime and ctime, linking ctime, a directory's follow its names", () => {
    const { kernel } = start({ d: { dir: { f: { file: "x" } } } });
    assert.equal(stat(kernel, "d").mtime, IMAGE_TIME);
    const fd = kernel.open("d/f", { write: true });
    kernel.write(fd, "y");
    const written = stat(kernel, "d/f");
    assert.ok(written.mtime > IMAGE_TIME && written.ctime === written.mtime);
    assert.equal(stat(kernel, "d").mtime, IMAGE_TIME);
    assert.equal(kernel.link("d/f", "d/g"), 0);
    const linked = stat(kernel, "d/f");
    assert.ok(linked.ctime > written.ctime && linked.mtime === written.mtime);
    assert.ok(stat(kernel, "d").mtime > written.mtime);
  });

  test("are set to a value, to now, or left", () => {
    const { kernel, host } = start({ f: { file: "x" } });
    const set = (atime: bigint, mtime: bigint, flags: number): number =>
      kernel.call("path_filestat_set_times", 3, 1, ...kernel.put(8192, "f"), atime, mtime, flags);
    assert.equal(set(5n, 7n, 1 | 4), 0);
    assert.deepEqual([stat(kernel, "f").atime, stat(kernel, "f").mtime], [5n, 7n]);
    const before = host.time;
    assert.equal(set(9n, 9n, 2), 0);
    assert.ok(stat(kernel, "f").atime > before && stat(kernel, "f").mtime === 7n);
    assert.equal(name(set(1n, 1n, 1 | 2)), "EINVAL");
    const fd = kernel.open("f");
    assert.equal(kernel.call("fd_filestat_set_times", fd, 1n, 2n, 5), 0);
    assert.equal(stat(kernel, "f").mtime, 2n);
  });
});

describe("reading directories", () => {
  const entries = (kernel: Kernel, fd: number, cookie: bigint, size?: number): readonly Entry[] => {
    const result = kernel.readdir(fd, cookie, size);
    assert.ok(typeof result !== "number");
    return result;
  };

  test("an entry that stays is seen once, whatever comes and goes in between", () => {
    const names = Array.from({ length: 40 }, (_, index) => `n${String(index).padStart(2, "0")}`);
    const { kernel } = start({
      d: { dir: Object.fromEntries(names.map((n) => [n, { file: "" } as TestNode])) },
    });
    const fd = kernel.open("d", { oflags: 2, readdir: true });
    const seen: string[] = [];
    let cookie = 0n;
    for (let round = 0; ; round++) {
      const [entry] = entries(kernel, fd, cookie, 40);
      if (entry === undefined) break;
      seen.push(entry.name);
      cookie = entry.next;
      // What was seen goes; new names come: both would shift an index.
      if (entry.name.startsWith("n") && round % 3 === 0) kernel.path("path_unlink_file", `d/${entry.name}`);
      if (round < 30) kernel.writeFile(`d/new${round}`, "");
    }
    assert.deepEqual(
      seen.filter((n) => n.startsWith("n") && !n.startsWith("new")),
      names,
    );
    assert.equal(new Set(seen).size, seen.length);
  });

  test("a buffer that is too small is filled to its end, and the entry comes again", () => {
    const { kernel } = start({ d: { dir: { "a-long-name": { file: "" } } } });
    const fd = kernel.open("d", { oflags: 2, readdir: true });
    const dots = entries(kernel, fd, 0n, 60);
    assert.deepEqual(
      dots.map((entry) => entry.name),
      [".", ".."],
    );
    assert.equal(kernel.view.getUint32(1024, true), 60);
    assert.equal(entries(kernel, fd, dots[1]!.next)[0]!.name, "a-long-name");
  });

  test("of what is no directory is refused", () => {
    const { kernel } = start({ f: { file: "" } });
    assert.equal(name(kernel.readdir(kernel.open("f")) as number), "ENOTDIR");
  });
});
