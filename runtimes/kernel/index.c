/*
 * index.c: loads and validates the index.
 *
 * Every number in it is untrusted. The checks are linear in its size: 9,400 inodes take well under a millisecond.
 */
#include "index.h"

#include "glue.h"
#include "memory.h"

#define MAGIC 0x49585742u
#define VERSION 1u

static const struct superblock *super;
static const u8 *base;

const struct superblock *index_super(void) { return super; }
const struct index_inode *index_inode(u32 ino) {
  return (const struct index_inode *)(base + super->inodes_offset) + ino;
}
const struct index_dirent *index_dirent(u32 number) {
  return (const struct index_dirent *)(base + super->dirents_offset) + number;
}
const u8 *index_string(u32 offset) { return base + super->strings_offset + offset; }
const u8 *index_bytes(u32 offset) { return base + offset; }

/* Whether [offset, offset + size) lies within [0, limit). */
static bool within(u64 offset, u64 size, u64 limit) { return offset <= limit && size <= limit - offset; }

static const char *check_areas(void) {
  const struct superblock *s = super;
  if (!within(s->inodes_offset, (u64)s->inode_count * 32, s->total_size)) return "inodes out of range";
  if (!within(s->dirents_offset, (u64)s->dirent_count * 12, s->total_size)) return "directory entries out of range";
  if (s->inodes_offset % 8 || s->dirents_offset % 4) return "misaligned area";
  if (!within(s->strings_offset, s->strings_size, s->total_size)) return "strings out of range";
  if (!within(s->env_offset, s->env_size, s->strings_size)) return "environment out of range";
  if (!within(s->cwd_offset, s->cwd_length, s->strings_size)) return "working directory out of range";
  if (!within(s->start_offset, s->start_size, s->total_size)) return "start program out of range";
  if (!within(s->start_args_offset, s->start_args_size, s->total_size)) return "start program out of range";
  if (!s->inode_count) return "no root directory";
  if (s->flags) return "unknown flags";
  return NULL;
}

static const char *check_environment(void) {
  const u8 *text = index_string(super->env_offset);
  u32 ends = 0;
  for (u32 i = 0; i < super->env_size; i++) ends += !text[i];
  if (ends != super->env_count || (super->env_size && text[super->env_size - 1])) return "malformed environment";
  const u8 *cwd = index_string(super->cwd_offset);
  if (!super->cwd_length || super->cwd_length >= PATH_LIMIT || cwd[0] != '/') return "malformed working directory";
  for (u32 i = 0; i < super->cwd_length; i++)
    if (!cwd[i]) return "malformed working directory";
  return NULL;
}

static const char *check_inode(const struct index_inode *n) {
  switch (n->mode & S_IFMT) {
    case S_IFREG:
      if (!within(n->offset, n->size, super->rom_size)) return "file out of range";
      if (n->role_or_parent > ROLE_ENV) return "unknown role";
      return NULL;
    case S_IFDIR:
      if (!within(n->offset, n->size, super->dirent_count)) return "directory out of range";
      if (n->role_or_parent >= super->inode_count) return "parent out of range";
      if ((index_inode(n->role_or_parent)->mode & S_IFMT) != S_IFDIR) return "parent is no directory";
      return NULL;
    case S_IFLNK: {
      if (!n->size || n->size >= PATH_LIMIT) return "bad length of a symbolic link";
      if (!within(n->offset, n->size, super->strings_size)) return "symbolic link out of range";
      const u8 *target = index_string(n->offset);
      for (u32 i = 0; i < n->size; i++)
        if (!target[i]) return "NUL in a symbolic link";
      return NULL;
    }
    case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK: return NULL;
    default: return "unknown file type";
  }
}

static const char *check_name(const u8 *name, u32 length) {
  if (length == 1 && name[0] == '.') return "entry named .";
  if (length == 2 && name[0] == '.' && name[1] == '.') return "entry named ..";
  for (u32 i = 0; i < length; i++)
    if (!name[i] || name[i] == '/') return "bad byte in a name";
  return NULL;
}

/* `references[i]` counts the entries that name inode i, over all directories. */
static const char *check_directory(u32 dir, u32 *references) {
  const struct index_inode *d = index_inode(dir);
  const u8 *previous = NULL;
  u32 previous_length = 0;
  for (u32 i = 0; i < d->size; i++) {
    const struct index_dirent *e = index_dirent(d->offset + i);
    if (!e->name_length || e->name_length > NAME_LIMIT || e->zero) return "malformed directory entry";
    if (!within(e->name_offset, e->name_length, super->strings_size)) return "name out of range";
    if (e->inode >= super->inode_count) return "entry names no inode";
    const u8 *name = index_string(e->name_offset);
    const char *complaint = check_name(name, e->name_length);
    if (complaint) return complaint;
    if (previous) {
      int order = memcmp(previous, name, MIN(previous_length, e->name_length));
      if (order > 0 || (order == 0 && previous_length >= e->name_length)) return "directory out of order";
    }
    previous = name;
    previous_length = e->name_length;
    references[e->inode]++;
    /* One name per directory, in its parent: so the directories that the root reaches are a tree. */
    const struct index_inode *child = index_inode(e->inode);
    if ((child->mode & S_IFMT) == S_IFDIR && (child->role_or_parent != dir || references[e->inode] > 1 || !e->inode))
      return "directory with a wrong parent";
  }
  return NULL;
}

static const char *check_tree(u32 *references) {
  const char *complaint;
  for (u32 i = 0; i < super->inode_count; i++)
    if ((complaint = check_inode(index_inode(i)))) return complaint;
  const struct index_inode *root = index_inode(0);
  if ((root->mode & S_IFMT) != S_IFDIR || root->role_or_parent) return "no root directory";
  /* Directories may not share entries, else the loop below could be quadratic. */
  u64 entries = 0;
  for (u32 i = 0; i < super->inode_count; i++)
    if ((index_inode(i)->mode & S_IFMT) == S_IFDIR) entries += index_inode(i)->size;
  if (entries > super->dirent_count) return "directories share entries";
  for (u32 i = 0; i < super->inode_count; i++) {
    if ((index_inode(i)->mode & S_IFMT) != S_IFDIR) continue;
    if ((complaint = check_directory(i, references))) return complaint;
  }
  for (u32 i = 0; i < super->inode_count; i++) {
    const struct index_inode *n = index_inode(i);
    if ((n->mode & S_IFMT) != S_IFDIR && n->nlink != MIN(references[i], 65535u)) return "wrong link count";
  }
  return NULL;
}

const char *index_load(void) {
  static struct superblock first;
  index_to_kernel(&first, 0, sizeof first);
  if (first.magic != MAGIC) return "no index (was this template bundled?)";
  if (first.version != VERSION) return "index of another version";
  if (first.total_size < sizeof first) return "index too short";
  u8 *bytes = memory_take(first.total_size);
  if (!bytes) return "out of memory";
  index_to_kernel(bytes, 0, first.total_size);
  base = bytes;
  super = (const struct superblock *)bytes;

  const char *complaint = check_areas();
  if (!complaint) complaint = check_environment();
  if (complaint) return complaint;
  u32 size = super->inode_count * sizeof(u32); /* inode_count * 32 fits: check_areas */
  u32 *references = memory_take(size);
  if (!references) return "out of memory";
  memset(references, 0, size);
  complaint = check_tree(references);
  memory_give(references, size);
  return complaint;
}
