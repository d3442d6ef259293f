/*
 * port/wasip2.c: the host speaks WASI 0.2 through the canonical ABI. No adapter, no wasi:filesystem.
 *
 * Results come back in an area whose address is the last argument (layouts: component-model, CanonicalABI.md); lists
 * are put where cabi_realloc says. Handles of the streams are kept for the life of the instance. wasi:cli/exit
 * knows success and failure only: the exact code is what boxwright_exit_code returns.
 */
#include "../memory.h"
#include "../process/process.h"
#include "port.h"

#define WASI(interface, name) IMPORT("wasi:" interface "@0.2.0", name)
struct list {
  u8 *bytes;
  u32 size;
};

WASI("cli/environment", "get-arguments") void get_arguments(struct list *strings);
WASI("cli/environment", "get-environment") void get_environment(struct list *pairs);
WASI("cli/exit", "exit") void cli_exit(u32 failed);
WASI("cli/stdin", "get-stdin") u32 get_stdin(void);
WASI("cli/stdout", "get-stdout") u32 get_stdout(void);
WASI("cli/stderr", "get-stderr") u32 get_stderr(void);
struct maybe_handle {
  u8 some;
  u32 handle;
};
WASI("cli/terminal-stdin", "get-terminal-stdin") void get_terminal_stdin(struct maybe_handle *terminal);
WASI("cli/terminal-stdout", "get-terminal-stdout") void get_terminal_stdout(struct maybe_handle *terminal);
WASI("cli/terminal-stderr", "get-terminal-stderr") void get_terminal_stderr(struct maybe_handle *terminal);
WASI("cli/terminal-input", "[resource-drop]terminal-input") void terminal_input_drop(u32 handle);
WASI("cli/terminal-output", "[resource-drop]terminal-output") void terminal_output_drop(u32 handle);
WASI("clocks/monotonic-clock", "now") u64 monotonic_now(void);
WASI("clocks/monotonic-clock", "resolution") u64 monotonic_resolution(void);
WASI("clocks/monotonic-clock", "subscribe-duration") u32 subscribe_duration(u64 nanoseconds);
struct datetime {
  u64 seconds;
  u32 nanoseconds;
};
WASI("clocks/wall-clock", "now") void wall_now(struct datetime *time);
WASI("clocks/wall-clock", "resolution") void wall_resolution(struct datetime *resolution);
WASI("random/random", "get-random-bytes") void get_random_bytes(u64 size, struct list *bytes);
WASI("io/error", "[resource-drop]error") void error_drop(u32 handle);
WASI("io/poll", "poll") void poll(const u32 *pollables, u32 count, struct list *ready);
WASI("io/poll", "[method]pollable.block") void pollable_block(u32 pollable);
WASI("io/poll", "[resource-drop]pollable") void pollable_drop(u32 pollable);

struct stream_error {
  u8 tag; /* 0 last-operation-failed, 1 closed */
  u32 error;
};
struct read_result {
  u8 failed;
  union {
    struct list bytes;
    struct stream_error error;
  };
};
struct check_result {
  u8 failed;
  union {
    u64 permit;
    struct stream_error error;
  };
};
struct write_result {
  u8 failed;
  struct stream_error error;
};
WASI("io/streams", "[method]input-stream.blocking-read")
void blocking_read(u32 stream, u64 size, struct read_result *result);
WASI("io/streams", "[method]input-stream.subscribe") u32 input_subscribe(u32 stream);
WASI("io/streams", "[method]output-stream.check-write") void check_write(u32 stream, struct check_result *result);
WASI("io/streams", "[method]output-stream.write")
void stream_write(u32 stream, const void *bytes, u32 size, struct write_result *result);
WASI("io/streams", "[method]output-stream.blocking-flush") void blocking_flush(u32 stream, struct write_result *result);
WASI("io/streams", "[method]output-stream.subscribe") u32 output_subscribe(u32 stream);

/* Where the next list goes, if it fits; else it is allocated, and belongs to whoever asked the host for it. */
static u8 *landing;
static u32 landing_size;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 alignment, u32 size) {
  (void)alignment; /* every block is aligned to 16 */
  u8 *block = landing && size <= landing_size && !old ? landing : memory_resize(old, old_size, size);
  landing = NULL;
  if (!block) __builtin_trap();
  return block;
}

static void land(void *to, u32 size) {
  landing = to;
  landing_size = size;
}

/* Hosts need not allocate for an empty list: its address means nothing. */
static void list_free(struct list list, u32 element) {
  if (list.size) memory_give(list.bytes, list.size * element);
}

static u32 stream_handle(u32 stream) {
  static u32 handles[3];
  static u8 known;
  if (!(known & 1 << stream)) {
    handles[stream] = stream == 0 ? get_stdin() : stream == 1 ? get_stdout() : get_stderr();
    known |= (u8)(1 << stream);
  }
  return handles[stream];
}

