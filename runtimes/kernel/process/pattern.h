/*
 * pattern.h: shell patterns (POSIX 2.13.1) over bytes, for ${V#p} and its kin.
 */
#ifndef BOXWRIGHT_PATTERN_H
#define BOXWRIGHT_PATTERN_H

#include "../abi.h"

/* Whether the whole text matches: `*`, `?`, `[set]`, `[!set]`, ranges, classes like [:digit:]; `\` quotes a byte. */
bool pattern_matches(const u8 *pattern, u32 pattern_length, const u8 *text, u32 length);

#endif
