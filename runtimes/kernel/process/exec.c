/*
 * exec.c: what execve(2), and execvp before it, make of argv, as far as a component with one program can.
 *
 * A script's interpreter takes its place (up to 4 times, as Linux does); `env` takes its own arguments away; the
 * guest's stand-in ends the search. Everything else ends the instance: 127 not found, 126 cannot be executed.
 */
#include "process.h"

#include "../index.h"
#include "../port/port.h"
#include "../vfs/data.h"
#include "../vfs/vfs.h"
#include "env.h"

#define INTERPRETER_LIMIT 4u
/* Linux's BINPRM_BUF_SIZE: what it reads of a file to find out what it is. */
#define HEAD_SIZE 256u

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static u8 candidate[PATH_LIMIT];

/* 0, or why the file cannot be executed. */
static int check_executable(const u8 *path, u32 length, u32 *ino) {
  u32 base;
  int error = process_cwd(&base);
  if (!error) error = vfs_find((struct path){base, path, length}, true, ino);
  if (error) return error;
  const struct inode *n = inode_get(*ino);
  if (is_directory(n)) return -EISDIR;
  if (!is_file(n)) return -EACCES;
  return inode_permission(n, MAY_EXECUTE);
}

static bool has_slash(const u8 *name) {
  while (*name && *name != '/') name++;
  return *name;
}

/* Looks along PATH as execvp does: what may not be executed is passed over, but remembered. */
static int search_path(const u8 *name, u32 length, u32 *path_length, u32 *ino) {
  const u8 *path = environment_get(&process.environment, (const u8 *)"PATH", 4);
  if (!path) path = (const u8 *)default_path;
  int result = -ENOENT;
  for (;;) {
    u32 directory = 0;
    while (path[directory] && path[directory] != ':') directory++;
    if (directory + 1 + length < sizeof candidate) {
      memcpy(candidate, path, directory);
      u32 used = directory;
      if (directory && candidate[directory - 1] != '/') candidate[used++] = '/';
      memcpy(candidate + used, name, length);
      int error = check_executable(candidate, used + length, ino);
      *path_length = used + length;
      if (!error) return 0;
      if (error == -EACCES) result = -EACCES;
    }
    if (!path[directory]) return result;
    path += directory + 1;
  }
}

/* Finds the program and puts its path in `candidate`. */
static int find_program(const u8 *name, u32 length, u32 *path_length, u32 *ino) {
  if (!length) return -ENOENT;
  if (!has_slash(name)) return search_path(name, length, path_length, ino);
  if (length >= sizeof candidate) return -ENAMETOOLONG;
  memcpy(candidate, name, length);
  *path_length = length;
  return check_executable(candidate, length, ino);
}

static const char *reason(int error, bool searched) {
  switch (error) {
    case -ENOENT: return searched ? "\": executable file not found in $PATH" : "\": no such file or directory";
    case -ENOTDIR: return "\": not a directory";
    case -EISDIR: return "\": is a directory";
    case -EACCES: return "\": permission denied";
    case -ELOOP: return "\": too many levels of symbolic links";
    case -ENAMETOOLONG: return "\": file name too long";
    default: return "\": exec format error: the only program that this component can execute is its runtime";
  }
}

static NORETURN void fail(int error, const u8 *name, u32 length) {
  bool missing = error == -ENOENT || error == -ENOTDIR;
  process_fail(missing ? 127 : 126, "boxwright: exec: \"", name, length, reason(error, !has_slash(name)));
}

static bool is_blank(u8 c) { return c == ' ' || c == '\t'; }

/*
 * The interpreter line: after "#!", blanks, a path, blanks, at most one argument up to the line's end, without the
 * blanks at its end (fs/binfmt_script.c). False: there is none.
 */
static bool read_shebang(const struct inode *n, struct strings *interpreter) {
  u8 head[HEAD_SIZE];
  u32 size = data_read_kernel(n, 0, head, sizeof head), at = 2, end = 2;
  if (size < 2 || head[0] != '#' || head[1] != '!') return false;
  while (end < size && head[end] != '\n' && head[end]) end++;
  while (at < end && is_blank(head[at])) at++;
  while (end > at && is_blank(head[end - 1])) end--;
  u32 start = at;
  while (at < end && !is_blank(head[at])) at++;
  if (at == start) return false;
  /* The path itself was cut off. */
  if (at == HEAD_SIZE) return false;
  if (!strings_add(interpreter, head + start, at - start)) process_out_of_memory();
  while (at < end && is_blank(head[at])) at++;
  if (at < end && !strings_add(interpreter, head + at, end - at)) process_out_of_memory();
  return true;
}

/* Replaces argv[0] with the interpreter, its argument, and the script's path. */
static void use_interpreter(struct strings *arguments, struct strings *interpreter, u32 path_length) {
  u32 first = strings_length(arguments->bytes) + 1;
  if (!strings_add(interpreter, candidate, path_length) ||
      !strings_append(interpreter, arguments->bytes + first, arguments->size - first))
    process_out_of_memory();
  interpreter->count += arguments->count - 1;
  strings_free(arguments);
  *arguments = *interpreter;
}

void process_execute(struct strings *arguments) {
  u32 scripts = 0;
  bool from_env = false;
  for (;;) {
    u32 ino, path_length = 0;
    const u8 *name = arguments->bytes;
    u32 length = strings_length(name);
    int error = find_program(name, length, &path_length, &ino);
    if (error && from_env) env_cannot_execute(error, name, length);
    if (error) fail(error, name, length);
    const struct inode *n = inode_get(ino);
    if (n->file.role == ROLE_GUEST) break;
    if (n->file.role == ROLE_ENV) {
      env_apply(arguments);
      from_env = true;
      continue;
    }
    struct strings interpreter = {0};
    if (!read_shebang(n, &interpreter)) fail(-ENOEXEC, name, length);
    if (++scripts > INTERPRETER_LIMIT) fail(-ELOOP, name, length);
    use_interpreter(arguments, &interpreter, path_length);
    from_env = false;
  }
  process.arguments = *arguments;
}
