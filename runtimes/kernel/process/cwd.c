/*
 * cwd.c: the working directory before the guest runs.
 *
 * It is kept as the shell keeps $PWD: joined and shortened by text (POSIX cd, step 8), so that `cd ..` after a
 * symbolic link goes back to where one came from.
 */
#include "process.h"

#include "../vfs/directory.h"
#include "../vfs/vfs.h"

static u8 joined[2 * PATH_LIMIT];

/* `..` removes the last name, `.` and empty names disappear. Within `to`, at most `capacity` bytes; 0: too long. */
static u32 shorten(const u8 *path, u32 length, u8 *to, u32 capacity) {
  u32 used = 0;
  for (u32 at = 0; at < length;) {
    u32 start = at;
    while (at < length && path[at] != '/') at++;
    u32 size = at - start;
    at++;
    if (!size || (size == 1 && path[start] == '.')) continue;
    if (size == 2 && path[start] == '.' && path[start + 1] == '.') {
      while (used && to[--used] != '/') {}
      continue;
    }
    if (used + 1 + size >= capacity) return 0;
    to[used++] = '/';
    memcpy(to + used, path + start, size);
    used += size;
  }
  if (!used) to[used++] = '/';
  return used;
}

static int check_directory(const u8 *path, u32 length, u32 *ino) {
  int error = vfs_find((struct path){ROOT, path, length}, true, ino);
  if (error) return error;
  if (!is_directory(inode_get(*ino))) return -ENOTDIR;
  return inode_permission(inode_get(*ino), MAY_EXECUTE);
}

int process_chdir(const u8 *path, u32 length) {
  static u8 shortened[PATH_LIMIT];
  u32 used = 0, ino;
  if (length >= PATH_LIMIT) return -ENAMETOOLONG;
  if (!length || path[0] != '/') {
    memcpy(joined, process.cwd, process.cwd_length);
    used = process.cwd_length;
    joined[used++] = '/';
  }
  memcpy(joined + used, path, length);
  used = shorten(joined, used + length, shortened, sizeof shortened);
  if (!used) return -ENAMETOOLONG;
  int error = check_directory(shortened, used, &ino);
  if (error) return error;
  memcpy(process.cwd, shortened, used);
  process.cwd_length = used;
  return 0;
}

int process_cwd(u32 *ino) { return check_directory(process.cwd, process.cwd_length, ino); }

static bool name_in_parent(u32 ino, struct directory_entry *entry) {
  u64 sequence = FIRST_ENTRY;
  u32 parent = inode_get(ino)->dir.parent;
  while (directory_next(parent, sequence, entry)) {
    if (entry->ino == ino) return true;
    sequence = entry->sequence + 1;
  }
  return false;
}

bool process_physical_cwd(u8 *to, u32 capacity, u32 *length) {
  u32 ino, at = capacity - 1;
  struct directory_entry entry;
  if (process_cwd(&ino)) return false;
  to[at] = 0;
  for (; ino != ROOT; ino = inode_get(ino)->dir.parent) {
    if (!name_in_parent(ino, &entry) || entry.name_length + 1 > at) return false;
    at -= entry.name_length;
    memcpy(to + at, entry.name, entry.name_length);
    to[--at] = '/';
  }
  if (at == capacity - 1) to[--at] = '/';
  *length = capacity - at;
  memmove(to, to + at, *length);
  return true;
}

/* As mkdir -p: what exists is fine if it is a directory. */
int process_make_directories(const u8 *path, u32 length) {
  u32 base = ROOT, ino;
  int error = process_cwd(&base);
  if (error) return error;
  if (!length) return -ENOENT;
  for (u32 end = 1; end <= length; end++) {
    if (end < length && path[end] != '/') continue;
    struct path part = {base, path, end};
    error = vfs_make_directory(part, 0777);
    if (!error) continue;
    if (error != -EEXIST || vfs_find(part, true, &ino)) return error;
    if (!is_directory(inode_get(ino))) return end < length ? -ENOTDIR : -EEXIST;
  }
  return 0;
}
