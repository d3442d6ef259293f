/*
 * port/wasip1.c: the host speaks wasi_snapshot_preview1.
 *
 * The imports carry the module name "host_p1" until the kernel is merged with its guest: under their real name the
 * merge would link the kernel to itself. Pointers are into the memory that the module exports as "memory".
 */
#include "../memory.h"
#include "port.h"

#define HOST(name) IMPORT("host_p1", name)
struct vector {
  const void *base;
  u32 size;
};
HOST("args_sizes_get") u32 host_args_sizes_get(u32 *count, u32 *size);
HOST("args_get") u32 host_args_get(u8 **argv, u8 *bytes);
HOST("environ_sizes_get") u32 host_environ_sizes_get(u32 *count, u32 *size);
HOST("environ_get") u32 host_environ_get(u8 **envp, u8 *bytes);
HOST("clock_res_get") u32 host_clock_res_get(u32 clock, u64 *resolution);
HOST("clock_time_get") u32 host_clock_time_get(u32 clock, u64 precision, u64 *time);
HOST("fd_read") u32 host_fd_read(u32 fd, const struct vector *vectors, u32 count, u32 *size);
HOST("fd_write") u32 host_fd_write(u32 fd, const struct vector *vectors, u32 count, u32 *size);
HOST("fd_fdstat_get") u32 host_fd_fdstat_get(u32 fd, void *stat);
HOST("poll_oneoff") u32 host_poll_oneoff(const void *in, void *out, u32 count, u32 *ready);
HOST("random_get") u32 host_random_get(void *to, u32 size);
HOST("proc_exit") NORETURN void host_proc_exit(u32 code);

/* Preview-1 errno. */
enum { P1_AGAIN = 6, P1_BADF = 8, P1_INTR = 27, P1_NOSPC = 51, P1_PIPE = 64 };
enum { EVENT_CLOCK = 0, EVENT_READ = 1, EVENT_WRITE = 2 };

struct subscription {
  u64 userdata;
  u8 tag;
  union {
    struct {
      u32 id;
      u64 timeout, precision;
      u16 flags;
    } clock;
    u32 fd;
  };
};
_Static_assert(sizeof(struct subscription) == 48, "subscription");
struct event {
  u64 userdata;
  u16 error;
  u8 type;
  u64 size;
  u16 flags;
};
_Static_assert(sizeof(struct event) == 32, "event");

static i32 errno_of(u32 error) {
  switch (error) {
    case P1_BADF: return -EBADF;
    case P1_NOSPC: return -ENOSPC;
    case P1_PIPE: return -EPIPE;
    default: return -EIO;
  }
}

/* A stream that does not block (a pipe in some hosts) says "again": then it is waited for. */
static bool again(u32 error, u8 type, u32 fd) {
  if (error == P1_INTR) return true;
  if (error != P1_AGAIN) return false;
  struct subscription in = {.tag = type, .fd = fd};
  struct event out;
  u32 ready;
  return !host_poll_oneoff(&in, &out, 1, &ready);
}

i32 port_read(u32 stream, void *to, u32 size) {
  struct vector vector = {to, size};
  u32 done, error;
  while ((error = host_fd_read(stream, &vector, 1, &done)))
    if (!again(error, EVENT_READ, stream)) return errno_of(error);
  return (i32)done;
}

i32 port_write(u32 stream, const void *from, u32 size) {
  struct vector vector = {from, size};
  u32 done, error;
  while ((error = host_fd_write(stream, &vector, 1, &done)))
    if (!again(error, EVENT_WRITE, stream)) return errno_of(error);
  return (i32)done;
}

/* As isatty does: a character device on which nothing can be sought. */
bool port_is_terminal(u32 stream) {
  struct {
    u8 type;
    u16 flags;
    u64 rights, inheriting;
  } stat;
  const u64 seek_or_tell = 1 << 2 | 1 << 5;
  if (host_fd_fdstat_get(stream, &stat)) return false;
  return stat.type == 2 && !(stat.rights & seek_or_tell);
}

bool port_wait(bool input, u64 nanoseconds) {
  struct subscription in[2];
  struct event out[2];
  u32 count = 0, ready = 0;
  if (input) in[count++] = (struct subscription){.userdata = 1, .tag = EVENT_READ, .fd = 0};
  if (nanoseconds != FOREVER)
    in[count++] = (struct subscription){.tag = EVENT_CLOCK, .clock = {.id = CLOCK_MONOTONIC, .timeout = nanoseconds}};
  if (!count) return false;
  /* A host that cannot wait for the stream: reading it will block, which is all that is left. */
  if (host_poll_oneoff(in, out, count, &ready)) return input;
  for (u32 i = 0; i < ready; i++)
    if (out[i].userdata == 1) return true;
  return false;
}

u64 port_clock(u32 clock) {
  u64 time = 0;
  host_clock_time_get(clock, 1, &time);
  return time;
}

u64 port_clock_resolution(u32 clock) {
  u64 resolution = 1;
  host_clock_res_get(clock, &resolution);
  return resolution;
}

void port_random(void *to, u32 size) {
  if (host_random_get(to, size)) __builtin_trap();
}

/* The host wants room for pointers, which are not used: the strings follow one another. */
static bool get(struct strings *into, bool environment, u32 count, u32 size) {
  if (!count || !size) return true;
  if (count > 0x1000000u || size > 0x10000000u) return false;
  u32 room = count * (u32)sizeof(u8 *);
  u8 **pointers = memory_take(room);
  u8 *bytes = memory_take(size);
  bool done = pointers && bytes;
  if (done && !(environment ? host_environ_get(pointers, bytes) : host_args_get(pointers, bytes)))
    for (u32 i = 0; i < count && done; i++) done = strings_add(into, pointers[i], strings_length(pointers[i]));
  memory_give(pointers, room);
  memory_give(bytes, size);
  return done;
}

bool port_arguments(struct strings *into) {
  u32 count = 0, size = 0;
  if (host_args_sizes_get(&count, &size)) return true;
  return get(into, false, count, size);
}

bool port_environment(struct strings *into) {
  u32 count = 0, size = 0;
  if (host_environ_sizes_get(&count, &size)) return true;
  return get(into, true, count, size);
}

void port_exit(u32 code) { host_proc_exit(code); }
