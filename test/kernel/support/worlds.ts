import * as fs from "node:fs";
import { errnoName } from "./errno.ts";
import type { FileStat, Kernel } from "./kernel.ts";
import type { OpenMode, Operation } from "./operations.ts";

/** Does operations and tells what came of them, in words that are comparable. */
export interface World {
  perform(operation: Operation): unknown;
}

/** The number of open files that both worlds keep. */
const SLOTS = 6;

const TYPES: Readonly<Record<number, string>> = { 3: "directory", 4: "file", 7: "link" };

export class KernelWorld implements World {
  readonly #kernel: Kernel;
  readonly #root: string;
  readonly #slots: number[] = [];

  constructor(kernel: Kernel, root: string) {
    this.#kernel = kernel;
    this.#root = root;
  }

  perform(operation: Operation): unknown {
    const k = this.#kernel;
    switch (operation.kind) {
      case "open":
        return this.#open(this.#path(operation.path), operation.mode);
      case "close": {
        const fd = this.#slots.splice(operation.slot, 1)[0];
        return fd === undefined ? "no file" : errnoName(k.close(fd));
      }
      case "read": {
        const { position, size } = operation;
        return this.#with(operation.slot, (fd) => {
          const result = k.read(fd, size, position === null ? undefined : BigInt(position));
          return typeof result === "number" ? errnoName(result) : result.toString("latin1");
        });
      }
      case "write": {
        const { position, text } = operation;
        return this.#with(operation.slot, (fd) => {
          const result = k.write(fd, text, position === null ? undefined : BigInt(position));
          return result < 0 ? errnoName(-result) : result;
        });
      }
      case "truncate":
        return this.#with(operation.slot, (fd) =>
          errnoName(k.call("fd_filestat_set_size", fd, BigInt(operation.size))),
        );
      case "fstat":
        return this.#with(operation.slot, (fd) => describe(k.fstat(fd)));
      case "mkdir":
        return errnoName(k.path("path_create_directory", this.#path(operation.path)));
      case "rmdir":
        return errnoName(k.path("path_remove_directory", this.#path(operation.path)));
      case "unlink":
        return errnoName(k.path("path_unlink_file", this.#path(operation.path)));
      case "readlink": {
        const result = k.readlink(this.#path(operation.path));
        return typeof result === "number" ? errnoName(result) : `-> ${result}`;
      }
      case "stat":
        return describe(k.stat(this.#path(operation.path)));
      case "lstat":
        return describe(k.stat(this.#path(operation.path), false));
      case "list": {
        const fd = k.open(this.#path(operation.path), { oflags: 2, readdir: true });
        if (fd < 0) return errnoName(-fd);
        k.close(fd);
        return k.list(this.#path(operation.path));
      }
      case "rename":
        return errnoName(k.rename(this.#path(operation.path), this.#path(operation.to)));
      case "link":
        return errnoName(k.link(this.#path(operation.path), this.#path(operation.to)));
      case "symlink":
        return errnoName(k.symlink(operation.target, this.#path(operation.path)));
      case "utimes": {
        const time = BigInt(operation.seconds) * 1_000_000_000n;
        const path = this.#path(operation.path);
        const errno = k.call("path_filestat_set_times", 3, 1, ...k.put(8192, path), time, time, 5);
        if (errno !== 0) return errnoName(errno);
        return String((k.stat(path) as FileStat).mtime / 1_000_000_000n);
      }
    }
  }

  #path(path: string): string {
    return `${this.#root}/${path}`;
  }

  #with(slot: number, action: (fd: number) => unknown): unknown {
    const fd = this.#slots[slot];
    return fd === undefined ? "no file" : action(fd);
  }

  #open(path: string, mode: OpenMode): string {
    const oflags =
      (mode.create ? 1 : 0) | (mode.directory ? 2 : 0) | (mode.exclusive ? 4 : 0) | (mode.truncate ? 8 : 0);
    const fdflags = mode.append ? 1 : 0;
    const { read, write, follow } = mode;
    const fd = this.#kernel.open(path, { oflags, fdflags, read, write, follow });
    if (fd < 0) return errnoName(-fd);
    if (this.#slots.length === SLOTS) return errnoName(this.#kernel.close(fd));
    this.#slots.push(fd);
    return "OK";
  }
}

function describe(stat: FileStat | number): string {
  if (typeof stat === "number") return errnoName(stat);
  const type = TYPES[stat.type] ?? `type ${stat.type}`;
  return type === "directory" ? type : `${type} ${stat.size} ${stat.nlink}`;
}

export class LinuxWorld implements World {
  readonly #root: string;
  readonly #slots: number[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  perform(operation: Operation): unknown {
    try {
      return this.#perform(operation) ?? "OK";
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  }

  closeAll(): void {
    for (const fd of this.#slots) fs.closeSync(fd);
  }

  #perform(operation: Operation): unknown {
    switch (operation.kind) {
      case "open":
        return this.#open(this.#path(operation.path), operation.mode);
      case "close": {
        const fd = this.#slots.splice(operation.slot, 1)[0];
        return fd === undefined ? "no file" : fs.closeSync(fd);
      }
      case "read":
        return this.#with(operation.slot, (fd) => {
          const buffer = Buffer.alloc(operation.size);
          const size = fs.readSync(fd, buffer, 0, operation.size, operation.position);
          return buffer.subarray(0, size).toString("latin1");
        });
      case "write":
        return this.#with(operation.slot, (fd) =>
          fs.writeSync(fd, Buffer.from(operation.text), 0, null, operation.position),
        );
      case "truncate":
        return this.#with(operation.slot, (fd) => fs.ftruncateSync(fd, operation.size));
      case "fstat":
        return this.#with(operation.slot, (fd) => describeNode(fs.fstatSync(fd)));
      case "mkdir":
        return void fs.mkdirSync(this.#path(operation.path));
      case "rmdir":
        return fs.rmdirSync(this.#path(operation.path));
      case "unlink":
        return fs.unlinkSync(this.#path(operation.path));
      case "readlink":
        return `-> ${fs.readlinkSync(this.#path(operation.path))}`;
      case "stat":
        return describeNode(fs.statSync(this.#path(operation.path)));
      case "lstat":
        return describeNode(fs.lstatSync(this.#path(operation.path)));
      case "list":
        return fs.readdirSync(this.#path(operation.path)).sort();
      case "rename":
        return fs.renameSync(this.#path(operation.path), this.#path(operation.to));
      case "link":
        return fs.linkSync(this.#path(operation.path), this.#path(operation.to));
      case "symlink":
        return fs.symlinkSync(operation.target, this.#path(operation.path));
      case "utimes": {
        const path = this.#path(operation.path);
        fs.utimesSync(path, operation.seconds, operation.seconds);
        return String(fs.statSync(path, { bigint: true }).mtimeNs / 1_000_000_000n);
      }
    }
  }

  #path(path: string): string {
    return `${this.#root}/${path}`;
  }

  #with(slot: number, action: (fd: number) => unknown): unknown {
    const fd = this.#slots[slot];
    return fd === undefined ? "no file" : action(fd);
  }

  #open(path: string, mode: OpenMode): string {
    const c = fs.constants;
    const access = mode.read ? (mode.write ? c.O_RDWR : c.O_RDONLY) : c.O_WRONLY;
    const flags =
      access |
      (mode.create ? c.O_CREAT : 0) |
      (mode.exclusive ? c.O_EXCL : 0) |
      (mode.truncate ? c.O_TRUNC : 0) |
      (mode.append ? c.O_APPEND : 0) |
      (mode.directory ? c.O_DIRECTORY : 0) |
      (mode.follow ? 0 : c.O_NOFOLLOW);
    const fd = fs.openSync(path, flags, 0o644);
    if (this.#slots.length === SLOTS) fs.closeSync(fd);
    else this.#slots.push(fd);
    return "OK";
  }
}

function describeNode(stat: fs.Stats): string {
  if (stat.isDirectory()) return "directory";
  return `${stat.isSymbolicLink() ? "link" : "file"} ${stat.size} ${stat.nlink}`;
}

/** The whole tree below a directory, one line for each name. */
export function listing(world: World, path = "."): readonly string[] {
  const names = world.perform({ kind: "list", path }) as readonly string[];
  return names.flatMap((name) => {
    const child = `${path}/${name}`;
    const stat = world.perform({ kind: "lstat", path: child });
    const target = world.perform({ kind: "readlink", path: child });
    const line = `${child} ${String(stat)} ${String(target)}`;
    return stat === "directory" ? [line, ...listing(world, child)] : [line];
  });
}
