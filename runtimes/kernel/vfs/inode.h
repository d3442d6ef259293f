/*
 * inode.h: the inode table: the image's inodes, and those made since.
 *
 * Contract: an inode number below index_super()->inode_count is the image's and is never reused; others are
 * reused once freed. inode_get never fails for a number that was handed out and not freed. An inode is freed when
 * it has neither names (nlink) nor holders (`holds`: open descriptions).
 */
#ifndef BOXWRIGHT_INODE_H
#define BOXWRIGHT_INODE_H

#include "../abi.h"

#define ROOT 0u
#define NO_INODE 0xffffffffu

struct directory;

/* A file's bytes: chunks that were written, else the ROM, else zeros. See data.c. */
struct data {
  u8 **chunks;
  u32 slots;
  u32 first_capacity; /* bytes of chunks[0], which grows up to a whole chunk */
  u32 rom_offset, rom_size;
};

struct inode {
  u32 mode; /* 0: not in use, or not yet read from the index */
  u32 uid, gid;
  u32 nlink, holds;
  u32 device; /* major << 20 | minor */
  i64 atime, mtime, ctime;
  u64 size;
  union {
    struct {
      struct data data;
      u32 role;
    } file;
    struct {
      struct directory *made; /* NULL: the image's entries, unchanged */
      u32 first, count;       /* in the index */
      u32 parent;
      bool removed;
    } dir;
    struct {
      const u8 *target; /* `size` bytes */
      bool owned;
    } link;
  };
};

bool inodes_start(void);
struct inode *inode_get(u32 ino);
/* A new inode with times = now and no names yet, owned by the process; NO_INODE when memory is exhausted. */
u32 inode_make(u32 mode);
void inode_hold(u32 ino);
void inode_release(u32 ino);
/* One name less. */
void inode_unlinked(u32 ino);

static inline bool is_directory(const struct inode *n) { return (n->mode & S_IFMT) == S_IFDIR; }
static inline bool is_file(const struct inode *n) { return (n->mode & S_IFMT) == S_IFREG; }
static inline bool is_link(const struct inode *n) { return (n->mode & S_IFMT) == S_IFLNK; }

/* 0 or -EACCES, as the image's user; `want` is a set of MAY_*. Root passes (execution needs one x bit). */
int inode_permission(const struct inode *n, u32 want);
bool user_is_root(void);
bool user_owns(const struct inode *n);

i64 now(void);
/* The file's contents changed. */
void inode_modified(struct inode *n);

#endif
