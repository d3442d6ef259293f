/* wasip1_fd.c: the fd_* functions, but fd_readdir (wasip1_path.c). */
#include "../vfs/device.h"
#include "../vfs/vfs.h"
#include "wasip1.h"

enum { SET_ATIME = 1, SET_ATIME_NOW = 2, SET_MTIME = 4, SET_MTIME_NOW = 8, ALL_TIMES = 15 };
enum { ADVICE_LIMIT = 5, VECTOR_LIMIT = 1024 };

#define RIGHT(n) ((u64)1 << (n))
enum {
  DATASYNC, READ, SEEK, FDSTAT_SET_FLAGS, SYNC, TELL, WRITE, ADVISE, ALLOCATE, PATH_FIRST, READDIR = 14,
  FILESTAT_GET = 21, FILESTAT_SET_SIZE = 22, FILESTAT_SET_TIMES = 23, PATH_LAST = 26, POLL = 27
};
#define ALL_RIGHTS (RIGHT(30) - 1)

static u64 rights(const struct file *file, const struct inode *n) {
  if (is_directory(n)) return ALL_RIGHTS & ~(RIGHT(READ) | RIGHT(WRITE) | RIGHT(SEEK) | RIGHT(TELL));
  u64 set = RIGHT(FDSTAT_SET_FLAGS) | RIGHT(SYNC) | RIGHT(ADVISE) | RIGHT(FILESTAT_GET) | RIGHT(FILESTAT_SET_TIMES) |
            RIGHT(POLL);
  if (file->flags & OPEN_READ) set |= RIGHT(READ);
  if (file->flags & OPEN_WRITE) set |= RIGHT(WRITE) | RIGHT(DATASYNC) | RIGHT(ALLOCATE) | RIGHT(FILESTAT_SET_SIZE);
  /* isatty of wasi-libc: a character device without these two. */
  bool seekable = (n->mode & S_IFMT) == S_IFCHR ? !device_is_terminal(n) : is_file(n);
  return seekable ? set | RIGHT(SEEK) | RIGHT(TELL) : set;
}

WASI_EXPORT(fd_fdstat_get)(u32 fd, u32 at) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  const struct inode *n = inode_get(file->ino);
  u32 flags = (file->flags & OPEN_APPEND ? FDFLAG_APPEND : 0) | (file->flags & OPEN_NONBLOCK ? FDFLAG_NONBLOCK : 0) |
              (file->flags & OPEN_SYNC ? FDFLAG_SYNC : 0) | (file->flags & OPEN_DSYNC ? FDFLAG_DSYNC : 0);
  guest_store64(at, wasi_filetype(n->mode) | (u64)flags << 16);
  guest_store64(at + 8, rights(file, n));
  guest_store64(at + 16, is_directory(n) ? ALL_RIGHTS : 0);
  return 0;
}

WASI_EXPORT(fd_fdstat_set_flags)(u32 fd, u32 flags) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  if (flags & ~31u) return wasi_errno(-EINVAL);
  /* fcntl(2): of these, F_SETFL changes O_APPEND and O_NONBLOCK only. */
  file->flags &= ~(u32)(OPEN_APPEND | OPEN_NONBLOCK);
  file->flags |= (flags & FDFLAG_APPEND ? OPEN_APPEND : 0) | (flags & FDFLAG_NONBLOCK ? OPEN_NONBLOCK : 0);
  return 0;
}

WASI_EXPORT(fd_fdstat_set_rights)(u32 fd, u64 base, u64 inheriting) {
  struct file *file;
  (void)base, (void)inheriting;
  return wasi_file(fd, &file);
}

WASI_EXPORT(fd_prestat_get)(u32 fd, u32 at) {
  struct file *file = fd == PREOPEN ? file_of(fd) : NULL;
  if (!file || file->ino != ROOT) return wasi_errno(-EBADF);
  guest_store32(at, 0);
  guest_store32(at + 4, 1);
  return 0;
}

WASI_EXPORT(fd_prestat_dir_name)(u32 fd, u32 at, u32 size) {
  struct file *file = fd == PREOPEN ? file_of(fd) : NULL;
  if (!file || file->ino != ROOT) return wasi_errno(-EBADF);
  if (size < 1) return wasi_errno(-ENAMETOOLONG);
  guest_store8(at, '/');
  return 0;
}

