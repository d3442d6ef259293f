/* strings.c: see strings.h. */
#include "strings.h"

#include "../memory.h"

static bool reserve(struct strings *list, u32 more) {
  if (list->capacity - list->size >= more) return true;
  if (more > 0x20000000u || list->size > 0x20000000u) return false;
  u32 wanted = MAX(list->capacity * 2, list->size + more);
  wanted = MAX(wanted, 256u);
  u8 *bytes = memory_resize(list->bytes, list->capacity, wanted);
  if (!bytes) return false;
  list->bytes = bytes;
  list->capacity = wanted;
  return true;
}

bool strings_append(struct strings *list, const void *bytes, u32 size) {
  if (!reserve(list, size)) return false;
  memcpy(list->bytes + list->size, bytes, size);
  list->size += size;
  return true;
}

bool strings_end(struct strings *list) {
  if (!strings_append(list, "", 1)) return false;
  list->count++;
  return true;
}

bool strings_add(struct strings *list, const void *bytes, u32 size) {
  if (!reserve(list, size + 1)) return false;
  return strings_append(list, bytes, size) && strings_end(list);
}

bool strings_copy(struct strings *to, const struct strings *from) {
  if (!strings_append(to, from->bytes, from->size)) return false;
  to->count += from->count;
  return true;
}

void strings_free(struct strings *list) {
  memory_give(list->bytes, list->capacity);
  *list = (struct strings){0};
}

u32 strings_length(const u8 *string) { return (u32)strlen((const char *)string); }

const u8 *strings_at(const struct strings *list, u32 index) {
  const u8 *at = list->bytes;
  while (index--) at += strings_length(at) + 1;
  return at;
}

/* Offset of the entry for a name, or `size`. */
static u32 find(const struct strings *list, const u8 *name, u32 name_length) {
  u32 at = 0;
  for (u32 i = 0; i < list->count; i++) {
    const u8 *entry = list->bytes + at;
    u32 length = strings_length(entry);
    if (length > name_length && entry[name_length] == '=' && !memcmp(entry, name, name_length)) return at;
    at += length + 1;
  }
  return list->size;
}

const u8 *environment_get(const struct strings *list, const u8 *name, u32 name_length) {
  u32 at = find(list, name, name_length);
  return at == list->size ? NULL : list->bytes + at + name_length + 1;
}

bool environment_set(struct strings *list, const u8 *name, u32 name_length, const u8 *value, u32 value_length) {
  u32 at = find(list, name, name_length), fresh = name_length + 1 + value_length + 1;
  u32 old = at == list->size ? 0 : strings_length(list->bytes + at) + 1;
  if (!reserve(list, fresh)) return false;
  memmove(list->bytes + at + fresh, list->bytes + at + old, list->size - at - old);
  list->size += fresh - old;
  list->count += !old;
  u8 *entry = list->bytes + at;
  memcpy(entry, name, name_length);
  entry[name_length] = '=';
  memcpy(entry + name_length + 1, value, value_length);
  entry[fresh - 1] = 0;
  return true;
}

void environment_unset(struct strings *list, const u8 *name, u32 name_length) {
  u32 at = find(list, name, name_length);
  if (at == list->size) return;
  u32 old = strings_length(list->bytes + at) + 1;
  memmove(list->bytes + at, list->bytes + at + old, list->size - at - old);
  list->size -= old;
  list->count--;
}
