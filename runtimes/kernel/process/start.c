/*
 * start.c: the start program (docs/index-format.md, "Start program").
 *
 * A program is read with a cursor that stops at its end; a damaged one ends the instance with code 125. Values are
 * expanded into a word under construction, which unquoted blanks split into fields (POSIX 2.6.5, the default IFS).
 */
#include "process.h"

#include "pattern.h"

enum { SETENV = 1, UNSETENV = 2, CHDIR = 3, MKDIR = 4, EXEC = 5 };
enum { LITERAL = 0, VARIABLE = 1, ARGUMENTS = 2 };
enum {
  PLAIN = 0, DEFAULT_EMPTY, DEFAULT_UNSET, OTHER_NONEMPTY, OTHER_SET, ERROR_EMPTY, ERROR_UNSET,
  PREFIX_SHORTEST, PREFIX_LONGEST, SUFFIX_SHORTEST, SUFFIX_LONGEST, LENGTH
};
/* Operands within operands. */
#define DEPTH_LIMIT 32u

struct cursor {
  const u8 *at, *end;
};

/* Finished fields, and one under construction at the end of `list` (from `start`). */
struct fields {
  struct strings list;
  u32 start;
  bool kept;     /* the field exists even if it is empty: something quoted was in it */
  bool split;    /* unquoted values are split */
  bool pattern;  /* the word is a pattern: quoted values are escaped */
};

static NORETURN void damaged(void) { process_fail(125, "boxwright: this component is damaged: malformed start program", NULL, 0, ""); }

static const u8 *take(struct cursor *c, u32 size) {
  if ((u32)(c->end - c->at) < size) damaged();
  const u8 *at = c->at;
  c->at += size;
  return at;
}
static u32 take8(struct cursor *c) { return *take(c, 1); }
static u32 take16(struct cursor *c) {
  const u8 *b = take(c, 2);
  return b[0] | (u32)b[1] << 8;
}
static u32 take32(struct cursor *c) {
  u32 low = take16(c);
  return low | take16(c) << 16;
}

static void append(struct fields *f, const void *bytes, u32 size) {
  if (!strings_append(&f->list, bytes, size)) process_out_of_memory();
}
static void finish_field(struct fields *f) {
  if (f->list.size == f->start && !f->kept) return;
  if (!strings_end(&f->list)) process_out_of_memory();
  f->start = f->list.size;
  f->kept = false;
}

static bool is_blank(u8 c) { return c == ' ' || c == '\t' || c == '\n'; }
static bool is_special(u8 c) { return c == '*' || c == '?' || c == '[' || c == ']' || c == '\\' || c == '-' || c == '!' || c == '^'; }

/* A variable's value (or a length). */
static void append_value(struct fields *f, const u8 *value, u32 length, bool quoted) {
  if (quoted) f->kept = true;
  for (u32 i = 0; i < length; i++) {
    if (f->split && !quoted && is_blank(value[i])) {
      finish_field(f);
      continue;
    }
    if (f->pattern && quoted && is_special(value[i])) append(f, "\\", 1);
    append(f, value + i, 1);
  }
}

static void skip_word(struct cursor *c, u32 depth);
static void expand_word(struct cursor *c, struct fields *f, bool quoted, u32 depth);

static void skip_part(struct cursor *c, u32 depth) {
  switch (take8(c)) {
    case LITERAL: take(c, take32(c)); return;
    case VARIABLE:
      take(c, 2);
      take(c, take16(c));
      skip_word(c, depth + 1);
      return;
    case ARGUMENTS: return;
    default: damaged();
  }
}
static void skip_word(struct cursor *c, u32 depth) {
  if (depth > DEPTH_LIMIT) damaged();
  for (u32 parts = take16(c); parts; parts--) skip_part(c, depth);
}

/* An operand on its own: its one field, NUL-terminated. The caller frees it. */
static struct strings expand_alone(struct cursor *c, bool pattern, u32 depth) {
  struct fields f = {.pattern = pattern, .kept = true};
  expand_word(c, &f, true, depth);
  if (!strings_end(&f.list)) process_out_of_memory();
  return f.list;
}

/* dash: "/bin/sh: 1: NAME: parameter not set", exit code 2. */
static NORETURN void unset_error(struct cursor *c, const u8 *name, u32 length, bool or_null, u32 depth) {
  struct strings message = {0};
  struct strings word = expand_alone(c, false, depth);
  strings_append(&message, name, length);
  strings_append(&message, ": ", 2);
  if (word.size > 1) strings_append(&message, word.bytes, word.size - 1);
  else strings_append(&message, "parameter not set or null", or_null ? 25 : 17);
  process_fail(2, "/bin/sh: 1: ", message.bytes, message.size, "");
}

/* How many bytes of the value remain, from `*start`, after a pattern was taken from one of its ends. */
static u32 without_match(const u8 *value, u32 length, const struct strings *pattern, u32 operator, u32 *start) {
  u32 size = pattern->size - 1;
  bool prefix = operator == PREFIX_SHORTEST || operator == PREFIX_LONGEST;
  bool longest = operator == PREFIX_LONGEST || operator == SUFFIX_LONGEST;
  *start = 0;
  for (u32 i = 0; i <= length; i++) {
    u32 taken = longest ? length - i : i;
    const u8 *from = prefix ? value : value + length - taken;
    if (!pattern_matches(pattern->bytes, size, from, taken)) continue;
    if (prefix) *start = taken;
    return length - taken;
  }
  return length;
}

