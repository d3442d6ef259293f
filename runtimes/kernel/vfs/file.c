/* file.c: see file.h. */
#include "file.h"

#include "../memory.h"
#include "data.h"
#include "device.h"

static struct file **table; /* by descriptor; NULL: free */
static u32 slots;

struct file *file_of(u32 fd) { return fd < slots ? table[fd] : NULL; }

static int reserve(u32 fd) {
  if (fd < slots) return 0;
  u32 wanted = MAX(slots * 2, 64u);
  if (fd >= wanted) wanted = fd + 1;
  if (wanted > DESCRIPTOR_LIMIT) wanted = DESCRIPTOR_LIMIT;
  if (fd >= wanted) return -EMFILE;
  struct file **bigger = memory_resize(table, slots * sizeof *table, wanted * sizeof *table);
  if (!bigger) return -ENOMEM;
  memset(bigger + slots, 0, (wanted - slots) * sizeof *table);
  table = bigger;
  slots = wanted;
  return 0;
}

i32 file_open(u32 ino, u32 flags) {
  u32 fd = 0;
  while (fd < slots && table[fd]) fd++;
  int error = reserve(fd);
  if (error) return error;
  struct file *file = memory_take(sizeof *file);
  if (!file) return -ENOMEM;
  *file = (struct file){.references = 1, .ino = ino, .flags = flags};
  inode_hold(ino);
  table[fd] = file;
  return (i32)fd;
}

int file_close(u32 fd) {
  struct file *file = file_of(fd);
  if (!file) return -EBADF;
  table[fd] = NULL;
  if (--file->references) return 0;
  inode_release(file->ino);
  memory_give(file, sizeof *file);
  return 0;
}

int file_renumber(u32 from, u32 to) {
  struct file *file = file_of(from);
  if (!file || !file_of(to)) return -EBADF;
  if (from == to) return 0;
  file_close(to);
  table[to] = file;
  table[from] = NULL;
  return 0;
}

i32 file_next(u32 fd) {
  while (fd < slots && !table[fd]) fd++;
  return fd < slots ? (i32)fd : -1;
}

i32 file_read(struct file *file, const u64 *position, u32 guest_to, u32 count) {
  if (!(file->flags & OPEN_READ)) return -EBADF;
  struct inode *n = inode_get(file->ino);
  if (is_directory(n)) return -EISDIR;
  count = MIN(count, 0x7ffff000u); /* Linux's MAX_RW_COUNT */
  if (!is_file(n)) {
    if (position && device_is_stream(n)) return -ESPIPE;
    return device_read(n, guest_to, count, file->flags & OPEN_NONBLOCK);
  }
  u32 done = data_read(n, position ? *position : file->position, guest_to, count);
  if (!position) file->position += done;
  return (i32)done;
}

i32 file_write(struct file *file, const u64 *position, u32 guest_from, u32 count) {
  if (!(file->flags & OPEN_WRITE)) return -EBADF;
  struct inode *n = inode_get(file->ino);
  if (!is_file(n)) {
    if (position && device_is_stream(n)) return -ESPIPE;
    return device_write(n, guest_from, count);
  }
  /* Linux appends even when a position is given (pwrite(2), BUGS). */
  u64 at = file->flags & OPEN_APPEND ? n->size : position ? *position : file->position;
  i32 done = data_write(n, at, guest_from, count);
  if (done > 0) inode_modified(n);
  if (done > 0 && !position) file->position = at + (u32)done;
  return done;
}

int file_seek(struct file *file, i64 offset, u32 whence, u64 *position) {
  struct inode *n = inode_get(file->ino);
  if (!is_file(n) && !is_directory(n)) {
    if (device_is_stream(n)) return -ESPIPE;
    *position = 0;
    return 0;
  }
  if (whence > SEEK_END) return -EINVAL;
  i64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (i64)file->position : (i64)n->size;
  i64 target;
  if (__builtin_add_overflow(base, offset, &target) || target < 0) return -EINVAL;
  *position = file->position = (u64)target;
  return 0;
}

int file_resize(struct file *file, u64 size) {
  struct inode *n = inode_get(file->ino);
  if (!is_file(n) || !(file->flags & OPEN_WRITE)) return -EINVAL;
  if (size > INT64_MAX) return -EINVAL;
  int error = data_resize(n, size);
  if (!error) inode_modified(n);
  return error;
}

int file_allocate(struct file *file, u64 offset, u64 size) {
  struct inode *n = inode_get(file->ino);
  if (!(file->flags & OPEN_WRITE)) return -EBADF;
  if (is_directory(n) || !is_file(n)) return device_is_stream(n) ? -ESPIPE : -ENODEV;
  if (offset > INT64_MAX || size > INT64_MAX || !size) return -EINVAL;
  if (offset + size > FILE_SIZE_LIMIT) return -EFBIG;
  if (offset + size <= n->size) return 0;
  int error = data_resize(n, offset + size);
  if (!error) inode_modified(n);
  return error;
}
