/*
 * A small command for tests, on preview 1 alone (no libc): its arguments are commands and their operands, done in
 * turn. It keeps no working directory; paths are taken from "/".
 *
 *   args            prints the arguments, one per line
 *   env             prints the environment
 *   cat PATH        prints a file
 *   write PATH TEXT makes a file
 *   echo            copies standard input to standard output
 *   tty             prints which of 0, 1, 2 are character devices
 *   sleep           waits a millisecond and prints whether both clocks moved
 *   random          prints whether 64 random bytes are not all equal
 *   exit CODE       exits; without it, _start returns
 */
typedef unsigned u32;
typedef unsigned long long u64;
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
WASI(args_sizes_get) u32 args_sizes_get(u32 *count, u32 *size);
WASI(args_get) u32 args_get(char **argv, char *bytes);
WASI(environ_sizes_get) u32 environ_sizes_get(u32 *count, u32 *size);
WASI(environ_get) u32 environ_get(char **argv, char *bytes);
WASI(path_open) u32 path_open(u32 dir, u32 lookup, const char *path, u32 length, u32 oflags, u64 rights, u64 inherit, u32 flags, u32 *fd);
WASI(fd_read) u32 fd_read(u32 fd, void *vectors, u32 count, u32 *size);
WASI(fd_write) u32 fd_write(u32 fd, void *vectors, u32 count, u32 *size);
WASI(fd_close) u32 fd_close(u32 fd);
WASI(fd_fdstat_get) u32 fd_fdstat_get(u32 fd, void *stat);
WASI(clock_time_get) u32 clock_time_get(u32 clock, u64 precision, u64 *time);
WASI(poll_oneoff) u32 poll_oneoff(void *in, void *out, u32 count, u32 *ready);
WASI(random_get) u32 random_get(void *to, u32 size);
WASI(proc_exit) _Noreturn void proc_exit(u32 code);

static char bytes[8192], buffer[32768];
static char *argv[256];

static u32 length_of(const char *text) {
  u32 n = 0;
  while (text[n]) n++;
  return n;
}
static int equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
static void put(u32 fd, const char *text, u32 size) {
  struct { const char *base; u32 size; } vector = {text, size};
  u32 done;
  if (fd_write(fd, &vector, 1, &done) || done != size) proc_exit(99);
}
static void print(const char *text) { put(1, text, length_of(text)); }
static void line(const char *text) {
  print(text);
  print("\n");
}
static void copy(u32 from, u32 to) {
  struct { char *base; u32 size; } vector = {buffer, sizeof buffer};
  u32 done;
  for (;;) {
    if (fd_read(from, &vector, 1, &done)) proc_exit(98);
    if (!done) return;
    put(to, buffer, done);
  }
}
static u32 open(const char *path, u32 oflags, u64 rights) {
  u32 fd, error = path_open(3, 1, path + (*path == '/'), length_of(path) - (*path == '/'), oflags, rights, 0, 0, &fd);
  if (error) proc_exit(error);
  return fd;
}
static void print_all(u32 count) {
  for (u32 i = 0; i < count; i++) line(argv[i]);
}
static void print_terminals(void) {
  struct { unsigned char type; u64 rights[2]; } stat;
  for (u32 fd = 0; fd < 3; fd++) {
    if (fd_fdstat_get(fd, &stat)) proc_exit(97);
    print(stat.type == 2 ? "1" : "0");
  }
  print("\n");
}
static void sleep(void) {
  struct { u64 userdata; u64 tag; u64 clock, timeout, precision, flags; } in = {0, 0, 1, 1000000, 0, 0};
  u64 out[4], before[2], after[2];
  u32 ready;
  for (u32 i = 0; i < 2; i++) clock_time_get(i, 1, &before[i]);
  if (poll_oneoff(&in, out, 1, &ready) || ready != 1) proc_exit(96);
  for (u32 i = 0; i < 2; i++) clock_time_get(i, 1, &after[i]);
  line(after[1] - before[1] >= 1000000 && after[0] > before[0] ? "moved" : "stood");
}
static void random(void) {
  unsigned char random[64];
  int different = 0;
  if (random_get(random, sizeof random)) proc_exit(95);
  for (u32 i = 1; i < sizeof random; i++) different |= random[i] != random[0];
  line(different ? "random" : "constant");
}
static u32 number(const char *text) {
  u32 n = 0;
  while (*text) n = n * 10 + (u32)(*text++ - '0');
  return n;
}

__attribute__((export_name("boxwright_malloc"))) void *boxwright_malloc(u32 size) {
  return size < sizeof bytes ? bytes : 0;
}
__attribute__((export_name("boxwright_chdir"))) int boxwright_chdir(const char *path) { return *path != '/'; }

__attribute__((export_name("_start"))) void _start(void) {
  static char environment[8192];
  static char *variables[256];
  u32 count, size, variable_count;
  if (args_sizes_get(&count, &size) || count > 256 || size > sizeof bytes || args_get(argv, bytes)) proc_exit(94);
  if (environ_sizes_get(&variable_count, &size) || variable_count > 256 || environ_get(variables, environment)) proc_exit(93);
  for (u32 i = 1; i < count; i++) {
    const char *command = argv[i];
    if (equal(command, "args")) print_all(count);
    else if (equal(command, "env")) for (u32 j = 0; j < variable_count; j++) line(variables[j]);
    else if (equal(command, "cat")) copy(open(argv[++i], 0, 2), 1);
    else if (equal(command, "write")) {
      u32 fd = open(argv[++i], 9, 64);
      i++;
      put(fd, argv[i], length_of(argv[i]));
      fd_close(fd);
    } else if (equal(command, "echo")) copy(0, 1);
    else if (equal(command, "tty")) print_terminals();
    else if (equal(command, "sleep")) sleep();
    else if (equal(command, "random")) random();
    else if (equal(command, "exit")) proc_exit(number(argv[++i]));
  }
}
