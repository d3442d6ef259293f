/* vfs.c: opening, looking up, attributes. Names are made and removed in names.c. */
#include "vfs.h"

#include "../index.h"
#include "data.h"
#include "device.h"
#include "directory.h"
#include "file.h"
#include "names.h"
#include "path.h"

int vfs_find(struct path path, bool follow, u32 *ino) {
  return path_find(path.base, path.text, path.length, follow ? PATH_FOLLOW : PATH_NOFOLLOW, ino);
}

static int may_open(const struct inode *n, u32 how, u32 flags) {
  if ((how & DIRECTORY) && !is_directory(n)) return -ENOTDIR;
  if (is_link(n)) return -ELOOP;
  u32 want = (flags & OPEN_READ ? MAY_READ : 0) | (flags & OPEN_WRITE || how & TRUNCATE ? MAY_WRITE : 0);
  if (is_directory(n) && (want & MAY_WRITE)) return -EISDIR;
  return inode_permission(n, want);
}

static i32 open_inode(u32 ino, u32 how, u32 flags) {
  struct inode *n = inode_get(ino);
  int error = may_open(n, how, flags);
  if (!error && !is_file(n) && !is_directory(n)) error = device_open(n);
  if (error) return error;
  i32 fd = file_open(ino, flags);
  if (fd >= 0 && (how & TRUNCATE) && is_file(n)) {
    data_resize(n, 0);
    inode_modified(n);
  }
  return fd;
}

static i32 open_new(const struct place *place, u32 flags, u32 mode) {
  int error = name_may_add(place);
  if (error) return error;
  u32 ino = inode_make(S_IFREG | (mode & 0777 & ~UMASK));
  if (ino == NO_INODE) return -ENOSPC;
  inode_hold(ino);
  error = name_add(place, ino);
  /* Whoever makes a file may open it, whatever its mode. */
  i32 fd = error ? error : file_open(ino, flags);
  if (!error && fd < 0) name_remove(place->parent, place->name, place->name_length);
  inode_release(ino);
  return fd;
}

/* The order of the checks is that of Linux's open_last_lookups and do_open (fs/namei.c). */
i32 vfs_open(struct path path, u32 how, u32 flags, u32 mode) {
  struct place place;
  bool exclusive = (how & (CREATE | EXCLUSIVE)) == (CREATE | EXCLUSIVE);
  if ((how & (CREATE | DIRECTORY)) == (CREATE | DIRECTORY)) return -EINVAL;
  enum path_mode walk = how & NO_FOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW;
  if (how & CREATE) walk = exclusive || (how & NO_FOLLOW) ? PATH_ENTRY : PATH_CREATE;
  int error = path_parent(path.base, path.text, path.length, walk, &place);
  if (error) return error;
  if (how & CREATE) {
    if (place.last != LAST_NAME) return exclusive ? -EEXIST : -EISDIR;
    if (place.trailing_slash) return -EISDIR;
    if (place.too_long) return -ENAMETOOLONG;
    if (place.ino == NO_INODE) return open_new(&place, flags, mode);
    if (exclusive) return -EEXIST;
    if (is_directory(inode_get(place.ino))) return -EISDIR;
  }
  if (place.ino == NO_INODE) return place.too_long ? -ENAMETOOLONG : -ENOENT;
  if (place.trailing_slash && !is_directory(inode_get(place.ino))) return -ENOTDIR;
  return open_inode(place.ino, how, flags);
}

int vfs_set_times(u32 ino, i64 atime, i64 mtime) {
  struct inode *n = inode_get(ino);
  if (!user_owns(n)) {
    bool both_now = atime == TIME_NOW && mtime == TIME_NOW;
    if (!both_now) return -EPERM;
    if (inode_permission(n, MAY_WRITE)) return -EACCES;
  }
  i64 time = now();
  if (atime != TIME_KEEP) n->atime = atime == TIME_NOW ? time : atime;
  if (mtime != TIME_KEEP) n->mtime = mtime == TIME_NOW ? time : mtime;
  if (atime != TIME_KEEP || mtime != TIME_KEEP) n->ctime = time;
  return 0;
}

int vfs_set_mode(u32 ino, u32 mode) {
  struct inode *n = inode_get(ino);
  if (!user_owns(n)) return -EPERM;
  /* Only root may give away the rights of a group that it is not in. */
  if (!user_is_root() && n->gid != index_super()->gid) mode &= ~(u32)S_ISGID;
  n->mode = (n->mode & S_IFMT) | (mode & 07777);
  n->ctime = now();
  return 0;
}
