/*
 * device.h: character devices, and the /dev that the kernel puts over the image's.
 *
 * Contract: a device inode is known by its Linux numbers, wherever it lies; numbers that the kernel does not know
 * give -ENXIO on opening. Streams are the host's standard input, output and error.
 */
#ifndef BOXWRIGHT_DEVICE_H
#define BOXWRIGHT_DEVICE_H

#include "directory.h"
#include "inode.h"

/* Makes /dev with its nodes, /tmp where it is missing, and descriptors 0 to 2. */
int devices_start(void);

int device_open(const struct inode *n);
bool device_is_stream(const struct inode *n);
bool device_is_terminal(const struct inode *n);
i32 device_read(const struct inode *n, u32 guest_to, u32 count, bool nonblocking);
i32 device_write(const struct inode *n, u32 guest_from, u32 count);
/* Whether a read would block now. Only standard input ever does. */
bool device_is_input(const struct inode *n);

/* /dev/fd: its names are the open descriptors. */
u32 device_descriptor_directory(void);
u32 device_descriptor_lookup(const u8 *name, u32 length);
bool device_descriptor_next(u64 sequence, struct directory_entry *entry);

#endif
