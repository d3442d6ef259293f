/*
 * glue.h: the guest's memory, and the two spliced segments.
 *
 * Contract: addresses of type u32 are the guest's; pointers are the kernel's. An address outside of the
 * guest's memory traps, as an invalid access of the guest's own would. glue/two.wat implements these across two
 * memories, glue/one.wat within one; wasm-opt inlines them.
 */
#ifndef BOXWRIGHT_GLUE_H
#define BOXWRIGHT_GLUE_H

#include "abi.h"

#define GLUE(name) IMPORT("env", name)

GLUE("guest_load8") u32 guest_load8(u32 at);
GLUE("guest_load16") u32 guest_load16(u32 at);
GLUE("guest_load32") u32 guest_load32(u32 at);
GLUE("guest_load64") u64 guest_load64(u32 at);
GLUE("guest_store8") void guest_store8(u32 at, u32 value);
GLUE("guest_store32") void guest_store32(u32 at, u32 value);
GLUE("guest_store64") void guest_store64(u32 at, u64 value);

/* guest → kernel */
GLUE("guest_read") void guest_read(void *to, u32 from, u32 size);
/* kernel → guest */
GLUE("guest_write") void guest_write(u32 to, const void *from, u32 size);
GLUE("guest_zero") void guest_zero(u32 to, u32 size);

/* ROM → guest: one memory.init, no copy in between. */
GLUE("rom_to_guest") void rom_to_guest(u32 to, u32 rom_offset, u32 size);
GLUE("rom_to_kernel") void rom_to_kernel(void *to, u32 rom_offset, u32 size);
GLUE("index_to_kernel") void index_to_kernel(void *to, u32 index_offset, u32 size);

/* The guest's own entry points; see docs/kernel.md, "What a guest exports". */
IMPORT("guest", "_start") void guest_start(void);
IMPORT("guest", "boxwright_malloc") u32 guest_malloc(u32 size);
IMPORT("guest", "boxwright_chdir") i32 guest_chdir(u32 path);

#endif