WASI_EXPORT(fd_close)(u32 fd) { return wasi_errno(file_close(fd)); }
WASI_EXPORT(fd_renumber)(u32 from, u32 to) { return wasi_errno(file_renumber(from, to)); }

/* Reads or writes each vector until one falls short; an error counts only if nothing was done before it. */
static u32 transfer(u32 fd, u32 vectors, u32 count, const u64 *offset, u32 result, bool writing) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  if (count > VECTOR_LIMIT) return wasi_errno(-EINVAL);
  if (offset && *offset > INT64_MAX) return wasi_errno(-EINVAL);
  u64 at = offset ? *offset : 0;
  u32 total = 0;
  i32 done = 0;
  /* With no vectors the errors are still those of an empty transfer. */
  if (!count) done = writing ? file_write(file, offset, 0, 0) : file_read(file, offset, 0, 0);
  for (u32 i = 0; i < count; i++) {
    u32 base = guest_load32(vectors + 8 * i), size = guest_load32(vectors + 8 * i + 4);
    const u64 *where = offset ? &at : NULL;
    done = writing ? file_write(file, where, base, size) : file_read(file, where, base, size);
    if (done < 0) break;
    total += (u32)done;
    at += (u32)done;
    if ((u32)done < size) break;
    /* A stream gives what it has: asking again could block. */
    if (!writing && size && device_is_stream(inode_get(file->ino))) break;
  }
  if (done < 0 && !total) return wasi_errno(done);
  guest_store32(result, total);
  return 0;
}

WASI_EXPORT(fd_read)(u32 fd, u32 vectors, u32 count, u32 result) {
  return transfer(fd, vectors, count, NULL, result, false);
}
WASI_EXPORT(fd_write)(u32 fd, u32 vectors, u32 count, u32 result) {
  return transfer(fd, vectors, count, NULL, result, true);
}
WASI_EXPORT(fd_pread)(u32 fd, u32 vectors, u32 count, u64 offset, u32 result) {
  return transfer(fd, vectors, count, &offset, result, false);
}
WASI_EXPORT(fd_pwrite)(u32 fd, u32 vectors, u32 count, u64 offset, u32 result) {
  return transfer(fd, vectors, count, &offset, result, true);
}

WASI_EXPORT(fd_seek)(u32 fd, i64 offset, u32 whence, u32 result) {
  struct file *file;
  u64 position;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  int error = file_seek(file, offset, whence, &position);
  if (!error) guest_store64(result, position);
  return wasi_errno(error);
}

WASI_EXPORT(fd_tell)(u32 fd, u32 result) { return fd_seek(fd, 0, SEEK_CUR, result); }

WASI_EXPORT(fd_advise)(u32 fd, u64 offset, u64 size, u32 advice) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  if (advice > ADVICE_LIMIT || offset > INT64_MAX || size > INT64_MAX) return wasi_errno(-EINVAL);
  return device_is_stream(inode_get(file->ino)) ? wasi_errno(-ESPIPE) : 0;
}

WASI_EXPORT(fd_allocate)(u32 fd, u64 offset, u64 size) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  return wasi_errno(file_allocate(file, offset, size));
}

/* Nothing outlives the instance, so nothing needs to be written back. */
WASI_EXPORT(fd_sync)(u32 fd) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  const struct inode *n = inode_get(file->ino);
  return is_file(n) || is_directory(n) ? 0 : wasi_errno(-EINVAL);
}
WASI_EXPORT(fd_datasync)(u32 fd) { return fd_sync(fd); }

WASI_EXPORT(fd_filestat_get)(u32 fd, u32 at) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  wasi_write_filestat(file->ino, at);
  return 0;
}

WASI_EXPORT(fd_filestat_set_size)(u32 fd, u64 size) {
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  return wasi_errno(file_resize(file, size));
}

WASI_EXPORT(fd_filestat_set_times)(u32 fd, u64 atime, u64 mtime, u32 flags) {
  struct file *file;
  i64 a, m;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  if (flags & ~(u32)ALL_TIMES || !wasi_time(flags, SET_ATIME, SET_ATIME_NOW, atime, &a) ||
      !wasi_time(flags, SET_MTIME, SET_MTIME_NOW, mtime, &m))
    return wasi_errno(-EINVAL);
  return wasi_errno(vfs_set_times(file->ino, a, m));
}
