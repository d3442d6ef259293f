/*
 * data.c: copy on write in chunks of one page.
 *
 * chunks[i], where there is one, holds bytes [i * CHUNK, (i + 1) * CHUNK) of the file; where there is none the
 * bytes below rom_size are the ROM's and the rest are zero. The first chunk is shorter for short files: it always
 * holds at least the ROM's bytes of its range, and what lies beyond its capacity is zero.
 */
#include "data.h"

#include "../glue.h"
#include "../memory.h"

#define CHUNK PAGE_SIZE
#define FIRST_MINIMUM 64u

enum space { GUEST, KERNEL };

static inline void put(enum space space, uintptr_t to, const void *from, u32 size) {
  if (space == GUEST) guest_write((u32)to, from, size);
  else memcpy((void *)to, from, size);
}
static inline void put_rom(enum space space, uintptr_t to, u32 rom_offset, u32 size) {
  if (space == GUEST) rom_to_guest((u32)to, rom_offset, size);
  else rom_to_kernel((void *)to, rom_offset, size);
}
static inline void put_zeros(enum space space, uintptr_t to, u32 size) {
  if (space == GUEST) guest_zero((u32)to, size);
  else memset((void *)to, 0, size);
}

static u32 capacity_of(const struct data *d, u32 chunk) { return chunk ? CHUNK : d->first_capacity; }

/* How many of the ROM's bytes lie in [position, position + size). */
static u32 rom_part(const struct data *d, u64 position, u32 size) {
  if (position >= d->rom_size) return 0;
  return (u32)MIN((u64)size, d->rom_size - position);
}

/* One piece that is within a chunk, or within one run without chunks. */
static inline u32 read_piece(enum space space, const struct data *d, u64 position, uintptr_t to, u32 count) {
  u64 number = position / CHUNK;
  u32 within = (u32)(position % CHUNK);
  if (number >= d->slots) {
    u32 from_rom = rom_part(d, position, count);
    if (from_rom) {
      put_rom(space, to, d->rom_offset + (u32)position, from_rom);
      return from_rom;
    }
    put_zeros(space, to, count);
    return count;
  }
  u32 chunk = (u32)number, size = MIN(count, CHUNK - within);
  if (d->chunks[chunk]) {
    u32 capacity = capacity_of(d, chunk);
    u32 held = within < capacity ? MIN(size, capacity - within) : 0;
    put(space, to, d->chunks[chunk] + within, held);
    put_zeros(space, to + held, size - held);
  } else {
    u32 from_rom = rom_part(d, position, size);
    if (from_rom) put_rom(space, to, d->rom_offset + (u32)position, from_rom);
    put_zeros(space, to + from_rom, size - from_rom);
  }
  return size;
}

static inline u32 read_all(enum space space, const struct inode *n, u64 position, uintptr_t to, u32 count) {
  if (position >= n->size) return 0;
  count = (u32)MIN((u64)count, n->size - position);
  for (u32 done = 0; done < count;)
    done += read_piece(space, &n->file.data, position + done, to + done, count - done);
  return count;
}

u32 data_read(const struct inode *n, u64 position, u32 guest_to, u32 count) {
  return read_all(GUEST, n, position, guest_to, count);
}
u32 data_read_kernel(const struct inode *n, u64 position, u8 *to, u32 count) {
  return read_all(KERNEL, n, position, (uintptr_t)to, count);
}

static bool reserve_slots(struct data *d, u32 chunk) {
  if (chunk < d->slots) return true;
  u32 slots = MAX(chunk + 1, MIN(d->slots * 2, chunk + 4096));
  u8 **chunks = memory_resize(d->chunks, d->slots * sizeof *chunks, slots * sizeof *chunks);
  if (!chunks) return false;
  memset(chunks + d->slots, 0, (slots - d->slots) * sizeof *chunks);
  d->chunks = chunks;
  d->slots = slots;
  return true;
}

static u32 first_capacity_for(u32 bytes) {
  u32 capacity = FIRST_MINIMUM;
  while (capacity < bytes) capacity *= 2;
  return capacity > SMALL_LIMIT ? CHUNK : capacity;
}

