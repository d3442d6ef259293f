/*
 * inode.c: see inode.h.
 *
 * The image's inodes have their structs in one array that is as long as the index says. Its pages are fresh from
 * memory.grow, so they are zero and cost nothing until an inode is first used.
 */
#include "inode.h"

#include "../index.h"
#include "../memory.h"
#include "../port/port.h"
#include "data.h"
#include "directory.h"

static struct inode *image; /* by number */
static u32 image_count;
static struct inode **made; /* by number - image_count; NULL: free */
static u32 made_slots, made_hint;

bool inodes_start(void) {
  image_count = index_super()->inode_count;
  u64 bytes = (u64)image_count * sizeof(struct inode);
  if (bytes > 0xf0000000u) return false;
  u32 pages = (u32)((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
  size_t at = __builtin_wasm_memory_grow(0, pages);
  if (at == (size_t)-1) return false;
  image = (struct inode *)(at * PAGE_SIZE);
  return true;
}

static void read_image_inode(u32 ino, struct inode *n) {
  const struct index_inode *from = index_inode(ino);
  n->uid = from->uid;
  n->gid = from->gid;
  n->nlink = from->nlink;
  n->atime = n->mtime = n->ctime = from->mtime;
  switch (from->mode & S_IFMT) {
    case S_IFREG:
      n->size = from->size;
      n->file.data.rom_offset = from->offset;
      n->file.data.rom_size = from->size;
      n->file.role = from->role_or_parent;
      break;
    case S_IFDIR:
      n->dir.first = from->offset;
      n->dir.count = from->size;
      n->dir.parent = from->role_or_parent;
      break;
    case S_IFLNK:
      n->size = from->size;
      n->link.target = index_string(from->offset);
      break;
    default: n->device = from->offset;
  }
  n->mode = from->mode;
}

struct inode *inode_get(u32 ino) {
  if (ino >= image_count) return made[ino - image_count];
  struct inode *n = &image[ino];
  if (!n->mode) read_image_inode(ino, n);
  return n;
}

i64 now(void) { return (i64)port_clock(CLOCK_REALTIME); }

static bool more_slots(void) {
  u32 slots = MAX(made_slots * 2, 64u);
  if (slots > 0x1000000u || image_count > NO_INODE - slots) return false;
  struct inode **bigger = memory_resize(made, made_slots * sizeof *made, slots * sizeof *made);
  if (!bigger) return false;
  memset(bigger + made_slots, 0, (slots - made_slots) * sizeof *made);
  made = bigger;
  made_slots = slots;
  return true;
}

u32 inode_make(u32 mode) {
  while (made_hint < made_slots && made[made_hint]) made_hint++;
  if (made_hint == made_slots && !more_slots()) return NO_INODE;
  struct inode *n = memory_take(sizeof *n);
  if (!n) return NO_INODE;
  i64 time = now();
  *n = (struct inode){.mode = mode,
                      .uid = index_super()->uid,
                      .gid = index_super()->gid,
                      .atime = time,
                      .mtime = time,
                      .ctime = time};
  made[made_hint] = n;
  return image_count + made_hint++;
}

static void free_if_unused(u32 ino, struct inode *n) {
  if (n->nlink || n->holds) return;
  if (is_file(n)) {
    data_free(&n->file.data);
    n->size = 0;
  } else if (is_directory(n)) {
    directory_free(n);
  } else if (is_link(n) && n->link.owned) {
    memory_give((u8 *)n->link.target, (u32)n->size);
    n->link.target = NULL;
    n->link.owned = false;
    n->size = 0;
  }
  if (ino < image_count) return;
  memory_give(n, sizeof *n);
  made[ino - image_count] = NULL;
  made_hint = MIN(made_hint, ino - image_count);
}

void inode_hold(u32 ino) { inode_get(ino)->holds++; }

void inode_release(u32 ino) {
  struct inode *n = inode_get(ino);
  n->holds--;
  free_if_unused(ino, n);
}

void inode_unlinked(u32 ino) {
  struct inode *n = inode_get(ino);
  if (is_directory(n)) {
    n->nlink = 0;
    n->dir.removed = true;
  } else {
    n->nlink--;
  }
  n->ctime = now();
  free_if_unused(ino, n);
}

bool user_is_root(void) { return index_super()->uid == 0; }
bool user_owns(const struct inode *n) { return user_is_root() || n->uid == index_super()->uid; }

int inode_permission(const struct inode *n, u32 want) {
  if (user_is_root()) {
    bool executable = is_directory(n) || (n->mode & 0111);
    return (want & MAY_EXECUTE) && !executable ? -EACCES : 0;
  }
  u32 bits = n->mode;
  if (n->uid == index_super()->uid) bits >>= 6;
  else if (n->gid == index_super()->gid) bits >>= 3;
  return (want & ~bits) ? -EACCES : 0;
}

void inode_modified(struct inode *n) { n->mtime = n->ctime = now(); }