static void append_decimal(struct fields *f, u32 number, bool quoted) {
  u8 digits[10];
  u32 at = sizeof digits;
  do digits[--at] = (u8)('0' + number % 10);
  while (number /= 10);
  append_value(f, digits + at, (u32)sizeof digits - at, quoted);
}

static void expand_variable(struct cursor *c, struct fields *f, bool within_quotes, u32 depth) {
  bool quoted = take8(c) || within_quotes;
  u32 operator = take8(c), name_length = take16(c);
  const u8 *name = take(c, name_length);
  const u8 *value = environment_get(&process.environment, name, name_length);
  u32 length = value ? strings_length(value) : 0;
  bool present = value && (length || operator == DEFAULT_UNSET || operator == OTHER_SET || operator == ERROR_UNSET);
  if (quoted) f->kept = true;
  switch (operator) {
    case PLAIN: skip_word(c, depth); break;
    case LENGTH:
      skip_word(c, depth);
      append_decimal(f, length, quoted);
      return;
    case DEFAULT_EMPTY: case DEFAULT_UNSET:
      if (!present) {
        expand_word(c, f, quoted, depth);
        return;
      }
      skip_word(c, depth);
      break;
    case OTHER_NONEMPTY: case OTHER_SET:
      if (present) expand_word(c, f, quoted, depth);
      else skip_word(c, depth);
      return;
    case ERROR_EMPTY: case ERROR_UNSET:
      if (!present) unset_error(c, name, name_length, operator == ERROR_EMPTY, depth);
      skip_word(c, depth);
      break;
    case PREFIX_SHORTEST: case PREFIX_LONGEST: case SUFFIX_SHORTEST: case SUFFIX_LONGEST: {
      struct strings pattern = expand_alone(c, true, depth);
      u32 start;
      length = without_match(value, length, &pattern, operator, &start);
      value += start;
      strings_free(&pattern);
      break;
    }
    default: damaged();
  }
  append_value(f, value, length, quoted);
}

/* "$@": every argument is a field of its own. */
static void expand_arguments(struct fields *f) {
  const u8 *at = process.parameters.bytes;
  for (u32 i = 0; i < process.parameters.count; i++) {
    u32 length = strings_length(at);
    append(f, at, length);
    f->kept = true;
    finish_field(f);
    at += length + 1;
  }
}

static void expand_word(struct cursor *c, struct fields *f, bool quoted, u32 depth) {
  if (depth > DEPTH_LIMIT) damaged();
  for (u32 parts = take16(c); parts; parts--) {
    switch (take8(c)) {
      case LITERAL: {
        u32 length = take32(c);
        append(f, take(c, length), length);
        f->kept = true;
        break;
      }
      /* The parts of an operand have quotes of their own; a quoted parameter quotes them all. */
      case VARIABLE: expand_variable(c, f, quoted && !f->pattern, depth + 1); break;
      case ARGUMENTS: expand_arguments(f); break;
      default: damaged();
    }
  }
}

/* A word that is one string whatever is in it: SETENV, CHDIR, MKDIR. */
static struct strings single(struct cursor *c) {
  struct fields f = {.kept = true};
  expand_word(c, &f, false, 0);
  if (!strings_end(&f.list)) process_out_of_memory();
  return f.list;
}

static void set_variable(const struct strings *name, const struct strings *value) {
  if (!environment_set(&process.environment, name->bytes, name->size - 1, value->bytes, value->size - 1))
    process_out_of_memory();
}

/* As the shell's cd, which also exports PWD and OLDPWD. */
static void change_directory(const struct strings *to) {
  struct strings old = {0}, *e = &process.environment;
  if (!strings_add(&old, process.cwd, process.cwd_length)) process_out_of_memory();
  if (process_chdir(to->bytes, to->size - 1)) process_fail(2, "/bin/sh: 1: cd: can't cd to ", to->bytes, to->size - 1, "");
  if (!environment_set(e, (const u8 *)"OLDPWD", 6, old.bytes, old.size - 1) ||
      !environment_set(e, (const u8 *)"PWD", 3, process.cwd, process.cwd_length))
    process_out_of_memory();
  strings_free(&old);
}

static void make_directories(const struct strings *path) {
  int error = process_make_directories(path->bytes, path->size - 1);
  if (!error) return;
  const char *why = error == -EACCES   ? "': Permission denied"
                    : error == -EEXIST ? "': File exists"
                    : error == -ENOENT ? "': No such file or directory"
                    : error == -ENOTDIR ? "': Not a directory"
                                        : "': No space left on device";
  process_fail(1, "mkdir: cannot create directory '", path->bytes, path->size - 1, why);
}

static void run_operation(struct cursor *c, u32 opcode, u32 words) {
  if (opcode == SETENV ? words != 2 : words != 1) damaged();
  struct strings first = single(c);
  struct strings second = {0};
  switch (opcode) {
    case SETENV:
      second = single(c);
      set_variable(&first, &second);
      break;
    case UNSETENV: environment_unset(&process.environment, first.bytes, first.size - 1); break;
    case CHDIR: change_directory(&first); break;
    case MKDIR: make_directories(&first); break;
    default: damaged();
  }
  strings_free(&first);
  strings_free(&second);
}

bool start_run(const u8 *program, u32 size, struct strings *arguments) {
  struct cursor c = {program, program + size};
  while (c.at < c.end) {
    u32 opcode = take8(&c), words = take16(&c);
    if (opcode != EXEC) {
      run_operation(&c, opcode, words);
      continue;
    }
    struct fields f = {.split = true};
    for (; words; words--) {
      expand_word(&c, &f, false, 0);
      finish_field(&f);
    }
    *arguments = f.list;
    return f.list.count > 0;
  }
  return false;
}
