import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binaryen } from "../../../scripts/kernel/binaryen.ts";
import { type KernelMemories, mergeKernel } from "../../../scripts/kernel/merge.ts";
import { wasmEngine } from "../../../scripts/runtimes/wasm/engine.ts";
import { Exit, type HostOptions, TestHost } from "./host.ts";
import { encodeImage, type TestImage } from "./image.ts";
import { spliceImage } from "./splice.ts";

const PREVIEW1 = [
  ..."args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get".split(" "),
  ..."fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags".split(" "),
  ..."fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread".split(" "),
  ..."fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read fd_readdir fd_renumber fd_seek fd_sync".split(" "),
  ..."fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link".split(" "),
  ..."path_open path_readlink path_remove_directory path_rename path_symlink path_unlink_file".split(" "),
  ..."poll_oneoff proc_exit proc_raise sched_yield random_get sock_accept sock_recv sock_send".split(" "),
  "sock_shutdown",
];

/** Compiles WAT with binaryen. */
export async function assemble(file: string): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-kernel-test-"));
  try {
    const output = join(directory, "module.wasm");
    await binaryen("wasm-as", [fileURLToPath(new URL(file, import.meta.url)), "-o", output]);
    return await readFile(output);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A template with the empty guest, all of whose preview-1 functions are exported. */
export async function testTemplate(memories: KernelMemories): Promise<Uint8Array> {
  const functions = PREVIEW1.map((name) => [name, name] as const);
  const guestMemory = memories === "two" ? [["memory", "guest_memory"] as const] : [];
  return mergeKernel({
    guest: await assemble("guest.wat"),
    port: "wasip1",
    memories,
    exports: new Map([...functions, ...guestMemory]),
  });
}

export interface Started {
  readonly kernel: Kernel;
  readonly host: TestHost;
  /** undefined: the guest has started (and, doing nothing, returned). */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What the guest's chdir was called with. */
  readonly cwd: string;
}

export function startImage(template: Uint8Array, image: TestImage, options: HostOptions = {}): Started {
  return startModule(new wasmEngine.Module(spliceImage(template, encodeImage(image))), options);
}

export function startModule(module: object, options: HostOptions = {}): Started {
  const host = new TestHost(options);
  let cwd = "/";
  const chdir = (at: number): number => {
    const bytes = Buffer.from(kernel.memory.buffer, at);
    cwd = bytes.subarray(0, bytes.indexOf(0)).toString();
    return 0;
  };
  const imports = { wasi_snapshot_preview1: host.imports, test: { chdir } };
  const { exports } = new wasmEngine.Instance(module, imports);
  const kernel = new Kernel(exports);
  host.attach(exports["memory"] as { buffer: ArrayBuffer });
  let exitCode: number | undefined;
  try {
    (exports["_start"] as () => void)();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    exitCode = error.code;
  }
  const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
  return { kernel, host, exitCode, stdout: text(host.stdout), stderr: text(host.stderr), cwd };
}

export interface FileStat {
  readonly ino: bigint;
  readonly type: number;
  readonly nlink: number;
  readonly size: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
}

export interface Entry {
  readonly name: string;
  readonly ino: bigint;
  readonly type: number;
  readonly next: bigint;
}

/** Fixed places in the guest's memory for arguments. */
const RESULT = 1024;
const FIRST = 8192;
const SECOND = 16384;
const DATA = 65536;

/** The kernel's preview-1 functions, called from outside. Results: the preview-1 errno, or what was asked for. */
export class Kernel {
  /** The guest's memory. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** The one that the host sees: the kernel's. */
  readonly hostMemory: { readonly buffer: ArrayBuffer };
  readonly #functions: Readonly<Record<string, unknown>>;

  constructor(exports: Readonly<Record<string, unknown>>) {
    this.#functions = exports;
    this.hostMemory = exports["memory"] as { buffer: ArrayBuffer };
    this.memory = (exports["guest_memory"] ?? exports["memory"]) as { buffer: ArrayBuffer };
  }

  /** Calls a function by its preview-1 name. */
  call(name: string, ...args: readonly (number | bigint)[]): number {
    return (this.#functions[name] as (...args: readonly (number | bigint)[]) => number)(...args);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  bytes(at: number, size: number): Buffer {
    return Buffer.from(this.memory.buffer, at, size);
  }

  put(at: number, text: string | Uint8Array): [number, number] {
    const bytes = Buffer.from(text);
    this.bytes(at, bytes.length).set(bytes);
    return [at, bytes.length];
  }

  /** The new descriptor, or minus the errno. */
  open(path: string, options: OpenOptions = {}): number {
    const rights =
      (options.read === false ? 0n : 2n) | (options.write ? 64n : 0n) | (options.readdir ? 1n << 14n : 0n);
    const errno = this.call(
      "path_open",
      options.dir ?? 3,
      options.follow === false ? 0 : 1,
      ...this.put(FIRST, path),
      options.oflags ?? 0,
      rights,
      0n,
      options.fdflags ?? 0,
      RESULT,
    );
    return errno === 0 ? this.view.getUint32(RESULT, true) : -errno;
  }

  /** The bytes, or the errno. */
  read(fd: number, size: number, offset?: bigint): Buffer | number {
    this.view.setUint32(FIRST, DATA, true);
    this.view.setUint32(FIRST + 4, size, true);
    const errno =
      offset === undefined
        ? this.call("fd_read", fd, FIRST, 1, RESULT)
        : this.call("fd_pread", fd, FIRST, 1, offset, RESULT);
    return errno === 0 ? Buffer.from(this.bytes(DATA, this.view.getUint32(RESULT, true))) : errno;
  }

  /** How many bytes were written, or minus the errno. */
  write(fd: number, bytes: string | Uint8Array, offset?: bigint): number {
    const [at, size] = this.put(DATA, bytes);
    this.view.setUint32(FIRST, at, true);
    this.view.setUint32(FIRST + 4, size, true);
    const errno =
      offset === undefined
        ? this.call("fd_write", fd, FIRST, 1, RESULT)
        : this.call("fd_pwrite", fd, FIRST, 1, offset, RESULT);
    return errno === 0 ? this.view.getUint32(RESULT, true) : -errno;
  }

  close(fd: number): number {
    return this.call("fd_close", fd);
  }

  /** A path function of one path. */
  path(name: string, path: string, dir = 3): number {
    return this.call(name, dir, ...this.put(FIRST, path));
  }

  rename(from: string, to: string): number {
    return this.call("path_rename", 3, ...this.put(FIRST, from), 3, ...this.put(SECOND, to));
  }

  link(from: string, to: string, follow = false): number {
    return this.call("path_link", 3, follow ? 1 : 0, ...this.put(FIRST, from), 3, ...this.put(SECOND, to));
  }

  symlink(target: string, path: string): number {
    return this.call("path_symlink", ...this.put(FIRST, target), 3, ...this.put(SECOND, path));
  }

  readlink(path: string, size = 4096): string | number {
    const errno = this.call("path_readlink", 3, ...this.put(FIRST, path), DATA, size, RESULT);
    return errno === 0 ? this.bytes(DATA, this.view.getUint32(RESULT, true)).toString() : errno;
  }

  stat(path: string, follow = true): FileStat | number {
    const errno = this.call("path_filestat_get", 3, follow ? 1 : 0, ...this.put(FIRST, path), RESULT);
    return errno === 0 ? this.#filestat() : errno;
  }

  fstat(fd: number): FileStat | number {
    const errno = this.call("fd_filestat_get", fd, RESULT);
    return errno === 0 ? this.#filestat() : errno;
  }

  #filestat(): FileStat {
    const number = (at: number): bigint => this.view.getBigUint64(RESULT + at, true);
    return {
      ino: number(8),
      type: this.view.getUint8(RESULT + 16),
      nlink: Number(number(24)),
      size: Number(number(32)),
      atime: number(40),
      mtime: number(48),
      ctime: number(56),
    };
  }

  /** All entries from a cookie on that fit whole into `size` bytes; or the errno. */
  readdir(fd: number, cookie = 0n, size = 32768): readonly Entry[] | number {
    const errno = this.call("fd_readdir", fd, DATA, size, cookie, RESULT);
    if (errno !== 0) return errno;
    const end = DATA + this.view.getUint32(RESULT, true);
    const entries: Entry[] = [];
    for (let at = DATA; at + 24 <= end; ) {
      const length = this.view.getUint32(at + 16, true);
      if (at + 24 + length > end) break;
      entries.push({
        next: this.view.getBigUint64(at, true),
        ino: this.view.getBigUint64(at + 8, true),
        type: this.view.getUint8(at + 20),
        name: this.bytes(at + 24, length).toString(),
      });
      at += 24 + length;
    }
    return entries;
  }

  /** The names of a directory, sorted, without "." and "..". */
  list(path: string): readonly string[] {
    const fd = this.open(path, { oflags: 2, readdir: true });
    const names: string[] = [];
    for (let cookie = 0n; ; ) {
      const entries = this.readdir(fd, cookie) as readonly Entry[];
      if (entries.length === 0) break;
      names.push(...entries.map(({ name }) => name));
      cookie = entries.at(-1)!.next;
    }
    this.close(fd);
    return names.filter((name) => name !== "." && name !== "..").sort();
  }

  readFile(path: string): Buffer | number {
    const fd = this.open(path);
    if (fd < 0) return -fd;
    const parts: Buffer[] = [];
    for (;;) {
      const part = this.read(fd, 65536);
      if (typeof part === "number") return part;
      if (part.length === 0) break;
      parts.push(part);
    }
    this.close(fd);
    return Buffer.concat(parts);
  }

  /** The errno of making or replacing a file. */
  writeFile(path: string, bytes: string | Uint8Array): number {
    const fd = this.open(path, { write: true, oflags: 1 | 8 });
    if (fd < 0) return -fd;
    const all = Buffer.from(bytes);
    for (let at = 0; at < all.length; at += 65536) {
      const written = this.write(fd, all.subarray(at, at + 65536));
      if (written < 0) return -written;
    }
    return this.close(fd);
  }

  /** argv or environ, as the guest gets them. */
  strings(name: "args" | "environ"): readonly string[] {
    this.call(`${name}_sizes_get`, RESULT, RESULT + 4);
    const count = this.view.getUint32(RESULT, true);
    this.call(`${name}_get`, FIRST, DATA);
    return Array.from({ length: count }, (_, index) => {
      const at = this.view.getUint32(FIRST + 4 * index, true);
      const bytes = Buffer.from(this.memory.buffer, at);
      return bytes.subarray(0, bytes.indexOf(0)).toString();
    });
  }
}

export interface OpenOptions {
  readonly dir?: number;
  readonly follow?: boolean;
  /** 1 create, 2 directory, 4 exclusive, 8 truncate. */
  readonly oflags?: number;
  /** 1 append, 4 non-blocking. */
  readonly fdflags?: number;
  /** Default true. */
  readonly read?: boolean;
  readonly write?: boolean;
  readonly readdir?: boolean;
}
