/*
 * memory.c: runs of pages, and slabs of equal blocks within pages.
 *
 * A free run holds its own list node; the list is sorted by address so that neighbours join. A slab is one page:
 * a header, then blocks of one size class. A slab that is all free goes back to the runs.
 */
#include "memory.h"

/* Runs are grown by at least this much: memory.grow is a system call in every engine. */
#define GROWTH_PAGES 16u

struct run {
  struct run *next;
  u32 pages;
};
static struct run *free_runs;

struct slab {
  struct slab *next, *previous;
  struct block *free;
  u16 class, used;
  u32 fresh; /* offset of the first block never handed out */
};
struct block {
  struct block *next;
};
#define SLAB_HEADER 32u
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "slab header");

static const u16 class_sizes[] = {16,  32,  48,   64,   96,   128,  192,  256, 384,
                                  512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192};
#define CLASSES (sizeof class_sizes / sizeof *class_sizes)
static struct slab *with_room[CLASSES];

static u8 *run_end(struct run *run) { return (u8 *)run + (u64)run->pages * PAGE_SIZE; }

void pages_give(void *pages, u32 count) {
  if (!count) return;
  struct run *given = pages, *before = NULL, *after = free_runs;
  while (after && after < given) before = after, after = after->next;
  given->pages = count;
  given->next = after;
  if (after && run_end(given) == (u8 *)after) {
    given->pages += after->pages;
    given->next = after->next;
  }
  if (!before) {
    free_runs = given;
  } else if (run_end(before) == (u8 *)given) {
    before->pages += given->pages;
    before->next = given->next;
  } else {
    before->next = given;
  }
}

static bool grow(u32 count) {
  u32 wanted = MAX(count, GROWTH_PAGES);
  size_t at = __builtin_wasm_memory_grow(0, wanted);
  if (at == (size_t)-1 && wanted > count) at = __builtin_wasm_memory_grow(0, wanted = count);
  if (at == (size_t)-1) return false;
  /* The last page of a 4 GiB memory is left alone: a run that ends at 2^32 would end at address 0. */
  if (at + wanted >= PAGE_SIZE) wanted--;
  pages_give((void *)(at * PAGE_SIZE), wanted);
  return wanted >= count;
}

void *pages_take(u32 count) {
  if (!count || count >= PAGE_SIZE) return NULL;
  for (int attempt = 0; attempt < 2; attempt++) {
    struct run *before = NULL;
    for (struct run *run = free_runs; run; before = run, run = run->next) {
      if (run->pages < count) continue;
      if (run->pages > count) { /* taken from the end: the node stays where it is */
        run->pages -= count;
        return run_end(run);
      }
      if (before) before->next = run->next;
      else free_runs = run->next;
      return run;
    }
    if (!grow(count)) return NULL;
  }
  return NULL;
}

static u32 class_of(u32 size) {
  u32 class = 0;
  while (class_sizes[class] < size) class++;
  return class;
}

static void slab_unlink(struct slab *slab) {
  if (slab->previous) slab->previous->next = slab->next;
  else with_room[slab->class] = slab->next;
  if (slab->next) slab->next->previous = slab->previous;
}

static void slab_link(struct slab *slab) {
  slab->previous = NULL;
  slab->next = with_room[slab->class];
  if (slab->next) slab->next->previous = slab;
  with_room[slab->class] = slab;
}

static bool slab_full(const struct slab *slab) {
  return !slab->free && slab->fresh + class_sizes[slab->class] > PAGE_SIZE;
}

static struct slab *slab_new(u32 class) {
  struct slab *slab = pages_take(1);
  if (!slab) return NULL;
  *slab = (struct slab){.class = (u16)class, .fresh = SLAB_HEADER};
  slab_link(slab);
  return slab;
}

static u32 page_count(u32 size) { return size / PAGE_SIZE + (size % PAGE_SIZE != 0); }

void *memory_take(u32 size) {
  if (size > SMALL_LIMIT) return pages_take(page_count(size));
  u32 class = class_of(size);
  struct slab *slab = with_room[class];
  if (!slab && !(slab = slab_new(class))) return NULL;
  struct block *block = slab->free;
  if (block) {
    slab->free = block->next;
  } else {
    block = (struct block *)((u8 *)slab + slab->fresh);
    slab->fresh += class_sizes[class];
  }
  slab->used++;
  if (slab_full(slab)) slab_unlink(slab);
  return block;
}

void memory_give(void *block, u32 size) {
  if (!block) return;
  if (size > SMALL_LIMIT) {
    pages_give(block, page_count(size));
    return;
  }
  struct slab *slab = (struct slab *)((uintptr_t)block & ~(uintptr_t)(PAGE_SIZE - 1));
  if (slab_full(slab)) slab_link(slab);
  ((struct block *)block)->next = slab->free;
  slab->free = block;
  if (--slab->used) return;
  slab_unlink(slab);
  pages_give(slab, 1);
}

static u32 rounded(u32 size) {
  return size > SMALL_LIMIT ? page_count(size) * PAGE_SIZE : class_sizes[class_of(size)];
}

void *memory_resize(void *block, u32 size, u32 wanted) {
  if (block && rounded(size) == rounded(wanted)) return block;
  void *bigger = memory_take(wanted);
  if (!bigger) return NULL;
  memcpy(bigger, block, MIN(size, wanted));
  memory_give(block, size);
  return bigger;
}
