/* Interned names: a name is a small number, equal names have equal numbers. 0 is no name.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_SYMBOL_H
#define CHARD_COMPILER_SYMBOL_H

#include "base/arena.h"

#include <stddef.h>

typedef int symbol;

struct symbols;

/* An empty table whose memory lies in `a`. */
struct symbols *symbols_create (struct arena *a);

/* The number of a name, made if new. Names that Python takes for the same ("𝜎" is "σ": NFKC, PEP 3131) have the
 * same. */
symbol symbol_of (struct symbols *s, const char *text, size_t len);
symbol symbol_of_str (struct symbols *s, const char *text);

/* The number of a name, normalised already, if it was ever interned, else 0. */
symbol symbol_find (const struct symbols *s, const char *text);

/* The text of a number; "" for 0. Lives as long as the table. */
const char *symbol_text (const struct symbols *s, symbol x);

/* One more than the largest number handed out. */
int symbols_count (const struct symbols *s);

#endif
