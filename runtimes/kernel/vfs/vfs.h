/*
 * vfs.h: what Linux's file system calls do, by path.
 *
 * Contract: paths are kernel memory without NULs, relative ones start at directory inode `base`. Errors are those
 * of Linux, in the order in which Linux finds them. Every call takes effect whole or not at all. The process is the
 * image's user with umask 022.
 */
#ifndef BOXWRIGHT_VFS_H
#define BOXWRIGHT_VFS_H

#include "inode.h"

struct path {
  u32 base;
  const u8 *text;
  u32 length;
};

enum {
  CREATE = 1, EXCLUSIVE = 2, TRUNCATE = 4, DIRECTORY = 8, NO_FOLLOW = 16
};

/* A descriptor; `flags` are OPEN_* of file.h, `how` of those above; `mode` before the umask. */
i32 vfs_open(struct path path, u32 how, u32 flags, u32 mode);
int vfs_make_directory(struct path path, u32 mode);
int vfs_remove_directory(struct path path);
int vfs_unlink(struct path path);
int vfs_link(struct path from, bool follow, struct path to);
int vfs_symlink(const u8 *target, u32 length, struct path path);
int vfs_rename(struct path from, struct path to);
int vfs_find(struct path path, bool follow, u32 *ino);

/* A time, or one of these. */
#define TIME_KEEP INT64_MIN
#define TIME_NOW (INT64_MIN + 1)
int vfs_set_times(u32 ino, i64 atime, i64 mtime);
int vfs_set_mode(u32 ino, u32 mode);

#endif
