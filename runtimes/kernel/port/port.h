/*
 * port.h: all that the kernel needs of its host.
 *
 * Contract: each port implements every function; buffers are in kernel memory. Streams are 0 standard input,
 * 1 standard output, 2 standard error. Reads return 0 at the end of the input. Calls block until something
 * could be done. Counts or negative Linux errno.
 */
#ifndef BOXWRIGHT_PORT_H
#define BOXWRIGHT_PORT_H

#include "../abi.h"
#include "../process/strings.h"

#define FOREVER (~0ull)
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };

i32 port_read(u32 stream, void *to, u32 size);
i32 port_write(u32 stream, const void *from, u32 size);
bool port_is_terminal(u32 stream);
/* Sleeps for at most `nanoseconds`, or, if `input`, until standard input can be read: then true. */
bool port_wait(bool input, u64 nanoseconds);

u64 port_clock(u32 clock);
u64 port_clock_resolution(u32 clock);
void port_random(void *to, u32 size);

/* The host's arguments, with its argv[0]; its environment as KEY=value. False when memory is exhausted. */
bool port_arguments(struct strings *into);
bool port_environment(struct strings *into);
NORETURN void port_exit(u32 code);

#endif
