import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type FileStat, type Kernel, type Started, testTemplate } from "./support/kernel.ts";
import { nameOf as name, startFiles } from "./support/simple-image.ts";

let template: Uint8Array;
before(async () => {
  template = await testTemplate("two");
});

type Options = Parameters<typeof startFiles> extends [unknown, ...infer Rest] ? Rest : never;
const start = (...options: Options): Started => startFiles(template, ...options);

describe("descriptors", () => {
  test("the lowest free number is taken; close and renumber", () => {
    const { kernel } = start({ a: { file: "a" }, b: { file: "b" } });
    const [a, b] = [kernel.open("a"), kernel.open("b")];
    assert.deepEqual([a, b], [4, 5]);
    assert.equal(kernel.call("fd_renumber", b, a), 0);
    assert.deepEqual(kernel.read(a, 9), Buffer.from("b"));
    assert.equal(name(kernel.close(b)), "EBADF");
    assert.equal(name(kernel.call("fd_renumber", 99, a)), "EBADF");
    assert.equal(kernel.open("a"), b);
  });

  test("there is one pre-opened directory, the root", () => {
    const { kernel } = start();
    assert.equal(kernel.call("fd_prestat_get", 3, 1024), 0);
    assert.deepEqual([...kernel.bytes(1024, 8)], [0, 0, 0, 0, 1, 0, 0, 0]);
    assert.equal(kernel.call("fd_prestat_dir_name", 3, 1024, 1), 0);
    assert.equal(kernel.bytes(1024, 1).toString(), "/");
    assert.equal(name(kernel.call("fd_prestat_get", 4, 1024)), "EBADF");
    assert.equal(name(kernel.call("fd_prestat_get", 1, 1024)), "EBADF");
  });

  test("too many open files are refused", () => {
    const { kernel } = start({ f: { file: "" } });
    let fd = 0;
    while (fd >= 0 && fd < 70_000) fd = kernel.open("f");
    assert.equal(name(fd), "EMFILE");
  });

  test("paths relative to an open directory, and to one that was moved", () => {
    const { kernel } = start({ d: { dir: { sub: { dir: { f: { file: "here" } } } } }, e: { dir: {} } });
    const sub = kernel.open("d/sub", { oflags: 2 });
    assert.ok(kernel.open("f", { dir: sub }) > 0);
    assert.equal(kernel.rename("d/sub", "e/moved"), 0);
    assert.equal(kernel.path("path_create_directory", "../beside", sub), 0);
    assert.deepEqual(kernel.list("e"), ["beside", "moved"]);
    assert.equal(name(kernel.open("f", { dir: kernel.open("guest") })), "ENOTDIR");
  });

  test("in a removed directory nothing is found or made", () => {
    const { kernel } = start({ d: { dir: {} } });
    const dir = kernel.open("d", { oflags: 2 });
    assert.equal(kernel.path("path_remove_directory", "d"), 0);
    assert.equal(name(kernel.open("f", { dir, oflags: 1, write: true })), "ENOENT");
    assert.equal(name(kernel.path("path_create_directory", "x", dir)), "ENOENT");
    assert.equal((kernel.fstat(dir) as FileStat).nlink, 0);
    assert.deepEqual(kernel.readdir(dir), []);
  });

  test("a path with a NUL, an absolute one, and one that is too long", () => {
    const { kernel } = start({ f: { file: "x" } });
    assert.equal(name(kernel.open("f\0g")), "EINVAL");
    assert.ok(kernel.open("/f") > 0);
    assert.equal(name(kernel.open("a/".repeat(2100))), "ENAMETOOLONG");
    assert.equal(name(kernel.open("")), "ENOENT");
  });

  test("several vectors are one read or write", () => {
    const { kernel } = start({ f: { file: "abcdef" } });
    const fd = kernel.open("f", { write: true });
    const vectors = [70_000, 2, 80_000, 100].entries();
    for (const [index, value] of vectors) kernel.view.setUint32(8192 + 4 * index, value, true);
    assert.equal(kernel.call("fd_read", fd, 8192, 2, 1024), 0);
    assert.equal(kernel.view.getUint32(1024, true), 6);
    assert.equal(kernel.bytes(70_000, 2).toString() + kernel.bytes(80_000, 4).toString(), "abcdef");
    kernel.view.setUint32(8192 + 12, 3, true);
    assert.equal(kernel.call("fd_pwrite", fd, 8192, 2, 4n, 1024), 0);
    assert.equal(kernel.readFile("f").toString(), "abcdabcde");
  });
});

