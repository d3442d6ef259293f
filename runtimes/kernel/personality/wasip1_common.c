/* wasip1_common.c: translations between Linux's and preview 1's numbers. */
#include "../vfs/vfs.h"
#include "wasip1.h"

u32 wasi_errno(i32 result) {
  if (result >= 0) return 0;
  switch (-result) {
    case E2BIG: return 1;
    case EACCES: return 2;
    case EAGAIN: return 6;
    case EBADF: return 8;
    case EBUSY: return 10;
    case EEXIST: return 20;
    case EFAULT: return 21;
    case EFBIG: return 22;
    case EINVAL: return 28;
    case EIO: return 29;
    case EISDIR: return 31;
    case ELOOP: return 32;
    case EMFILE: return 33;
    case EMLINK: return 34;
    case ENAMETOOLONG: return 37;
    case ENODEV: return 43;
    case ENOENT: return 44;
    case ENOEXEC: return 45;
    case ENOMEM: return 48;
    case ENOSPC: return 51;
    case ENOSYS: return 52;
    case ENOTDIR: return 54;
    case ENOTEMPTY: return 55;
    case ENOTSOCK: return 57;
    case EOPNOTSUPP: return 58;
    case ENXIO: return 60;
    case EPERM: return 63;
    case EPIPE: return 64;
    case EROFS: return 69;
    case ESPIPE: return 70;
    case EXDEV: return 75;
    default: return 29;
  }
}

u32 wasi_filetype(u32 mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return P1_REGULAR_FILE;
    case S_IFDIR: return P1_DIRECTORY;
    case S_IFLNK: return P1_SYMBOLIC_LINK;
    case S_IFCHR: return P1_CHARACTER_DEVICE;
    case S_IFBLK: return P1_BLOCK_DEVICE;
    default: return P1_UNKNOWN;
  }
}

u32 wasi_file(u32 fd, struct file **file) {
  *file = file_of(fd);
  return *file ? 0 : wasi_errno(-EBADF);
}

/*
 * Device 1; inode numbers from 1: 0 means "none" to some programs. The file type is one byte; what preview 1 leaves
 * unused of its eight tells the guests that look there (docs/runtimes.md, "Permissions") the permissions and owners:
 * a byte 1, then mode, uid and gid, 16 bits each.
 */
void wasi_write_filestat(u32 ino, u32 at) {
  const struct inode *n = inode_get(ino);
  guest_store64(at, 1);
  guest_store64(at + 8, (u64)ino + 1);
  u32 permissions = 1u << 8 | (n->mode & 07777) << 16;
  u64 owners = (u64)MIN(n->uid, 0xffffu) | (u64)MIN(n->gid, 0xffffu) << 16;
  guest_store64(at + 16, wasi_filetype(n->mode) | permissions | owners << 32);
  guest_store64(at + 24, n->nlink);
  guest_store64(at + 32, is_directory(n) ? 4096 : n->size);
  guest_store64(at + 40, (u64)n->atime);
  guest_store64(at + 48, (u64)n->mtime);
  guest_store64(at + 56, (u64)n->ctime);
}

bool wasi_time(u32 flags, u32 set, u32 set_now, u64 given, i64 *time) {
  if ((flags & set) && (flags & set_now)) return false;
  *time = flags & set ? (i64)given : flags & set_now ? TIME_NOW : TIME_KEEP;
  return true;
}
