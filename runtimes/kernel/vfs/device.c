/*
 * device.c: see device.h.
 *
 * Data to and from streams pass through one bounce buffer, so that the host only ever sees kernel memory.
 */
#include "device.h"

#include "../glue.h"
#include "../index.h"
#include "../port/port.h"
#include "file.h"

#define DEVICE(major, minor) ((u32)(major) << 20 | (minor))
enum {
  DEVICE_NULL = DEVICE(1, 3), DEVICE_ZERO = DEVICE(1, 5), DEVICE_FULL = DEVICE(1, 7),
  DEVICE_RANDOM = DEVICE(1, 8), DEVICE_URANDOM = DEVICE(1, 9), DEVICE_TTY = DEVICE(5, 0),
  /* Not Linux's: major 240 to 254 are for local use (Documentation/admin-guide/devices.txt). */
  DEVICE_STREAM = DEVICE(254, 0)
};

#define BOUNCE 65536u
static u8 bounce[BOUNCE];
static u32 descriptor_directory = NO_INODE;

static u32 stream_of(const struct inode *n, bool writing) {
  if (n->device == DEVICE_TTY) return writing ? 1 : 0;
  return n->device - DEVICE_STREAM;
}

bool device_is_stream(const struct inode *n) {
  return n->device == DEVICE_TTY || n->device - DEVICE_STREAM <= 2;
}
bool device_is_input(const struct inode *n) { return n->device == DEVICE_TTY || n->device == DEVICE_STREAM; }
bool device_is_terminal(const struct inode *n) {
  return device_is_stream(n) && port_is_terminal(stream_of(n, false));
}

int device_open(const struct inode *n) {
  if ((n->mode & S_IFMT) == S_IFIFO && device_is_stream(n)) return 0;
  if ((n->mode & S_IFMT) != S_IFCHR) return -ENXIO;
  switch (n->device) {
    case DEVICE_NULL: case DEVICE_ZERO: case DEVICE_FULL: case DEVICE_RANDOM: case DEVICE_URANDOM: return 0;
    case DEVICE_TTY: return port_is_terminal(0) || port_is_terminal(1) ? 0 : -ENXIO;
    default: return device_is_stream(n) ? 0 : -ENXIO;
  }
}

static i32 read_random(u32 guest_to, u32 count) {
  for (u32 done = 0; done < count;) {
    u32 size = MIN(count - done, BOUNCE);
    port_random(bounce, size);
    guest_write(guest_to + done, bounce, size);
    done += size;
  }
  return (i32)count;
}

static i32 read_stream(const struct inode *n, u32 guest_to, u32 count, bool nonblocking) {
  if (!count) return 0;
  if (nonblocking && !port_wait(true, 0)) return -EAGAIN;
  i32 done = port_read(stream_of(n, false), bounce, MIN(count, BOUNCE));
  if (done > 0) guest_write(guest_to, bounce, (u32)done);
  return done;
}

i32 device_read(const struct inode *n, u32 guest_to, u32 count, bool nonblocking) {
  switch (n->device) {
    case DEVICE_NULL: return 0;
    case DEVICE_ZERO: case DEVICE_FULL: guest_zero(guest_to, count); return (i32)count;
    case DEVICE_RANDOM: case DEVICE_URANDOM: return read_random(guest_to, count);
    default: return read_stream(n, guest_to, count, nonblocking);
  }
}

static i32 write_stream(u32 stream, u32 guest_from, u32 count) {
  u32 done = 0;
  while (done < count) {
    u32 size = MIN(count - done, BOUNCE);
    guest_read(bounce, guest_from + done, size);
    i32 written = port_write(stream, bounce, size);
    if (written <= 0) return done ? (i32)done : written ? written : -EIO;
    done += (u32)written;
  }
  return (i32)done;
}

i32 device_write(const struct inode *n, u32 guest_from, u32 count) {
  count = MIN(count, 0x7ffff000u);
  if (n->device == DEVICE_FULL) return -ENOSPC;
  return device_is_stream(n) ? write_stream(stream_of(n, true), guest_from, count) : (i32)count;
}

u32 device_descriptor_directory(void) { return descriptor_directory; }

u32 device_descriptor_lookup(const u8 *name, u32 length) {
  u32 fd = 0;
  if (!length || length > 5 || (length > 1 && name[0] == '0')) return NO_INODE;
  for (u32 i = 0; i < length; i++) {
    if (name[i] < '0' || name[i] > '9') return NO_INODE;
    fd = fd * 10 + (name[i] - '0');
  }
  const struct file *file = file_of(fd);
  return file ? file->ino : NO_INODE;
}

