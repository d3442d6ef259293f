/*
 * directory.h: names in one directory.
 *
 * Contract: `dir` is an inode number of a directory. Every entry has a sequence number which it keeps while it
 * exists and which no later entry of the directory gets: directory_next finds the first entry at or after one, so
 * that a reader neither misses nor repeats an entry that was there all the time (POSIX readdir). Sequence numbers
 * start at FIRST_ENTRY; those below are free for "." and "..".
 */
#ifndef BOXWRIGHT_DIRECTORY_H
#define BOXWRIGHT_DIRECTORY_H

#include "inode.h"

#define FIRST_ENTRY 2u

struct directory_entry {
  const u8 *name; /* until the directory changes */
  u32 name_length;
  u32 ino;
  u64 sequence;
};

/* NO_INODE when there is no such name. */
u32 directory_lookup(u32 dir, const u8 *name, u32 length);
bool directory_is_empty(u32 dir);
bool directory_next(u32 dir, u64 sequence, struct directory_entry *entry);

/* 0 or -ENOSPC. Neither link counts nor times are touched. */
int directory_add(u32 dir, const u8 *name, u32 length, u32 ino);
/* To be called before replace and remove, which then cannot fail. 0 or -ENOSPC. */
int directory_prepare(u32 dir);
void directory_replace(u32 dir, const u8 *name, u32 length, u32 ino);
void directory_remove(u32 dir, const u8 *name, u32 length);
void directory_free(struct inode *n);

#endif
