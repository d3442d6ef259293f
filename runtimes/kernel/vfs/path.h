/*
 * path.h: from a path to an inode (path_resolution(7)).
 *
 * Contract: `base` is where a relative path starts; a path is bytes in kernel memory without a NUL. Errors:
 * -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG.
 */
#ifndef BOXWRIGHT_PATH_H
#define BOXWRIGHT_PATH_H

#include "inode.h"

enum path_mode {
  PATH_FOLLOW,   /* a symbolic link as the last component is followed */
  PATH_NOFOLLOW, /* it is not, unless a slash comes after it */
  PATH_CREATE,   /* it is, unless a slash comes after it: open(2) with O_CREAT refuses that before it looks */
  PATH_ENTRY     /* it never is: for what makes, moves and removes names */
};

enum last_component { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

struct place {
  enum last_component last;
  u32 parent; /* of LAST_NAME */
  u32 ino;    /* NO_INODE: the name is not there */
  u32 name_length;
  bool trailing_slash;
  bool too_long; /* the name is (only path_parent lets it pass): then it is not in `name` */
  u8 name[NAME_LIMIT];
};

/* The last component need not exist, nor be a name that could. */
int path_parent(u32 base, const u8 *path, u32 length, enum path_mode mode, struct place *place);
/* The last component need not exist. */
int path_place(u32 base, const u8 *path, u32 length, enum path_mode mode, struct place *place);
/* It must. */
int path_find(u32 base, const u8 *path, u32 length, enum path_mode mode, u32 *ino);

#endif
