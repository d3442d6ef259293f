/* pattern.c: see pattern.h. Iterative: a star is tried again from its last place only. */
#include "pattern.h"

static bool in_class(const u8 *name, u32 length, u8 c) {
  bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
  bool space = c == ' ' || (c >= '\t' && c <= '\r'), graph = c > ' ' && c < 127;
#define IS(text) (length == sizeof text - 1 && !memcmp(name, text, length))
  if (IS("alpha")) return lower || upper;
  if (IS("digit")) return digit;
  if (IS("alnum")) return lower || upper || digit;
  if (IS("lower")) return lower;
  if (IS("upper")) return upper;
  if (IS("space")) return space;
  if (IS("blank")) return c == ' ' || c == '\t';
  if (IS("punct")) return graph && !lower && !upper && !digit;
  if (IS("graph")) return graph;
  if (IS("print")) return graph || c == ' ';
  if (IS("cntrl")) return c < ' ' || c == 127;
  if (IS("xdigit")) return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
#undef IS
  return false;
}

/* Length of a "[:name:]" at p[at], with its name; 0: there is none. */
static u32 class_length(const u8 *p, u32 at, u32 length) {
  if (at + 1 >= length || p[at] != '[' || p[at + 1] != ':') return 0;
  for (u32 end = at + 2; end + 1 < length; end++)
    if (p[end] == ':' && p[end + 1] == ']') return end + 2 - at;
  return 0;
}

/* p[at] is after '['. Returns the length of the bracket expression with its ']', 0 if it has none. */
static u32 bracket(const u8 *p, u32 at, u32 length, u8 c, bool *matches) {
  u32 start = at;
  bool negated = at < length && (p[at] == '!' || p[at] == '^'), found = false;
  if (negated) at++;
  for (bool first = true; at < length; first = false) {
    if (p[at] == ']' && !first) {
      *matches = found != negated;
      return at + 1 - start;
    }
    u32 class = class_length(p, at, length);
    if (class) {
      found |= in_class(p + at + 2, class - 4, c);
      at += class;
      continue;
    }
    if (p[at] == '\\' && at + 1 < length) at++;
    u8 low = p[at++], high = low;
    if (at + 1 < length && p[at] == '-' && p[at + 1] != ']') {
      at++;
      if (p[at] == '\\' && at + 1 < length) at++;
      high = p[at++];
    }
    found |= c >= low && c <= high;
  }
  return 0;
}

/* Bytes of the pattern's one element at `at` if it matches c, else 0. Not for '*'. */
static u32 element(const u8 *p, u32 at, u32 length, u8 c) {
  bool matches = false;
  switch (p[at]) {
    case '?': return 1;
    case '[': {
      u32 size = bracket(p, at + 1, length, c, &matches);
      if (size) return matches ? size + 1 : 0;
      return c == '[';
    }
    case '\\':
      if (at + 1 < length) return p[at + 1] == c ? 2 : 0;
      return c == '\\';
    default: return p[at] == c;
  }
}

bool pattern_matches(const u8 *p, u32 p_length, const u8 *text, u32 length) {
  u32 at = 0, in = 0, star = 0xffffffffu, star_in = 0;
  while (in < length) {
    u32 size = at < p_length && p[at] != '*' ? element(p, at, p_length, text[in]) : 0;
    if (size) {
      at += size;
      in++;
    } else if (at < p_length && p[at] == '*') {
      star = ++at;
      star_in = in;
    } else if (star != 0xffffffffu) {
      at = star;
      in = ++star_in;
    } else {
      return false;
    }
  }
  while (at < p_length && p[at] == '*') at++;
  return at == p_length;
}
