/*
 * file.h: open file descriptions and the descriptor table.
 *
 * Contract: a descriptor names a description; a description holds its inode. Counts or negative errno. Reads and
 * writes take one stretch of guest memory at a time; the position moves by what was done.
 */
#ifndef BOXWRIGHT_FILE_H
#define BOXWRIGHT_FILE_H

#include "inode.h"

enum { OPEN_READ = 1, OPEN_WRITE = 2, OPEN_APPEND = 4, OPEN_NONBLOCK = 8, OPEN_SYNC = 16, OPEN_DSYNC = 32 };

struct file {
  u32 references; /* descriptors */
  u32 ino;
  u32 flags; /* OPEN_* */
  u64 position;
};

/* NULL: no such descriptor. */
struct file *file_of(u32 fd);
/* The lowest free descriptor for a new description, or -EMFILE. */
i32 file_open(u32 ino, u32 flags);
int file_close(u32 fd);
/* dup2 and close in one: `to` becomes what `from` was. */
int file_renumber(u32 from, u32 to);
/* The first open descriptor at or after `fd`, or -1. */
i32 file_next(u32 fd);

/* `position`: where, without moving; or NULL: at the description's own position. */
i32 file_read(struct file *file, const u64 *position, u32 guest_to, u32 count);
i32 file_write(struct file *file, const u64 *position, u32 guest_from, u32 count);

enum { SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2 };
int file_seek(struct file *file, i64 offset, u32 whence, u64 *position);
int file_resize(struct file *file, u64 size);
/* Makes sure that [offset, offset + size) is within the file. */
int file_allocate(struct file *file, u64 offset, u64 size);

#endif
