/*
 * directory.c: the image's sorted entries as they are, or, once changed, a table made from them.
 *
 * A made directory is an array in order of sequence numbers, with gaps where entries were removed, and a hash of
 * chains over it. It is packed when it would have to grow and half of it is gaps.
 */
#include "directory.h"

#include "../index.h"
#include "../memory.h"
#include "device.h"

#define NONE 0xffffffffu

struct entry {
  u64 sequence;
  const u8 *name; /* NULL: a gap */
  u32 ino;
  u32 next; /* in the hash chain */
  u16 length;
  bool owned; /* the name is ours; else it is the index's */
};

struct directory {
  struct entry *entries;
  u32 used, slots, live;
  u32 *buckets; /* `slots` of them, a power of two */
  u64 next_sequence;
};

static int compare(const u8 *a, u32 a_length, const u8 *b, u32 b_length) {
  int order = memcmp(a, b, MIN(a_length, b_length));
  return order ? order : (a_length > b_length) - (a_length < b_length);
}

static u32 lookup_image(const struct inode *n, const u8 *name, u32 length) {
  u32 low = 0, high = n->dir.count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    const struct index_dirent *e = index_dirent(n->dir.first + middle);
    int order = compare(name, length, index_string(e->name_offset), e->name_length);
    if (!order) return e->inode;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return NO_INODE;
}

/* FNV-1a. */
static u32 hash(const u8 *name, u32 length) {
  u32 h = 2166136261u;
  for (u32 i = 0; i < length; i++) h = (h ^ name[i]) * 16777619u;
  return h;
}

/* The link that points to the entry, or to NONE at the end of its chain. */
static u32 *find(struct directory *d, const u8 *name, u32 length) {
  u32 *link = &d->buckets[hash(name, length) & (d->slots - 1)];
  while (*link != NONE) {
    struct entry *e = &d->entries[*link];
    if (e->length == length && !memcmp(e->name, name, length)) break;
    link = &e->next;
  }
  return link;
}

u32 directory_lookup(u32 dir, const u8 *name, u32 length) {
  const struct inode *n = inode_get(dir);
  if (dir == device_descriptor_directory()) return device_descriptor_lookup(name, length);
  if (!n->dir.made) return lookup_image(n, name, length);
  u32 at = *find(n->dir.made, name, length);
  return at == NONE ? NO_INODE : n->dir.made->entries[at].ino;
}

bool directory_is_empty(u32 dir) {
  const struct inode *n = inode_get(dir);
  return !(n->dir.made ? n->dir.made->live : n->dir.count);
}

static bool next_image(const struct inode *n, u64 sequence, struct directory_entry *out) {
  u64 number = sequence > FIRST_ENTRY ? sequence - FIRST_ENTRY : 0;
  if (number >= n->dir.count) return false;
  const struct index_dirent *e = index_dirent(n->dir.first + (u32)number);
  *out = (struct directory_entry){index_string(e->name_offset), e->name_length, e->inode, number + FIRST_ENTRY};
  return true;
}

bool directory_next(u32 dir, u64 sequence, struct directory_entry *out) {
  const struct inode *n = inode_get(dir);
  if (dir == device_descriptor_directory()) return device_descriptor_next(sequence, out);
  const struct directory *d = n->dir.made;
  if (!d) return next_image(n, sequence, out);
  u32 low = 0, high = d->used;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (d->entries[middle].sequence < sequence) low = middle + 1;
    else high = middle;
  }
  while (low < d->used && !d->entries[low].name) low++;
  if (low == d->used) return false;
  const struct entry *e = &d->entries[low];
  *out = (struct directory_entry){e->name, e->length, e->ino, e->sequence};
  return true;
}

static u32 table_size(u32 slots) { return slots * (u32)(sizeof(struct entry) + sizeof(u32)); }

/* Moves the live entries into a table of `slots` (a power of two, more than there are). */
static bool rebuild(struct directory *d, u32 slots) {
  if (slots > (1u << 26)) return false;
  u8 *table = memory_take(table_size(slots));
  if (!table) return false;
  struct entry *entries = (struct entry *)table;
  u32 *buckets = (u32 *)(table + slots * sizeof(struct entry)), used = 0;
  memset(buckets, 0xff, slots * sizeof(u32));
  for (u32 i = 0; i < d->used; i++) {
    if (!d->entries[i].name) continue;
    struct entry *e = &entries[used];
    *e = d->entries[i];
    u32 *bucket = &buckets[hash(e->name, e->length) & (slots - 1)];
    e->next = *bucket;
    *bucket = used++;
  }
  memory_give(d->entries, table_size(d->slots));
  d->entries = entries;
  d->buckets = buckets;
  d->slots = slots;
  d->used = used;
  return true;
}

static void append(struct directory *d, const u8 *name, u32 length, bool owned, u32 ino) {
  u32 *bucket = &d->buckets[hash(name, length) & (d->slots - 1)];
  d->entries[d->used] = (struct entry){d->next_sequence++, name, ino, *bucket, (u16)length, owned};
  *bucket = d->used++;
  d->live++;
}

int directory_prepare(u32 dir) {
  struct inode *n = inode_get(dir);
  if (n->dir.made) return 0;
  struct directory *d = memory_take(sizeof *d);
  if (!d) return -ENOSPC;
  *d = (struct directory){.next_sequence = FIRST_ENTRY};
  u32 slots = 8;
  while (slots <= n->dir.count && slots < (1u << 31)) slots *= 2;
  if (!rebuild(d, slots)) {
    memory_give(d, sizeof *d);
    return -ENOSPC;
  }
  for (u32 i = 0; i < n->dir.count; i++) {
    const struct index_dirent *e = index_dirent(n->dir.first + i);
    append(d, index_string(e->name_offset), e->name_length, false, e->inode);
  }
  n->dir.made = d;
  return 0;
}

int directory_add(u32 dir, const u8 *name, u32 length, u32 ino) {
  if (directory_prepare(dir)) return -ENOSPC;
  struct directory *d = inode_get(dir)->dir.made;
  if (d->used == d->slots && !rebuild(d, d->live * 2 > d->slots ? d->slots * 2 : d->slots)) return -ENOSPC;
  u8 *copy = memory_take(length);
  if (!copy) return -ENOSPC;
  memcpy(copy, name, length);
  append(d, copy, length, true, ino);
  return 0;
}

void directory_replace(u32 dir, const u8 *name, u32 length, u32 ino) {
  struct directory *d = inode_get(dir)->dir.made;
  d->entries[*find(d, name, length)].ino = ino;
}

void directory_remove(u32 dir, const u8 *name, u32 length) {
  struct directory *d = inode_get(dir)->dir.made;
  u32 *link = find(d, name, length);
  struct entry *e = &d->entries[*link];
  *link = e->next;
  if (e->owned) memory_give((u8 *)e->name, e->length);
  e->name = NULL;
  d->live--;
}

void directory_free(struct inode *n) {
  struct directory *d = n->dir.made;
  n->dir.made = NULL;
  n->dir.count = 0;
  if (!d) return;
  for (u32 i = 0; i < d->used; i++)
    if (d->entries[i].name && d->entries[i].owned) memory_give((u8 *)d->entries[i].name, d->entries[i].length);
  memory_give(d->entries, table_size(d->slots));
  memory_give(d, sizeof *d);
}
