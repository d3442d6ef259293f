/*
 * names.h: adding and removing names, with the link counts and times that go with them.
 *
 * Contract: name_may_add is called before name_add, name_may_remove before name_remove.
 */
#ifndef BOXWRIGHT_NAMES_H
#define BOXWRIGHT_NAMES_H

#include "path.h"

#define UMASK 0022u

/* 0, -ENOENT (the directory itself was removed) or -EACCES. */
int name_may_add(const struct place *place);
/* 0, -ENOSPC or -EMLINK. */
int name_add(const struct place *place, u32 ino);
/* 0, -EACCES, -EPERM (sticky), -ENOTDIR or -EISDIR (not what the caller removes), -ENOSPC. */
int name_may_remove(u32 dir, u32 ino, bool directory);
void name_remove(u32 dir, const u8 *name, u32 length);

#endif
