/** Preview 1's error numbers that the kernel uses, by their names (wasi_snapshot_preview1.witx). */
export const ERRNO: Readonly<Record<number, string>> = {
  0: "OK",
  2: "EACCES",
  6: "EAGAIN",
  8: "EBADF",
  10: "EBUSY",
  20: "EEXIST",
  22: "EFBIG",
  28: "EINVAL",
  29: "EIO",
  31: "EISDIR",
  32: "ELOOP",
  33: "EMFILE",
  34: "EMLINK",
  37: "ENAMETOOLONG",
  43: "ENODEV",
  44: "ENOENT",
  51: "ENOSPC",
  52: "ENOSYS",
  54: "ENOTDIR",
  55: "ENOTEMPTY",
  57: "ENOTSOCK",
  60: "ENXIO",
  63: "EPERM",
  64: "EPIPE",
  69: "EROFS",
  70: "ESPIPE",
};

export function errnoName(errno: number): string {
  return ERRNO[errno] ?? `errno ${errno}`;
}