bool device_descriptor_next(u64 sequence, struct directory_entry *entry) {
  static u8 digits[10];
  i32 fd = sequence > DESCRIPTOR_LIMIT + FIRST_ENTRY ? -1 : file_next((u32)MAX(sequence, FIRST_ENTRY) - FIRST_ENTRY);
  if (fd < 0) return false;
  u32 at = sizeof digits;
  u32 rest = (u32)fd;
  do digits[--at] = (u8)('0' + rest % 10);
  while (rest /= 10);
  *entry = (struct directory_entry){digits + at, (u32)sizeof digits - at, file_of((u32)fd)->ino, (u64)fd + FIRST_ENTRY};
  return true;
}

static u32 make_root_owned(u32 mode) {
  u32 ino = inode_make(mode);
  if (ino == NO_INODE) return NO_INODE;
  struct inode *n = inode_get(ino);
  n->uid = n->gid = 0;
  n->nlink = is_directory(n) ? 2 : 1;
  return ino;
}

static int put(u32 dir, const char *name, u32 ino) {
  if (ino == NO_INODE) return -ENOSPC;
  if (is_directory(inode_get(ino))) {
    inode_get(ino)->dir.parent = dir;
    inode_get(dir)->nlink++;
  }
  return directory_add(dir, (const u8 *)name, (u32)strlen(name), ino);
}

static int put_device(u32 dir, const char *name, u32 device) {
  u32 ino = make_root_owned(S_IFCHR | 0666);
  if (ino != NO_INODE) inode_get(ino)->device = device;
  return put(dir, name, ino);
}

static int put_link(u32 dir, const char *name, const char *target) {
  u32 ino = make_root_owned(S_IFLNK | 0777);
  if (ino == NO_INODE) return -ENOSPC;
  inode_get(ino)->link.target = (const u8 *)target;
  inode_get(ino)->size = strlen(target);
  return put(dir, name, ino);
}

/* As Docker's tmpfs does, /dev hides what the image has there. */
static u32 make_dev(void) {
  static const u8 name[] = {'d', 'e', 'v'};
  u32 dev = make_root_owned(S_IFDIR | 0755);
  u32 old = directory_lookup(ROOT, name, sizeof name);
  if (dev == NO_INODE) return NO_INODE;
  if (old == NO_INODE) return put(ROOT, "dev", dev) ? NO_INODE : dev;
  if (directory_prepare(ROOT)) return NO_INODE;
  if (!is_directory(inode_get(old))) inode_get(ROOT)->nlink++;
  inode_get(dev)->dir.parent = ROOT;
  directory_replace(ROOT, name, sizeof name, dev);
  return dev;
}

static int open_streams(void) {
  for (u32 stream = 0; stream < 3; stream++) {
    u32 ino = make_root_owned(port_is_terminal(stream) ? S_IFCHR | 0620 : S_IFIFO | 0600);
    if (ino == NO_INODE) return -ENOSPC;
    struct inode *n = inode_get(ino);
    n->device = DEVICE_STREAM + stream;
    /* A terminal is one device that is open three times, for reading and writing. */
    u32 flags = (n->mode & S_IFMT) == S_IFCHR ? OPEN_READ | OPEN_WRITE : stream ? OPEN_WRITE : OPEN_READ;
    i32 fd = file_open(ino, flags);
    if (fd < 0) return fd;
    n->nlink = 0;
  }
  return 0;
}

int devices_start(void) {
  static const u8 tmp[] = {'t', 'm', 'p'};
  struct inode *root = inode_get(ROOT);
  i64 changed = root->mtime;
  u32 dev = make_dev();
  if (dev == NO_INODE) return -ENOSPC;
  int error = put_device(dev, "null", DEVICE_NULL);
  if (!error) error = put_device(dev, "zero", DEVICE_ZERO);
  if (!error) error = put_device(dev, "full", DEVICE_FULL);
  if (!error) error = put_device(dev, "random", DEVICE_RANDOM);
  if (!error) error = put_device(dev, "urandom", DEVICE_URANDOM);
  if (!error) error = put_device(dev, "tty", DEVICE_TTY);
  u32 fd = make_root_owned(S_IFDIR | 0500);
  if (!error) error = put(dev, "fd", fd);
  if (!error) error = put_link(dev, "stdin", "/dev/fd/0");
  if (!error) error = put_link(dev, "stdout", "/dev/fd/1");
  if (!error) error = put_link(dev, "stderr", "/dev/fd/2");
  if (!error) error = put(dev, "shm", make_root_owned(S_IFDIR | S_ISVTX | 0777));
  if (!error && directory_lookup(ROOT, tmp, sizeof tmp) == NO_INODE)
    error = put(ROOT, "tmp", make_root_owned(S_IFDIR | S_ISVTX | 0777));
  if (error) return error;
  /* As /proc/self/fd is: the process's, which is how programs can tell whose process it is. */
  inode_get(fd)->uid = index_super()->uid;
  inode_get(fd)->gid = index_super()->gid;
  descriptor_directory = fd;
  inode_hold(fd); /* its number stays its own, even if it is removed */
  root->mtime = changed;
  return open_streams();
}
