/* wasip1_path.c: the path_* functions and fd_readdir. */
#include "../vfs/directory.h"
#include "../vfs/vfs.h"
#include "wasip1.h"

enum { LOOKUP_FOLLOW = 1 };
enum { OFLAG_CREAT = 1, OFLAG_DIRECTORY = 2, OFLAG_EXCL = 4, OFLAG_TRUNC = 8 };
enum { RIGHT_READ = 1 << 1, RIGHT_WRITE = 1 << 6, RIGHT_ALLOCATE = 1 << 8, RIGHT_READDIR = 1 << 14, RIGHT_SET_SIZE = 1 << 22 };
enum { SET_ATIME = 1, SET_ATIME_NOW = 2, SET_MTIME = 4, SET_MTIME_NOW = 8, ALL_TIMES = 15 };
/* Not preview 1's: `atime` is a mode (docs/runtimes.md, "Permissions"). */
enum { SET_MODE = 16 };

static u8 first_text[PATH_LIMIT], second_text[PATH_LIMIT];

/* Copies a path out of the guest: 0 or a negative errno. */
static int get_path(u32 fd, u32 at, u32 length, u8 *text, struct path *path) {
  struct file *file = file_of(fd);
  if (!file) return -EBADF;
  if (!is_directory(inode_get(file->ino))) return -ENOTDIR;
  if (length >= PATH_LIMIT) return -ENAMETOOLONG;
  guest_read(text, at, length);
  for (u32 i = 0; i < length; i++)
    if (!text[i]) return -EINVAL;
  *path = (struct path){file->ino, text, length};
  return 0;
}

static u32 open_flags(u64 rights, u32 fdflags) {
  u32 flags = 0;
  if (rights & (RIGHT_READ | RIGHT_READDIR)) flags |= OPEN_READ;
  if (rights & (RIGHT_WRITE | RIGHT_ALLOCATE | RIGHT_SET_SIZE)) flags |= OPEN_WRITE;
  if (!flags) flags = OPEN_READ;
  if (fdflags & FDFLAG_APPEND) flags |= OPEN_APPEND;
  if (fdflags & FDFLAG_NONBLOCK) flags |= OPEN_NONBLOCK;
  if (fdflags & (FDFLAG_SYNC | FDFLAG_RSYNC)) flags |= OPEN_SYNC;
  if (fdflags & FDFLAG_DSYNC) flags |= OPEN_DSYNC;
  return flags;
}

/*
 * Directories are opened by wasi-libc, and by others, with every right there is: for a directory, asking for the
 * right to write is not asking to open it for writing. So, if that is why it failed, it is opened for reading.
 */
static i32 open_path(struct path path, u32 how, u32 flags) {
  i32 fd = vfs_open(path, how, flags, 0666);
  u32 ino;
  if (fd != -EISDIR || (how & (CREATE | TRUNCATE))) return fd;
  if (!(how & DIRECTORY) || vfs_find(path, !(how & NO_FOLLOW), &ino)) return fd;
  return vfs_open(path, how, OPEN_READ | (flags & ~(u32)OPEN_WRITE), 0);
}

WASI_EXPORT(path_open)(u32 dir, u32 lookup, u32 at, u32 length, u32 oflags, u64 rights, u64 inheriting, u32 fdflags,
                       u32 result) {
  struct path path;
  (void)inheriting;
  if (oflags & ~15u || fdflags & ~31u) return wasi_errno(-EINVAL);
  i32 fd = get_path(dir, at, length, first_text, &path);
  if (fd) return wasi_errno(fd);
  u32 how = (oflags & OFLAG_CREAT ? CREATE : 0) | (oflags & OFLAG_EXCL ? EXCLUSIVE : 0) |
            (oflags & OFLAG_TRUNC ? TRUNCATE : 0) | (oflags & OFLAG_DIRECTORY ? DIRECTORY : 0) |
            (lookup & LOOKUP_FOLLOW ? 0 : NO_FOLLOW);
  fd = open_path(path, how, open_flags(rights, fdflags));
  if (fd >= 0) guest_store32(result, (u32)fd);
  return wasi_errno(fd);
}

WASI_EXPORT(path_create_directory)(u32 dir, u32 at, u32 length) {
  struct path path;
  int error = get_path(dir, at, length, first_text, &path);
  return wasi_errno(error ? error : vfs_make_directory(path, 0777));
}

WASI_EXPORT(path_remove_directory)(u32 dir, u32 at, u32 length) {
  struct path path;
  int error = get_path(dir, at, length, first_text, &path);
  return wasi_errno(error ? error : vfs_remove_directory(path));
}

WASI_EXPORT(path_unlink_file)(u32 dir, u32 at, u32 length) {
  struct path path;
  int error = get_path(dir, at, length, first_text, &path);
  return wasi_errno(error ? error : vfs_unlink(path));
}

