/* names.c: mkdir, rmdir, unlink, link, symlink, rename. */
#include "names.h"

#include "../memory.h"
#include "device.h"
#include "directory.h"
#include "vfs.h"

int name_may_add(const struct place *place) {
  const struct inode *dir = inode_get(place->parent);
  if (dir->dir.removed || place->parent == device_descriptor_directory()) return -ENOENT;
  return inode_permission(dir, MAY_WRITE | MAY_EXECUTE);
}

int name_add(const struct place *place, u32 ino) {
  struct inode *n = inode_get(ino), *dir = inode_get(place->parent);
  if (!is_directory(n) && n->nlink >= LINK_LIMIT) return -EMLINK;
  int error = directory_add(place->parent, place->name, place->name_length, ino);
  if (error) return error;
  if (is_directory(n)) {
    n->nlink = 2;
    n->dir.parent = place->parent;
    dir->nlink++;
  } else {
    n->nlink++;
  }
  inode_modified(dir);
  return 0;
}

int name_may_remove(u32 dir, u32 ino, bool directory) {
  const struct inode *d = inode_get(dir), *n = inode_get(ino);
  if (dir == device_descriptor_directory()) return -EPERM;
  int error = inode_permission(d, MAY_WRITE | MAY_EXECUTE);
  if (error) return error;
  if ((d->mode & S_ISVTX) && !user_owns(n) && !user_owns(d)) return -EPERM;
  if (directory && !is_directory(n)) return -ENOTDIR;
  if (!directory && is_directory(n)) return -EISDIR;
  return directory_prepare(dir);
}

void name_remove(u32 dir, const u8 *name, u32 length) {
  u32 ino = directory_lookup(dir, name, length);
  directory_remove(dir, name, length);
  struct inode *d = inode_get(dir);
  if (is_directory(inode_get(ino))) d->nlink--;
  inode_modified(d);
  inode_unlinked(ino);
}

/* For what makes a name: it must be free. Linux's filename_create (fs/namei.c). */
static int place_for_new(struct path path, bool directory, struct place *place) {
  int error = path_place(path.base, path.text, path.length, PATH_ENTRY, place);
  if (error) return error;
  if (place->last != LAST_NAME || place->ino != NO_INODE) return -EEXIST;
  if (place->trailing_slash && !directory) return -ENOENT;
  return 0;
}

/* A set-group-ID directory gives its group to what is made in it (inode(7)). */
static void inherit_group(struct inode *n, u32 parent) {
  const struct inode *dir = inode_get(parent);
  if (!(dir->mode & S_ISGID)) return;
  n->gid = dir->gid;
  if (is_directory(n)) n->mode |= S_ISGID;
}

/* Adds a new inode, or frees it again. */
static int add_new(const struct place *place, u32 ino) {
  inode_hold(ino);
  inherit_group(inode_get(ino), place->parent);
  int error = name_add(place, ino);
  inode_release(ino);
  return error;
}

int vfs_make_directory(struct path path, u32 mode) {
  struct place place;
  int error = place_for_new(path, true, &place);
  if (!error) error = name_may_add(&place);
  if (error) return error;
  u32 ino = inode_make(S_IFDIR | (mode & 01777 & ~UMASK));
  if (ino == NO_INODE) return -ENOSPC;
  return add_new(&place, ino);
}

int vfs_symlink(const u8 *target, u32 length, struct path path) {
  struct place place;
  if (!length) return -ENOENT;
  if (length >= PATH_LIMIT) return -ENAMETOOLONG;
  int error = place_for_new(path, false, &place);
  if (!error) error = name_may_add(&place);
  if (error) return error;
  u8 *copy = memory_take(length);
  if (!copy) return -ENOSPC;
  u32 ino = inode_make(S_IFLNK | 0777);
  if (ino == NO_INODE) {
    memory_give(copy, length);
    return -ENOSPC;
  }
  struct inode *n = inode_get(ino);
  memcpy(copy, target, length);
  n->link.target = copy;
  n->link.owned = true;
  n->size = length;
  return add_new(&place, ino);
}

