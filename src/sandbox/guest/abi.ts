/** Numbers of wasi_snapshot_preview1 (WASI/legacy/preview1/docs.md), and nothing else. */

export const ERRNO = {
  SUCCESS: 0,
  EACCES: 2,
  EAGAIN: 6,
  EBADF: 8,
  EBUSY: 10,
  EEXIST: 20,
  EFAULT: 21,
  EFBIG: 22,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  EMLINK: 34,
  ENAMETOOLONG: 37,
  ENOENT: 44,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENOTSOCK: 57,
  ENOTSUP: 58,
  EPERM: 63,
  EPIPE: 64,
  EROFS: 69,
  ESPIPE: 70,
  EXDEV: 75,
} as const;

export type ErrnoName = keyof typeof ERRNO;

export const FILETYPE = {
  UNKNOWN: 0,
  BLOCK_DEVICE: 1,
  CHARACTER_DEVICE: 2,
  DIRECTORY: 3,
  REGULAR_FILE: 4,
  SYMBOLIC_LINK: 7,
} as const;

export const OFLAGS = { CREATE: 1, DIRECTORY: 2, EXCLUSIVE: 4, TRUNCATE: 8 } as const;
export const FDFLAGS = { APPEND: 1, DSYNC: 2, NONBLOCK: 4, RSYNC: 8, SYNC: 16 } as const;
export const LOOKUP_FOLLOW = 1;
export const RIGHTS_ALL = 0x1fffffffn;
export const RIGHT_FD_READ = 2n;
export const RIGHT_FD_WRITE = 64n;
export const FSTFLAGS = { ATIM: 1, ATIM_NOW: 2, MTIM: 4, MTIM_NOW: 8 } as const;
/** Not preview 1's: the call's access time is a mode (docs/runtimes.md, "Permissions"). */
export const SET_MODE = 16;
export const WHENCE = { SET: 0, CURRENT: 1, END: 2 } as const;
export const CLOCK = { REALTIME: 0, MONOTONIC: 1, PROCESS: 2, THREAD: 3 } as const;
export const EVENT = { CLOCK: 0, FD_READ: 1, FD_WRITE: 2 } as const;
export const SUBSCRIPTION_ABSTIME = 1;

/** Bytes of the structures in guest memory. */
export const SIZE = { IOVEC: 8, FILESTAT: 64, FDSTAT: 24, DIRENT: 24, SUBSCRIPTION: 48, EVENT: 32 } as const;

/** A failing host function: caught at the boundary and turned into its number. */
export class GuestError extends Error {
  readonly errno: ErrnoName;
  constructor(errno: ErrnoName) {
    super(errno);
    this.errno = errno;
  }
}

/** The number of any error that carries a POSIX name; what has none is not the guest's fault and is rethrown. */
export function errnoOf(error: unknown): number {
  const name = (error as { readonly errno?: unknown }).errno;
  if (typeof name === "string" && Object.hasOwn(ERRNO, name)) return ERRNO[name as ErrnoName];
  throw error;
}