WASI_EXPORT(path_link)(u32 from_dir, u32 lookup, u32 from_at, u32 from_length, u32 to_dir, u32 to_at, u32 to_length) {
  struct path from, to;
  int error = get_path(from_dir, from_at, from_length, first_text, &from);
  if (!error) error = get_path(to_dir, to_at, to_length, second_text, &to);
  return wasi_errno(error ? error : vfs_link(from, lookup & LOOKUP_FOLLOW, to));
}

WASI_EXPORT(path_rename)(u32 from_dir, u32 from_at, u32 from_length, u32 to_dir, u32 to_at, u32 to_length) {
  struct path from, to;
  int error = get_path(from_dir, from_at, from_length, first_text, &from);
  if (!error) error = get_path(to_dir, to_at, to_length, second_text, &to);
  return wasi_errno(error ? error : vfs_rename(from, to));
}

WASI_EXPORT(path_symlink)(u32 target_at, u32 target_length, u32 dir, u32 at, u32 length) {
  struct path target, path;
  /* The target is text, not a path to resolve; the directory only serves to check it like one. */
  int error = get_path(dir, target_at, target_length, first_text, &target);
  if (!error) error = get_path(dir, at, length, second_text, &path);
  return wasi_errno(error ? error : vfs_symlink(target.text, target.length, path));
}

WASI_EXPORT(path_readlink)(u32 dir, u32 at, u32 length, u32 buffer, u32 size, u32 result) {
  struct path path;
  u32 ino;
  int error = get_path(dir, at, length, first_text, &path);
  if (!error) error = vfs_find(path, false, &ino);
  if (error) return wasi_errno(error);
  const struct inode *n = inode_get(ino);
  if (!is_link(n)) return wasi_errno(-EINVAL);
  u32 written = (u32)MIN((u64)size, n->size);
  guest_write(buffer, n->link.target, written);
  guest_store32(result, written);
  return 0;
}

WASI_EXPORT(path_filestat_get)(u32 dir, u32 lookup, u32 at, u32 length, u32 result) {
  struct path path;
  u32 ino;
  int error = get_path(dir, at, length, first_text, &path);
  if (!error) error = vfs_find(path, lookup & LOOKUP_FOLLOW, &ino);
  if (!error) wasi_write_filestat(ino, result);
  return wasi_errno(error);
}

WASI_EXPORT(path_filestat_set_times)(u32 dir, u32 lookup, u32 at, u32 length, u64 atime, u64 mtime, u32 flags) {
  struct path path;
  u32 ino;
  i64 a, m;
  bool times = wasi_time(flags, SET_ATIME, SET_ATIME_NOW, atime, &a) && wasi_time(flags, SET_MTIME, SET_MTIME_NOW, mtime, &m);
  if (flags != SET_MODE && (flags & ~(u32)ALL_TIMES || !times)) return wasi_errno(-EINVAL);
  int error = get_path(dir, at, length, first_text, &path);
  if (!error) error = vfs_find(path, lookup & LOOKUP_FOLLOW, &ino);
  if (!error && flags == SET_MODE) return wasi_errno(vfs_set_mode(ino, (u32)atime));
  return wasi_errno(error ? error : vfs_set_times(ino, a, m));
}

/* The room that is left in the guest's buffer. */
struct output {
  u32 at, left;
};

static void put(struct output *out, const void *bytes, u32 size) {
  size = MIN(size, out->left);
  guest_write(out->at, bytes, size);
  out->at += size;
  out->left -= size;
}

/*
 * A cookie is the sequence number at which the next entry is looked for; "." and ".." have 0 and 1. A removed
 * directory has no entries at all.
 */
static bool entry_at(u32 dir, u64 cookie, struct directory_entry *entry) {
  const struct inode *n = inode_get(dir);
  if (n->dir.removed) return false;
  if (cookie == 0) *entry = (struct directory_entry){(const u8 *)".", 1, dir, 0};
  else if (cookie == 1) *entry = (struct directory_entry){(const u8 *)"..", 2, n->dir.parent, 1};
  else return directory_next(dir, cookie, entry);
  return true;
}

WASI_EXPORT(fd_readdir)(u32 fd, u32 buffer, u32 size, u64 cookie, u32 result) {
  struct {
    u64 next, ino;
    u32 name_length;
    u8 type, padding[3];
  } head = {0};
  struct file *file;
  if (wasi_file(fd, &file)) return wasi_errno(-EBADF);
  if (!is_directory(inode_get(file->ino))) return wasi_errno(-ENOTDIR);
  struct output out = {buffer, size};
  struct directory_entry entry;
  while (out.left && entry_at(file->ino, cookie, &entry)) {
    cookie = entry.sequence + 1;
    head.next = cookie;
    head.ino = (u64)entry.ino + 1;
    head.name_length = entry.name_length;
    head.type = (u8)wasi_filetype(inode_get(entry.ino)->mode);
    put(&out, &head, sizeof head);
    put(&out, entry.name, entry.name_length);
  }
  guest_store32(result, size - out.left);
  return 0;
}
