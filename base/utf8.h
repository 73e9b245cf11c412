/* Characters in UTF-8 text, and how wide a terminal shows them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_UTF8_H
#define CHARD_BASE_UTF8_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffd

/* Decodes the character at `s` (of `n` > 0 bytes) and tells its length through `len`. A byte that is no valid UTF-8,
 * and a surrogate, yield U+FFFD and a length of 1. */
uint32_t utf8_decode (const char *s, size_t n, size_t *len);

/* A copy of NUL-terminated bytes that is valid UTF-8: U+FFFD stands for each byte that was none. */
char *utf8_repair (struct arena *a, const char *s);

/* Columns of a terminal: 2 for East Asian wide characters and emoji, 0 for combining ones, else 1. */
int utf8_width (uint32_t c);

/* The same of a text. */
size_t utf8_columns (const char *s);

#endif