/* A closed stream is `closed`; every other failure is an I/O error. */
static i32 failure(struct stream_error error, i32 closed) {
  if (error.tag) return closed;
  error_drop(error.error);
  return -EIO;
}

i32 port_read(u32 stream, void *to, u32 size) {
  struct read_result result;
  if (stream) return -EBADF;
  land(to, size);
  blocking_read(stream_handle(0), size, &result);
  landing = NULL;
  if (result.failed) return failure(result.error, 0);
  if (result.bytes.size > size) __builtin_trap();
  if (result.bytes.size && result.bytes.bytes != to) {
    memcpy(to, result.bytes.bytes, result.bytes.size);
    list_free(result.bytes, 1);
  }
  return (i32)result.bytes.size;
}

/* Up to what the stream takes at once, flushed. */
i32 port_write(u32 stream, const void *from, u32 size) {
  struct check_result check;
  struct write_result result;
  if (!stream) return -EBADF;
  u32 handle = stream_handle(stream);
  for (;;) {
    check_write(handle, &check);
    if (check.failed) return failure(check.error, -EPIPE);
    if (check.permit) break;
    u32 pollable = output_subscribe(handle);
    pollable_block(pollable);
    pollable_drop(pollable);
  }
  size = (u32)MIN((u64)size, check.permit);
  stream_write(handle, from, size, &result);
  if (!result.failed) blocking_flush(handle, &result);
  return result.failed ? failure(result.error, -EPIPE) : (i32)size;
}

bool port_is_terminal(u32 stream) {
  struct maybe_handle terminal;
  if (stream == 0) get_terminal_stdin(&terminal);
  else if (stream == 1) get_terminal_stdout(&terminal);
  else get_terminal_stderr(&terminal);
  if (!terminal.some) return false;
  if (stream == 0) terminal_input_drop(terminal.handle);
  else terminal_output_drop(terminal.handle);
  return true;
}

bool port_wait(bool input, u64 nanoseconds) {
  u32 pollables[2], count = 0, numbers[2];
  struct list ready;
  bool can_read = false;
  if (input) pollables[count++] = input_subscribe(stream_handle(0));
  if (nanoseconds != FOREVER) pollables[count++] = subscribe_duration(nanoseconds);
  if (!count) return false;
  land(numbers, sizeof numbers);
  poll(pollables, count, &ready);
  landing = NULL;
  const u32 *number = (const u32 *)ready.bytes;
  for (u32 i = 0; i < ready.size; i++) can_read |= input && number[i] == 0;
  for (u32 i = 0; i < count; i++) pollable_drop(pollables[i]);
  return can_read;
}

u64 port_clock(u32 clock) {
  struct datetime time;
  if (clock == CLOCK_MONOTONIC) return monotonic_now();
  wall_now(&time);
  return time.seconds * NANOSECONDS + time.nanoseconds;
}

u64 port_clock_resolution(u32 clock) {
  struct datetime resolution;
  if (clock == CLOCK_MONOTONIC) return monotonic_resolution();
  wall_resolution(&resolution);
  return resolution.seconds * NANOSECONDS + resolution.nanoseconds;
}

void port_random(void *to, u32 size) {
  struct list bytes;
  land(to, size);
  get_random_bytes(size, &bytes);
  landing = NULL;
  if (bytes.size != size) __builtin_trap();
  if (bytes.bytes == to) return;
  memcpy(to, bytes.bytes, size);
  list_free(bytes, 1);
}

bool port_arguments(struct strings *into) {
  struct list arguments;
  get_arguments(&arguments);
  const struct list *argument = (const struct list *)arguments.bytes;
  bool done = true;
  for (u32 i = 0; i < arguments.size; i++) {
    done = done && strings_add(into, argument[i].bytes, argument[i].size);
    list_free(argument[i], 1);
  }
  list_free(arguments, sizeof *argument);
  return done;
}

bool port_environment(struct strings *into) {
  struct pair {
    struct list key, value;
  };
  struct list pairs;
  get_environment(&pairs);
  const struct pair *pair = (const struct pair *)pairs.bytes;
  bool done = true;
  for (u32 i = 0; i < pairs.size; i++) {
    done = done && strings_append(into, pair[i].key.bytes, pair[i].key.size) && strings_append(into, "=", 1) &&
           strings_add(into, pair[i].value.bytes, pair[i].value.size);
    list_free(pair[i].key, 1);
    list_free(pair[i].value, 1);
  }
  list_free(pairs, sizeof *pair);
  return done;
}

void port_exit(u32 code) {
  cli_exit(code != 0);
  __builtin_trap();
}
