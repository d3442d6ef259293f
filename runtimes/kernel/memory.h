/*
 * memory.h: the kernel's allocator.
 *
 * Contract: sizes are given again on freeing, so that no block has a header. Memory comes from memory.grow in
 * whole pages, which need not be contiguous (in the one-memory build the guest grows the same memory). NULL when
 * the engine refuses; nothing else fails. Contents are undefined.
 */
#ifndef BOXWRIGHT_MEMORY_H
#define BOXWRIGHT_MEMORY_H

#include "abi.h"

#define PAGE_SIZE 65536u
/* Blocks above this are whole pages. */
#define SMALL_LIMIT 8192u

void *memory_take(u32 size);
void memory_give(void *block, u32 size);
/* At least `wanted` bytes with the first `size` bytes kept; the old block is freed. NULL leaves it as it was. */
void *memory_resize(void *block, u32 size, u32 wanted);

void *pages_take(u32 count);
void pages_give(void *pages, u32 count);

#endif
