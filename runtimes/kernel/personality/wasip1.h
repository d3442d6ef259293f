/*
 * wasip1.h: what the files of the preview-1 personality share.
 *
 * Contract: every exported function has the signature and layouts of wasi_snapshot_preview1 (witx). Descriptor 3 is
 * the pre-opened directory "/". Rights are reported, and decide whether path_open opens for reading or writing; they
 * are not enforced otherwise: the file's mode and the way it was opened are.
 */
#ifndef BOXWRIGHT_WASIP1_H
#define BOXWRIGHT_WASIP1_H

#include "../abi.h"
#include "../glue.h"
#include "../vfs/file.h"

#define WASI_EXPORT(name) EXPORT(#name) u32 name

enum { PREOPEN = 3 };

enum {
  P1_CHARACTER_DEVICE = 2, P1_BLOCK_DEVICE = 1, P1_DIRECTORY = 3, P1_REGULAR_FILE = 4, P1_SYMBOLIC_LINK = 7,
  P1_UNKNOWN = 0
};
enum { FDFLAG_APPEND = 1, FDFLAG_DSYNC = 2, FDFLAG_NONBLOCK = 4, FDFLAG_RSYNC = 8, FDFLAG_SYNC = 16 };

/* Linux's number to preview 1's. Takes 0 or a negative errno; a count gives 0. */
u32 wasi_errno(i32 result);
u32 wasi_filetype(u32 mode);
/* The open description, or an error. */
u32 wasi_file(u32 fd, struct file **file);

/* Writes a filestat, 64 bytes. */
void wasi_write_filestat(u32 ino, u32 at);
/* fstflags to a time of vfs.h; false: both "now" and a given time. */
bool wasi_time(u32 flags, u32 set, u32 set_now, u64 given, i64 *time);

#endif