describe("waiting", () => {
  /** Writes a clock's subscription. */
  const clock = (
    kernel: Kernel,
    at: number,
    userdata: bigint,
    id: number,
    timeout: bigint,
    flags = 0,
  ): void => {
    kernel.bytes(at, 48).fill(0);
    kernel.view.setBigUint64(at, userdata, true);
    kernel.view.setUint32(at + 16, id, true);
    kernel.view.setBigUint64(at + 24, timeout, true);
    kernel.view.setUint16(at + 40, flags, true);
  };
  const descriptor = (kernel: Kernel, at: number, userdata: bigint, type: number, fd: number): void => {
    kernel.bytes(at, 48).fill(0);
    kernel.view.setBigUint64(at, userdata, true);
    kernel.view.setUint8(at + 8, type);
    kernel.view.setUint32(at + 16, fd, true);
  };
  /** The userdata, error and type of each event. */
  const poll = (kernel: Kernel, count: number): readonly (readonly [bigint, string, number])[] | string => {
    const errno = kernel.call("poll_oneoff", 8192, 16384, count, 1024);
    if (errno !== 0) return name(errno);
    return Array.from({ length: kernel.view.getUint32(1024, true) }, (_, index) => {
      const at = 16384 + 32 * index;
      const error = kernel.view.getUint16(at + 8, true);
      return [kernel.view.getBigUint64(at, true), name(error), kernel.view.getUint8(at + 10)] as const;
    });
  };

  test("for the first of two clocks", () => {
    const { kernel, host } = start();
    clock(kernel, 8192, 1n, 1, 5_000_000n);
    clock(kernel, 8192 + 48, 2n, 1, 1_000_000n);
    assert.deepEqual(poll(kernel, 2), [[2n, "OK", 0]]);
    assert.deepEqual(host.waits, [1_000_000n]);
  });

  test("until a time of day that is past", () => {
    const { kernel, host } = start();
    clock(kernel, 8192, 1n, 0, 1n, 1);
    assert.deepEqual(poll(kernel, 1), [[1n, "OK", 0]]);
    assert.deepEqual(host.waits, []);
  });

  test("files and output are ready at once, an unknown descriptor is an event's error", () => {
    const { kernel } = start({ f: { file: "text" } });
    const fd = kernel.open("f");
    descriptor(kernel, 8192, 1n, 1, fd);
    descriptor(kernel, 8192 + 48, 2n, 2, 1);
    descriptor(kernel, 8192 + 96, 3n, 1, 99);
    clock(kernel, 8192 + 144, 4n, 1, 1_000_000_000n);
    assert.deepEqual(poll(kernel, 4), [
      [1n, "OK", 1],
      [2n, "OK", 2],
      [3n, "EBADF", 1],
    ]);
  });

  test("for standard input, or a clock where there is none", () => {
    for (const [stdin, expected] of [
      [["x"], [1n, "OK", 1]],
      [[], [2n, "OK", 0]],
    ] as const) {
      const { kernel } = start({}, {}, { stdin });
      descriptor(kernel, 8192, 1n, 1, 0);
      clock(kernel, 8192 + 48, 2n, 1, 1_000_000n);
      assert.deepEqual(poll(kernel, 2), [expected]);
    }
  });

  test("a non-blocking read of an empty input says so", () => {
    const { kernel } = start();
    kernel.call("fd_fdstat_set_flags", 0, 4);
    assert.equal(name(kernel.read(0, 1) as number), "EAGAIN");
  });

  test("nothing to wait for is refused", () => {
    const { kernel } = start();
    assert.equal(poll(kernel, 0), "EINVAL");
  });
});

describe("the rest of preview 1", () => {
  test("clocks", () => {
    const { kernel } = start();
    const time = (clock: number): bigint => {
      assert.equal(kernel.call("clock_time_get", clock, 1n, 1024), 0);
      return kernel.view.getBigUint64(1024, true);
    };
    assert.ok(time(0) > 1_800_000_000_000_000_000n);
    const earlier = time(1);
    assert.ok(earlier < time(1));
    assert.ok(time(2) < 1_000_000_000n);
    assert.equal(name(kernel.call("clock_time_get", 9, 1n, 1024)), "EINVAL");
    assert.equal(kernel.call("clock_res_get", 0, 1024), 0);
  });

  test("no descriptor is a socket", () => {
    const { kernel } = start();
    assert.equal(name(kernel.call("sock_shutdown", 1, 1)), "ENOTSOCK");
    assert.equal(name(kernel.call("sock_accept", 3, 0, 1024)), "ENOTSOCK");
    assert.equal(name(kernel.call("sock_send", 99, 0, 0, 0, 1024)), "EBADF");
    assert.equal(name(kernel.call("sock_recv", 0, 0, 0, 0, 1024, 1028)), "ENOTSOCK");
  });

  test("exit and signals end the instance with their code", () => {
    for (const [call, code] of [
      [["proc_exit", 7], 7],
      [["proc_exit", 300], 44],
      [["proc_raise", 6], 134],
    ] as const) {
      const { kernel } = start();
      assert.throws(() => kernel.call(call[0], call[1]), { message: `exit ${code}` });
      assert.equal(kernel.call("boxwright_exit_code"), code);
    }
  });

  test("sync and advice have nothing to do, but check", () => {
    const { kernel } = start({ f: { file: "" } });
    const fd = kernel.open("f");
    assert.deepEqual([kernel.call("fd_sync", fd), kernel.call("fd_datasync", fd)], [0, 0]);
    assert.equal(kernel.call("fd_advise", fd, 0n, 0n, 0), 0);
    assert.equal(name(kernel.call("fd_advise", fd, 0n, 0n, 9)), "EINVAL");
    assert.equal(name(kernel.call("fd_sync", 1)), "EINVAL");
    assert.equal(kernel.call("random_get", 70_000, 3000), 0);
    assert.ok(kernel.bytes(70_000, 3000).every((byte) => byte === 0x5a));
    assert.equal(kernel.call("sched_yield"), 0);
  });
});