/* Makes chunk 0 hold at least `bytes`. */
static bool grow_first(struct data *d, u32 bytes) {
  u32 old = d->first_capacity, capacity = first_capacity_for(bytes);
  u8 *chunk = memory_resize(d->chunks[0], old, capacity);
  if (!chunk) return false;
  memset(chunk + old, 0, capacity - old);
  d->chunks[0] = chunk;
  d->first_capacity = capacity;
  return true;
}

/* Gives a new chunk its old contents, but for [start, end), which is about to be written. */
static void fill_chunk(u8 *bytes, u32 capacity, u32 rom_offset, u32 from_rom, u32 start, u32 end) {
  if (from_rom && (start || end < from_rom)) rom_to_kernel(bytes, rom_offset, from_rom);
  if (start > from_rom) memset(bytes + from_rom, 0, start - from_rom);
  u32 rest = MAX(end, from_rom);
  memset(bytes + rest, 0, capacity - rest);
}

/* A chunk of which [start, end) can be written, with its old contents elsewhere; NULL: no memory. */
static u8 *writable_chunk(struct data *d, u32 chunk, u32 start, u32 end) {
  if (!reserve_slots(d, chunk)) return NULL;
  if (d->chunks[chunk]) {
    if (chunk == 0 && end > d->first_capacity && !grow_first(d, end)) return NULL;
    return d->chunks[chunk];
  }
  u64 position = (u64)chunk * CHUNK;
  u32 from_rom = rom_part(d, position, CHUNK);
  u32 capacity = chunk ? CHUNK : first_capacity_for(MAX(end, from_rom));
  u8 *bytes = memory_take(capacity);
  if (!bytes) return NULL;
  fill_chunk(bytes, capacity, d->rom_offset + (u32)position, from_rom, start, end);
  if (!chunk) d->first_capacity = capacity;
  return d->chunks[chunk] = bytes;
}

i32 data_write(struct inode *n, u64 position, u32 guest_from, u32 count) {
  struct data *d = &n->file.data;
  if (position >= FILE_SIZE_LIMIT) return count ? -EFBIG : 0;
  count = (u32)MIN((u64)MIN(count, 0x7ffff000u), FILE_SIZE_LIMIT - position);
  u32 done = 0;
  while (done < count) {
    u64 at = position + done;
    u32 chunk = (u32)(at / CHUNK), within = (u32)(at % CHUNK), size = MIN(count - done, CHUNK - within);
    u8 *bytes = writable_chunk(d, chunk, within, within + size);
    if (!bytes) break;
    guest_read(bytes + within, guest_from + done, size);
    done += size;
  }
  if (done) n->size = MAX(n->size, position + done);
  return done || !count ? (i32)done : -ENOSPC;
}

static void free_chunks_from(struct data *d, u32 first) {
  for (u32 i = first; i < d->slots; i++) {
    memory_give(d->chunks[i], capacity_of(d, i));
    d->chunks[i] = NULL;
  }
  if (first == 0) {
    memory_give(d->chunks, d->slots * sizeof *d->chunks);
    d->chunks = NULL;
    d->slots = 0;
    d->first_capacity = 0;
  }
}

int data_resize(struct inode *n, u64 size) {
  struct data *d = &n->file.data;
  if (size > FILE_SIZE_LIMIT) return -EFBIG;
  if (size < n->size) {
    u32 whole = (u32)((size + CHUNK - 1) / CHUNK), last = (u32)(size / CHUNK), within = (u32)(size % CHUNK);
    free_chunks_from(d, whole);
    if (within && last < d->slots && d->chunks[last]) {
      u32 capacity = capacity_of(d, last);
      if (within < capacity) memset(d->chunks[last] + within, 0, capacity - within);
    }
    d->rom_size = (u32)MIN((u64)d->rom_size, size);
  }
  n->size = size;
  return 0;
}

void data_free(struct data *data) {
  free_chunks_from(data, 0);
  data->rom_size = 0;
}
