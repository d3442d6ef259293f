import { BoxwrightError } from "../errors/index.ts";
import type { Errno } from "./types.ts";

const texts: Readonly<Record<Errno, string>> = {
  EACCES: "permission denied",
  EBADF: "bad file descriptor",
  EEXIST: "file exists",
  EFBIG: "file too large",
  EINVAL: "invalid argument",
  EISDIR: "is a directory",
  ELOOP: "too many levels of symbolic links",
  EMLINK: "too many links",
  ENAMETOOLONG: "file name too long",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
  EXDEV: "invalid cross-device link",
  EBUSY: "device or resource busy",
  EIO: "input/output error",
  ENOTSUP: "operation not supported",
};

/** What a failing operation on a working tree throws; `errno` (and `code`) is what Linux would give. */
export class FilesystemError extends BoxwrightError {
  readonly errno: Errno;

  constructor(errno: Errno, path?: string) {
    super({ code: errno, message: path === undefined ? texts[errno] : `${texts[errno]}: ${path}` });
    this.name = "FilesystemError";
    this.errno = errno;
  }
}
