/* env.c: see env.h. Behaviour and messages are those of GNU env 9 (coreutils manual, "env invocation"). */
#include "env.h"

#include "../port/port.h"
#include "process.h"

static NORETURN void usage(const char *before, const u8 *what, u32 length, const char *after) {
  process_fail(125, before, what, length, after);
}

static void check(bool done) {
  if (!done) process_out_of_memory();
}

static u8 escaped(u8 c) {
  switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'f': return '\f';
    case 'v': return '\v';
    case '_': return ' ';
    case '#': case '$': case '"': case '\'': case '\\': return c;
    default: usage("env: invalid sequence '\\", &c, 1, "' in -S");
  }
}

static bool is_name(u8 c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "${NAME}" at text[at]; returns the bytes it takes. */
static u32 split_variable(const u8 *text, u32 at, struct strings *into) {
  u32 end = at + 2;
  if (text[at + 1] == '{')
    while (is_name(text[end])) end++;
  if (text[at + 1] != '{' || end == at + 2 || text[end] != '}')
    usage("env: only ${VARNAME} expansion is supported, error at: ", text + at, strings_length(text + at), "");
  const u8 *value = environment_get(&process.environment, text + at + 2, end - at - 2);
  if (value) check(strings_append(into, value, strings_length(value)));
  return end + 1 - at;
}

/* The words of -S's argument, appended to `into`. */
static void split_string(const u8 *text, struct strings *into) {
  u8 quote = 0;
  bool in_word = false;
  for (u32 at = 0; text[at];) {
    u8 c = text[at];
    if (!quote && (c == ' ' || (c >= '\t' && c <= '\r'))) {
      if (in_word) check(strings_end(into));
      in_word = false;
      at++;
      continue;
    }
    if (!quote && !in_word && c == '#') break;
    if (c == '\\' && !quote && text[at + 1] == 'c') break;
    if (c == '\\' && text[at + 1] == '_' && !quote) { /* a separator outside of quotes */
      if (in_word) check(strings_end(into));
      in_word = false;
      at += 2;
      continue;
    }
    in_word = true;
    if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? 0 : c;
      at++;
    } else if (c == '\\' && (quote != '\'' || text[at + 1] == '\'' || text[at + 1] == '\\')) {
      if (!text[at + 1]) usage("env: invalid backslash at end of string in -S", NULL, 0, "");
      u8 byte = escaped(text[at + 1]);
      check(strings_append(into, &byte, 1));
      at += 2;
    } else if (c == '$' && quote != '\'') {
      at += split_variable(text, at, into);
    } else {
      check(strings_append(into, &c, 1));
      at++;
    }
  }
  if (quote) usage("env: no terminating quote in -S string", NULL, 0, "");
  if (in_word) check(strings_end(into));
}

/* The arguments that are still to be read. */
struct reader {
  struct strings list;
  const u8 *at;
  u32 left;
};

static const u8 *next(struct reader *r) {
  const u8 *argument = r->at;
  r->at += strings_length(argument) + 1;
  r->left--;
  return argument;
}

/* An option's value: the rest of its argument, or the next one. */
static const u8 *option_value(struct reader *r, const u8 *rest, u8 option) {
  if (*rest) return rest;
  if (!r->left) usage("env: option requires an argument -- '", &option, 1, "'");
  return next(r);
}

/* The remaining arguments become those of -S's string and what follows. */
static void splice(struct reader *r, const u8 *text) {
  struct strings fresh = {0};
  split_string(text, &fresh);
  check(strings_append(&fresh, r->at, (u32)(r->list.bytes + r->list.size - r->at)));
  fresh.count += r->left;
  strings_free(&r->list);
  *r = (struct reader){fresh, fresh.bytes, fresh.count};
}

static void unset(const u8 *name) {
  u32 length = strings_length(name);
  for (u32 i = 0; i < length; i++)
    if (name[i] == '=') length = 0;
  if (!length) usage("env: cannot unset '", name, strings_length(name), "': Invalid argument");
  environment_unset(&process.environment, name, length);
}

static void clear(void) { strings_free(&process.environment); }

static const u8 *after_prefix(const u8 *argument, const char *prefix) {
  u32 length = (u32)strlen(prefix);
  return strings_length(argument) >= length && !memcmp(argument, prefix, length) ? argument + length : NULL;
}

static void long_option(struct reader *r, const u8 *argument) {
  const u8 *value;
  if (after_prefix(argument, "--ignore-environment") && argument[20] == 0) clear();
  else if ((value = after_prefix(argument, "--unset="))) unset(value);
  else if ((value = after_prefix(argument, "--split-string="))) splice(r, value);
  else usage("env: unrecognized option '", argument, strings_length(argument), "'");
}

static void short_options(struct reader *r, const u8 *letters) {
  for (; *letters; letters++) {
    switch (*letters) {
      case 'i': clear(); break;
      case 'u': unset(option_value(r, letters + 1, 'u')); return;
      case 'S': splice(r, option_value(r, letters + 1, 'S')); return;
      default: usage("env: invalid option -- '", letters, 1, "'");
    }
  }
}

static void read_options(struct reader *r) {
  while (r->left && r->at[0] == '-') {
    const u8 *argument = next(r);
    if (!argument[1]) clear();
    else if (argument[1] == '-' && !argument[2]) return;
    else if (argument[1] == '-') long_option(r, argument);
    else short_options(r, argument + 1);
  }
}

static void read_assignments(struct reader *r) {
  while (r->left) {
    u32 name = 0, length = strings_length(r->at);
    while (name < length && r->at[name] != '=') name++;
    if (name == length) return;
    check(environment_set(&process.environment, r->at, name, r->at + name + 1, length - name - 1));
    next(r);
  }
}

static NORETURN void print_environment(void) {
  struct strings *e = &process.environment;
  u32 done = 0;
  for (u32 i = 0; i < e->size; i++)
    if (!e->bytes[i]) e->bytes[i] = '\n';
  while (done < e->size) {
    i32 written = port_write(1, e->bytes + done, e->size - done);
    if (written <= 0) process_exit(125);
    done += (u32)written;
  }
  process_exit(0);
}

void env_apply(struct strings *arguments) {
  struct reader r = {*arguments, arguments->bytes, arguments->count};
  next(&r);
  read_options(&r);
  read_assignments(&r);
  if (!r.left) print_environment();
  struct strings rest = {0};
  check(strings_append(&rest, r.at, (u32)(r.list.bytes + r.list.size - r.at)));
  rest.count = r.left;
  strings_free(&r.list);
  *arguments = rest;
}

void env_cannot_execute(int error, const u8 *name, u32 length) {
  if (error == -ENOENT) process_fail(127, "env: '", name, length, "': No such file or directory");
  if (error == -ENOTDIR) process_fail(126, "env: '", name, length, "': Not a directory");
  process_fail(126, "env: '", name, length, "': Permission denied");
}
