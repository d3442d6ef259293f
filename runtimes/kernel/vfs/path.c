/*
 * path.c: see path.h.
 *
 * What is still to be resolved lies at the end of a buffer; a symbolic link's target is put in front of it. Nothing
 * is allocated.
 */
#include "path.h"

#include "directory.h"

#define BUFFER 32768u
static u8 buffer[BUFFER];

struct walk {
  const u8 *at; /* up to buffer + BUFFER */
  u32 dir;
  u32 links;
};

static const u8 *const_end(void) { return buffer + BUFFER; }

static const u8 *skip_slashes(const u8 *at) {
  while (at < const_end() && *at == '/') at++;
  return at;
}

static int enter_link(struct walk *walk, const struct inode *link) {
  if (++walk->links > SYMLINK_LIMIT) return -ELOOP;
  u32 size = (u32)link->size;
  if (!size || size > (u32)(walk->at - buffer)) return -ENAMETOOLONG;
  u8 *start = buffer + (walk->at - buffer) - size;
  memcpy(start, link->link.target, size);
  walk->at = start;
  if (*start == '/') walk->dir = ROOT;
  return 0;
}

static int may_search(u32 ino) {
  const struct inode *n = inode_get(ino);
  if (!is_directory(n)) return -ENOTDIR;
  return inode_permission(n, MAY_EXECUTE);
}

static bool is_dot(const u8 *name, u32 length) { return length == 1 && name[0] == '.'; }
static bool is_dot_dot(const u8 *name, u32 length) { return length == 2 && name[0] == '.' && name[1] == '.'; }

static bool follows(enum path_mode mode, bool last, bool trailing) {
  switch (mode) {
    case PATH_FOLLOW: return true;
    case PATH_NOFOLLOW: return !last || trailing;
    case PATH_CREATE: return !last || !trailing;
    default: return !last;
  }
}

static void place_name(struct place *place, const struct walk *walk, const u8 *name, u32 length, u32 ino) {
  place->last = LAST_NAME;
  place->parent = walk->dir;
  place->ino = ino;
  place->name_length = length;
  memcpy(place->name, name, length);
}

/* 1: the place is found; 0: go on. */
static int step(struct walk *walk, enum path_mode mode, struct place *place) {
  const u8 *name = walk->at, *end = name;
  while (end < const_end() && *end != '/') end++;
  u32 length = (u32)(end - name);
  walk->at = skip_slashes(end);
  bool last = walk->at == const_end();
  place->trailing_slash = last && end < const_end();

  int error = may_search(walk->dir);
  if (error) return error;
  if (is_dot(name, length)) {
    place->last = LAST_DOT;
    return 0;
  }
  const struct inode *dir = inode_get(walk->dir);
  if (dir->dir.removed) return -ENOENT;
  if (is_dot_dot(name, length)) {
    walk->dir = dir->dir.parent;
    place->last = LAST_DOTDOT;
    return 0;
  }
  if (length > NAME_LIMIT) {
    if (!last) return -ENAMETOOLONG;
    place->last = LAST_NAME;
    place->too_long = true;
    place->ino = NO_INODE;
    return 1;
  }
  u32 ino = directory_lookup(walk->dir, name, length);
  if (ino == NO_INODE) {
    if (!last) return -ENOENT;
    place_name(place, walk, name, length, NO_INODE);
    return 1;
  }
  const struct inode *n = inode_get(ino);
  if (is_link(n) && follows(mode, last, place->trailing_slash)) {
    if (end < const_end()) walk->at = end; /* keeps the slash in front of the rest */
    return enter_link(walk, n);
  }
  if (last) {
    place_name(place, walk, name, length, ino);
    return 1;
  }
  walk->dir = ino;
  return 0;
}

int path_parent(u32 base, const u8 *path, u32 length, enum path_mode mode, struct place *place) {
  if (!length) return -ENOENT;
  if (length >= PATH_LIMIT) return -ENAMETOOLONG;
  u8 *start = buffer + BUFFER - length;
  memcpy(start, path, length);
  struct walk walk = {.at = start, .dir = *start == '/' ? ROOT : base};
  place->last = LAST_ROOT;
  place->trailing_slash = place->too_long = false;
  for (;;) {
    walk.at = skip_slashes(walk.at);
    if (walk.at == const_end()) break;
    int found = step(&walk, mode, place);
    if (found) return found < 0 ? found : 0;
  }
  place->ino = walk.dir;
  return is_directory(inode_get(walk.dir)) ? 0 : -ENOTDIR;
}

int path_place(u32 base, const u8 *path, u32 length, enum path_mode mode, struct place *place) {
  int error = path_parent(base, path, length, mode, place);
  return error ? error : place->too_long ? -ENAMETOOLONG : 0;
}

int path_find(u32 base, const u8 *path, u32 length, enum path_mode mode, u32 *ino) {
  struct place place;
  int error = path_place(base, path, length, mode, &place);
  if (error) return error;
  if (place.ino == NO_INODE) return -ENOENT;
  if (place.trailing_slash && !is_directory(inode_get(place.ino))) return -ENOTDIR;
  *ino = place.ino;
  return 0;
}
