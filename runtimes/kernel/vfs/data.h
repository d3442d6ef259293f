/*
 * data.h: a regular file's bytes.
 *
 * Contract: `size` is the file's; the functions keep the rule that every byte beyond it, if the file grows, reads
 * as zero. Reads and writes go straight to and from guest memory.
 */
#ifndef BOXWRIGHT_DATA_H
#define BOXWRIGHT_DATA_H

#include "inode.h"

/* Bytes read: less than `count` only at the end of the file. */
u32 data_read(const struct inode *n, u64 position, u32 guest_to, u32 count);
/* The same, into the kernel. */
u32 data_read_kernel(const struct inode *n, u64 position, u8 *to, u32 count);
/* Bytes written, or -EFBIG, -ENOSPC when none could be. */
i32 data_write(struct inode *n, u64 position, u32 guest_from, u32 count);
int data_resize(struct inode *n, u64 size);
void data_free(struct data *data);

#endif
