/*
 * wasip1_process.c: the component's entry, arguments, environment, clocks, random numbers, exit; and sockets, of
 * which there are none.
 */
#include "../memory.h"
#include "../port/port.h"
#include "../process/process.h"
#include "wasip1.h"

static u64 started;

/*
 * The kernel's entry points; which of them a module exports, and under what name, is the recipe's choice
 * (docs/kernel.md). kernel_run is the body of wasi:cli/run: its result is ok (0) or error (1).
 */
EXPORT("kernel_start") void kernel_start(void) {
  process_start();
  if (file_open(ROOT, OPEN_READ) != PREOPEN) process_out_of_memory();
  started = port_clock(CLOCK_MONOTONIC);
  guest_start();
}
EXPORT("kernel_run") u32 kernel_run(void) {
  kernel_start();
  return 0;
}
EXPORT("boxwright_exit_code") u32 boxwright_exit_code(void) { return process_exit_code(); }

/*
 * Preview 1 knows no working directory; wasi-libc keeps one of its own. Its chdir is called once the guest's
 * constructors have run, of which asking for the arguments is the first sign.
 */
static void hand_over_cwd(void) {
  static bool done;
  u8 cwd[PATH_LIMIT];
  u32 length;
  if (done) return;
  done = true;
  if (!process_physical_cwd(cwd, sizeof cwd, &length) || length <= 2) return; /* "/" is where it starts anyway */
  u32 at = guest_malloc(length);
  if (!at) return;
  guest_write(at, cwd, length);
  if (guest_chdir(at)) process_fail(127, "boxwright: the runtime cannot change to ", cwd, length - 1, "");
}

static u32 put_sizes(const struct strings *list, u32 count_at, u32 size_at) {
  guest_store32(count_at, list->count);
  guest_store32(size_at, list->size);
  return 0;
}

static u32 put_strings(const struct strings *list, u32 pointers, u32 bytes) {
  guest_write(bytes, list->bytes, list->size);
  u32 at = 0;
  for (u32 i = 0; i < list->count; i++) {
    guest_store32(pointers + 4 * i, bytes + at);
    at += strings_length(list->bytes + at) + 1;
  }
  return 0;
}

WASI_EXPORT(args_sizes_get)(u32 count_at, u32 size_at) {
  hand_over_cwd();
  return put_sizes(&process.arguments, count_at, size_at);
}
WASI_EXPORT(args_get)(u32 pointers, u32 bytes) { return put_strings(&process.arguments, pointers, bytes); }
WASI_EXPORT(environ_sizes_get)(u32 count_at, u32 size_at) {
  return put_sizes(&process.environment, count_at, size_at);
}
WASI_EXPORT(environ_get)(u32 pointers, u32 bytes) { return put_strings(&process.environment, pointers, bytes); }

enum { P1_REALTIME = 0, P1_MONOTONIC = 1, P1_PROCESS_CPUTIME = 2, P1_THREAD_CPUTIME = 3 };

WASI_EXPORT(clock_res_get)(u32 clock, u32 at) {
  if (clock > P1_THREAD_CPUTIME) return wasi_errno(-EINVAL);
  guest_store64(at, port_clock_resolution(clock == P1_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC));
  return 0;
}

/* No host tells the time that was computed: it is the time since the start, an upper bound. */
WASI_EXPORT(clock_time_get)(u32 clock, u64 precision, u32 at) {
  (void)precision;
  if (clock > P1_THREAD_CPUTIME) return wasi_errno(-EINVAL);
  u64 time = port_clock(clock == P1_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC);
  guest_store64(at, clock >= P1_PROCESS_CPUTIME ? time - started : time);
  return 0;
}

WASI_EXPORT(random_get)(u32 at, u32 size) {
  u8 bytes[1024];
  for (u32 done = 0; done < size;) {
    u32 part = MIN(size - done, (u32)sizeof bytes);
    port_random(bytes, part);
    guest_write(at + done, bytes, part);
    done += part;
  }
  return 0;
}

/* A parent sees the low 8 bits of an exit status only (POSIX, _exit): 256 is success. */
EXPORT("proc_exit") NORETURN void proc_exit(u32 code) { process_exit(code & 0xff); }

/* As a shell reports a signal's end. Signal 0 only asks whether one could be sent. */
WASI_EXPORT(proc_raise)(u32 signal) {
  if (signal > 30) return wasi_errno(-EINVAL);
  if (signal) process_exit(128 + signal);
  return 0;
}

WASI_EXPORT(sched_yield)(void) { return 0; }

static u32 no_socket(u32 fd) {
  struct file *file;
  return wasi_file(fd, &file) ? wasi_errno(-EBADF) : wasi_errno(-ENOTSOCK);
}
WASI_EXPORT(sock_accept)(u32 fd, u32 flags, u32 result) {
  (void)flags, (void)result;
  return no_socket(fd);
}
WASI_EXPORT(sock_recv)(u32 fd, u32 vectors, u32 count, u32 flags, u32 size, u32 out_flags) {
  (void)vectors, (void)count, (void)flags, (void)size, (void)out_flags;
  return no_socket(fd);
}
WASI_EXPORT(sock_send)(u32 fd, u32 vectors, u32 count, u32 flags, u32 size) {
  (void)vectors, (void)count, (void)flags, (void)size;
  return no_socket(fd);
}
WASI_EXPORT(sock_shutdown)(u32 fd, u32 how) {
  (void)how;
  return no_socket(fd);
}
