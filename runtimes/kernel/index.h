/*
 * index.h: the image's inode table (docs/index-format.md).
 *
 * Contract: index_load copies the index segment into kernel memory and checks all of it once; after it has
 * returned NULL (no complaint) every accessor is safe for every number below index_super()->inode_count or
 * dirent_count. The index is never written to.
 */
#ifndef BOXWRIGHT_INDEX_H
#define BOXWRIGHT_INDEX_H

#include "abi.h"

struct superblock {
  u32 magic, version, total_size;
  u32 inode_count, inodes_offset;
  u32 dirent_count, dirents_offset;
  u32 strings_offset, strings_size;
  u32 rom_size;
  u32 env_count, env_offset, env_size;
  u32 cwd_offset, cwd_length;
  u32 uid, gid;
  u32 start_offset, start_size;
  u32 start_args_offset, start_args_size;
  u32 flags;
  u32 reserved[10];
};
_Static_assert(sizeof(struct superblock) == 128, "superblock");

struct index_inode {
  u16 mode, nlink;
  u32 uid, gid;
  u32 offset, size;
  u32 role_or_parent;
  i64 mtime;
};
_Static_assert(sizeof(struct index_inode) == 32, "index inode");

struct index_dirent {
  u32 inode, name_offset;
  u16 name_length, zero;
};
_Static_assert(sizeof(struct index_dirent) == 12, "dirent");

enum { ROLE_NONE = 0, ROLE_GUEST = 1, ROLE_ENV = 2 };

/* NULL, or what is wrong with it. */
const char *index_load(void);
const struct superblock *index_super(void);
const struct index_inode *index_inode(u32 ino);
const struct index_dirent *index_dirent(u32 number);
const u8 *index_string(u32 offset);
const u8 *index_bytes(u32 offset);

#endif