int vfs_link(struct path from, bool follow, struct path to) {
  u32 ino;
  struct place place;
  int error = vfs_find(from, follow, &ino);
  if (!error) error = place_for_new(to, false, &place);
  if (!error) error = name_may_add(&place);
  if (error) return error;
  struct inode *n = inode_get(ino);
  if (is_directory(n)) return -EPERM;
  if (!n->nlink) return -ENOENT;
  error = name_add(&place, ino);
  if (!error) n->ctime = now();
  return error;
}

int vfs_unlink(struct path path) {
  struct place place;
  int error = path_place(path.base, path.text, path.length, PATH_ENTRY, &place);
  if (error) return error;
  if (place.last != LAST_NAME) return -EISDIR;
  if (place.ino == NO_INODE) return -ENOENT;
  if (place.trailing_slash) return is_directory(inode_get(place.ino)) ? -EISDIR : -ENOTDIR;
  error = name_may_remove(place.parent, place.ino, false);
  if (!error) name_remove(place.parent, place.name, place.name_length);
  return error;
}

int vfs_remove_directory(struct path path) {
  struct place place;
  int error = path_place(path.base, path.text, path.length, PATH_ENTRY, &place);
  if (error) return error;
  switch (place.last) {
    case LAST_DOT: return -EINVAL;
    case LAST_DOTDOT: return -ENOTEMPTY;
    case LAST_ROOT: return -EBUSY;
    case LAST_NAME: break;
  }
  if (place.ino == NO_INODE) return -ENOENT;
  error = name_may_remove(place.parent, place.ino, true);
  if (error) return error;
  if (!directory_is_empty(place.ino)) return -ENOTEMPTY;
  name_remove(place.parent, place.name, place.name_length);
  return 0;
}

/* Whether `dir` is `ancestor` or below it. */
static bool is_below(u32 dir, u32 ancestor) {
  while (dir != ancestor && dir != ROOT) dir = inode_get(dir)->dir.parent;
  return dir == ancestor;
}

/* Checks up to here do not change anything; the order is that of do_renameat2 and vfs_rename (fs/namei.c). */
static int may_rename(const struct place *from, const struct place *to) {
  if (from->last != LAST_NAME || to->last != LAST_NAME) return -EBUSY;
  if (from->too_long) return -ENAMETOOLONG;
  if (from->ino == NO_INODE) return -ENOENT;
  if (to->too_long) return -ENAMETOOLONG;
  bool directory = is_directory(inode_get(from->ino));
  if (!directory && (from->trailing_slash || to->trailing_slash)) return -ENOTDIR;
  if (directory && is_below(to->parent, from->ino)) return -EINVAL;
  if (to->ino != NO_INODE && is_directory(inode_get(to->ino)) && is_below(from->parent, to->ino)) return -ENOTEMPTY;
  if (from->ino == to->ino) return 0;
  int error = name_may_remove(from->parent, from->ino, directory);
  if (!error) error = to->ino == NO_INODE ? name_may_add(to) : name_may_remove(to->parent, to->ino, directory);
  if (error) return error;
  if (to->ino != NO_INODE && directory && !directory_is_empty(to->ino)) return -ENOTEMPTY;
  /* A directory that moves has its ".." rewritten. */
  if (directory && from->parent != to->parent) return inode_permission(inode_get(from->ino), MAY_WRITE);
  return 0;
}

int vfs_rename(struct path from, struct path to) {
  static struct place source, target; /* too large for two on the stack of a nested call */
  int error = path_parent(from.base, from.text, from.length, PATH_ENTRY, &source);
  if (!error) error = path_parent(to.base, to.text, to.length, PATH_ENTRY, &target);
  if (!error) error = may_rename(&source, &target);
  if (error || source.ino == target.ino) return error;
  struct inode *old_parent = inode_get(source.parent), *new_parent = inode_get(target.parent);
  bool directory = is_directory(inode_get(source.ino));
  if (target.ino == NO_INODE) {
    error = directory_add(target.parent, target.name, target.name_length, source.ino);
    if (error) return error;
  } else {
    directory_replace(target.parent, target.name, target.name_length, source.ino);
    if (directory) new_parent->nlink--;
    inode_unlinked(target.ino);
  }
  directory_remove(source.parent, source.name, source.name_length);
  if (directory) {
    old_parent->nlink--;
    new_parent->nlink++;
    inode_get(source.ino)->dir.parent = target.parent;
  }
  inode_modified(old_parent);
  inode_modified(new_parent);
  inode_get(source.ino)->ctime = now();
  return 0;
}
