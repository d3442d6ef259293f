/* process.c: see process.h. */
#include "process.h"

#include "../index.h"
#include "../port/port.h"
#include "../vfs/device.h"
#include "../vfs/inode.h"

/* A message is cut off here. */
#define MESSAGE_LIMIT 1024u

struct process process;
static u32 exit_code;

u32 process_exit_code(void) { return exit_code; }

void process_exit(u32 code) {
  exit_code = code;
  port_exit(code);
}

static void say(const void *text, u32 length) {
  const u8 *at = text;
  while (length) {
    i32 written = port_write(2, at, length);
    if (written <= 0) return;
    at += written;
    length -= (u32)written;
  }
}

static u32 put(u8 *line, u32 used, const void *text, u32 length) {
  u32 size = MIN(length, MESSAGE_LIMIT - 1 - used);
  memcpy(line + used, text, size);
  return used + size;
}

void process_fail(u32 code, const char *before, const u8 *middle, u32 middle_length, const char *after) {
  static u8 line[MESSAGE_LIMIT];
  u32 used = put(line, 0, before, (u32)strlen(before));
  used = put(line, used, middle, middle_length);
  used = put(line, used, after, (u32)strlen(after));
  line[used++] = '\n';
  say(line, used);
  process_exit(code);
}

void process_out_of_memory(void) { process_fail(125, "boxwright: out of memory", NULL, 0, ""); }

/* The image's environment, then the host's on top of it. */
static void make_environment(void) {
  const struct superblock *s = index_super();
  struct strings host = {0};
  if (!strings_append(&process.environment, index_string(s->env_offset), s->env_size)) process_out_of_memory();
  process.environment.count = s->env_count;
  if (!port_environment(&host)) process_out_of_memory();
  const u8 *entry = host.bytes;
  for (u32 i = 0; i < host.count; i++) {
    u32 length = strings_length(entry), name = 0;
    while (name < length && entry[name] != '=') name++;
    if (name && name < length &&
        !environment_set(&process.environment, entry, name, entry + name + 1, length - name - 1))
      process_out_of_memory();
    entry += length + 1;
  }
  strings_free(&host);
}

static void make_parameters(void) {
  struct strings host = {0};
  if (!port_arguments(&host)) process_out_of_memory();
  const u8 *entry = host.bytes;
  for (u32 i = 0; i < host.count; i++) {
    u32 length = strings_length(entry);
    if (i && !strings_add(&process.parameters, entry, length)) process_out_of_memory();
    entry += length + 1;
  }
  strings_free(&host);
}

void process_start(void) {
  const char *complaint = index_load();
  if (complaint) process_fail(125, "boxwright: this component is damaged: ", (const u8 *)complaint, (u32)strlen(complaint), "");
  if (!inodes_start() || devices_start()) process_out_of_memory();
  make_parameters();
  make_environment();
  const struct superblock *s = index_super();
  int error = process_chdir(index_string(s->cwd_offset), s->cwd_length);
  if (error)
    process_fail(127, "boxwright: chdir to cwd (\"", index_string(s->cwd_offset), s->cwd_length,
                 error == -ENOENT    ? "\") set in config.json failed: no such file or directory"
                 : error == -EACCES  ? "\") set in config.json failed: permission denied"
                                     : "\") set in config.json failed: not a directory");
  bool given = process.parameters.count > 0;
  u32 size = given ? s->start_args_size : s->start_size;
  if (!size) process_fail(125, "boxwright: no command specified", NULL, 0, "");
  struct strings arguments = {0};
  if (!start_run(index_bytes(given ? s->start_args_offset : s->start_offset), size, &arguments)) process_exit(0);
  process_execute(&arguments);
}
