/*
 * strings.h: a growing list of NUL-terminated strings, as argv and environ are.
 *
 * Contract: the strings lie one after another in `bytes`; zero-initialised is the empty list. Functions return
 * false when memory is exhausted and then leave the list as it was. Pointers into a list die when it changes.
 */
#ifndef BOXWRIGHT_STRINGS_H
#define BOXWRIGHT_STRINGS_H

#include "../abi.h"

struct strings {
  u8 *bytes;
  u32 size, capacity, count;
};

/* Appends raw bytes: the string under construction. strings_end finishes it. */
bool strings_append(struct strings *list, const void *bytes, u32 size);
bool strings_end(struct strings *list);
bool strings_add(struct strings *list, const void *bytes, u32 size);
bool strings_copy(struct strings *to, const struct strings *from);
void strings_free(struct strings *list);
/* The string's start; `index` below count. */
const u8 *strings_at(const struct strings *list, u32 index);
u32 strings_length(const u8 *string);

/* An environment is a list of KEY=value. */
/* The value, or NULL. */
const u8 *environment_get(const struct strings *list, const u8 *name, u32 name_length);
/* Replaces in place, or appends. */
bool environment_set(struct strings *list, const u8 *name, u32 name_length, const u8 *value, u32 value_length);
void environment_unset(struct strings *list, const u8 *name, u32 name_length);

#endif
