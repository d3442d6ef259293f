/*
 * abi.h: the words that every file of the kernel shares.
 *
 * Contract: no file includes a C library. Functions that can fail return 0 (or a count) or a negative
 * Linux errno; the personality translates them for its guest. Times are nanoseconds since 1970.
 */
#ifndef BOXWRIGHT_ABI_H
#define BOXWRIGHT_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define NORETURN __attribute__((noreturn))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Linux's numbers (asm-generic/errno-base.h, errno.h). */
enum {
  EPERM = 1, ENOENT = 2, EIO = 5, ENXIO = 6, E2BIG = 7, ENOEXEC = 8, EBADF = 9, EAGAIN = 11, ENOMEM = 12,
  EACCES = 13, EFAULT = 14, EBUSY = 16, EEXIST = 17, EXDEV = 18, ENODEV = 19, ENOTDIR = 20, EISDIR = 21,
  EINVAL = 22, EMFILE = 24, EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EROFS = 30, EMLINK = 31, EPIPE = 32,
  ENAMETOOLONG = 36, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, ENOTSOCK = 88, EOPNOTSUPP = 95
};

/* File types and permissions, as in inode(7). */
enum {
  S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFBLK = 0060000,
  S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000, S_ISGID = 02000, S_ISVTX = 01000
};
enum { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_READ = 4 };

enum {
  PATH_LIMIT = 4096,     /* Linux's PATH_MAX: bytes of a path, with its NUL */
  NAME_LIMIT = 255,      /* bytes of one name */
  SYMLINK_LIMIT = 40,    /* links followed in one resolution (path_resolution(7)) */
  DESCRIPTOR_LIMIT = 65536,
  LINK_LIMIT = 65000
};
#define FILE_SIZE_LIMIT ((u64)1 << 40)
#define NANOSECONDS 1000000000ull

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);

#endif
