/*
 * wasip1_poll.c: poll_oneoff.
 *
 * Files and output streams are always ready; only clocks and standard input are waited for.
 */
#include "../port/port.h"
#include "../vfs/device.h"
#include "wasip1.h"

enum { EVENT_CLOCK = 0, EVENT_READ = 1, EVENT_WRITE = 2 };
enum { ABSOLUTE = 1 };
enum { SUBSCRIPTION_SIZE = 48, EVENT_SIZE = 32, SUBSCRIPTION_LIMIT = 65536 };

static u32 tag_of(u32 subscription) { return guest_load8(subscription + 8); }

/* When a clock's event is due, on the monotonic clock; FOREVER: never. */
static u64 due(u32 subscription, u64 present) {
  u32 clock = guest_load32(subscription + 16);
  u64 timeout = guest_load64(subscription + 24);
  if (guest_load16(subscription + 40) & ABSOLUTE) {
    u64 then = clock == 0 ? port_clock(CLOCK_REALTIME) : present;
    timeout = timeout > then ? timeout - then : 0;
  }
  return timeout > FOREVER - present ? FOREVER : present + timeout;
}

struct output {
  u32 at, count;
};

static void put_event(struct output *out, u32 subscription, u32 error, u64 size) {
  guest_store64(out->at, guest_load64(subscription));
  guest_store64(out->at + 8, error | (u64)tag_of(subscription) << 16);
  guest_store64(out->at + 16, size);
  guest_store64(out->at + 24, 0);
  out->at += EVENT_SIZE;
  out->count++;
}

/* Bytes that can be read without blocking; for what is always ready. */
static u64 readable(const struct file *file) {
  const struct inode *n = inode_get(file->ino);
  if (!is_file(n)) return 1;
  return n->size > file->position ? n->size - file->position : 0;
}

/* A descriptor's event if there is one now; *input: it has to be waited for. */
static void check_descriptor(u32 subscription, struct output *out, bool input_ready, bool *input) {
  const struct file *file = file_of(guest_load32(subscription + 16));
  bool reading = tag_of(subscription) == EVENT_READ;
  if (!file) {
    put_event(out, subscription, wasi_errno(-EBADF), 0);
  } else if (reading && device_is_input(inode_get(file->ino)) && !input_ready) {
    *input = true;
  } else {
    put_event(out, subscription, 0, reading ? readable(file) : 65536);
  }
}

static bool known(u32 subscription) {
  switch (tag_of(subscription)) {
    case EVENT_CLOCK: return guest_load32(subscription + 16) <= 3;
    case EVENT_READ: case EVENT_WRITE: return true;
    default: return false;
  }
}

WASI_EXPORT(poll_oneoff)(u32 in, u32 events, u32 count, u32 result) {
  struct output out = {events, 0};
  bool input = false;
  if (!count || count > SUBSCRIPTION_LIMIT) return wasi_errno(-EINVAL);
  u64 present = port_clock(CLOCK_MONOTONIC), first = FOREVER;
  for (u32 i = 0; i < count; i++) {
    u32 subscription = in + SUBSCRIPTION_SIZE * i;
    if (!known(subscription)) return wasi_errno(-EINVAL);
    if (tag_of(subscription) == EVENT_CLOCK) first = MIN(first, due(subscription, present));
    else check_descriptor(subscription, &out, false, &input);
  }
  u64 timeout = out.count || first <= present ? 0 : first == FOREVER ? FOREVER : first - present;
  bool can_read = (input || timeout) && port_wait(input, timeout);
  u64 later = port_clock(CLOCK_MONOTONIC);
  /* The wait was for the first clock: it has come, even if the host's clock is a little behind. */
  if (!can_read && !out.count && first != FOREVER) later = MAX(later, first);
  out = (struct output){events, 0};
  for (u32 i = 0; i < count; i++) {
    u32 subscription = in + SUBSCRIPTION_SIZE * i;
    if (tag_of(subscription) != EVENT_CLOCK) check_descriptor(subscription, &out, can_read, &input);
    else if (due(subscription, present) <= later) put_event(&out, subscription, 0, 0);
  }
  guest_store32(result, out.count);
  return 0;
}
