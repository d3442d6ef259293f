/** What strerror(3) says of each name. */
const MESSAGES: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EBADF: "Bad file descriptor",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMLINK: "Too many links",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty",
  ENOTSUP: "Operation not supported",
  EPERM: "Operation not permitted",
  EPIPE: "Broken pipe",
  EROFS: "Read-only file system",
  EXDEV: "Invalid cross-device link",
};

/** The POSIX name of a failure of the tree or a channel, or undefined for a fault of ours. */
export function errnoName(error: unknown): string | undefined {
  const name = (error as { readonly errno?: unknown } | undefined)?.errno;
  return typeof name === "string" && name in MESSAGES ? name : undefined;
}

/** For people. Rethrows what is not a file's or channel's failure. */
export function messageOf(error: unknown): string {
  const name = errnoName(error);
  if (name === undefined) throw error;
  return MESSAGES[name]!;
}
